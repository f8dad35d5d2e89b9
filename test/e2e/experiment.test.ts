/** The experiment view in a real browser, as the editor hosts it. */
import axe from 'axe-core';
import { afterAll, beforeAll, beforeEach, afterEach, describe, expect, it } from 'vitest';
import type { Browser } from 'playwright-core';
import { Lab } from '../../src/experiments/lab.ts';
import { EXPERIMENTS } from '../../src/experiments/registry.ts';
import type { Result } from '../../src/experiments/report/grouped.ts';
import type { ToExperiment } from '../../src/protocol/experiment.ts';
import { launchBrowser } from './browser.ts';
import { ExperimentPage, type ThemeKind } from './experimentPage.ts';
import { webviewBundle } from './watchedPage.ts';

let browser: Browser;
let results: Result[];
beforeAll(async () => {
  browser = await launchBrowser();
  await webviewBundle('experiment');
  const lab = new Lab({ requests: 10, repeats: 2 });
  results = EXPERIMENTS.filter(({ id }) => ['fig4', 'fig5', 'fig7', 'fig14'].includes(id)).map(({ run, ...experiment }) => ({ experiment, findings: run(lab) }));
});
afterAll(async () => {
  await browser.close();
});

let view: ExperimentPage;
beforeEach(async () => {
  view = await ExperimentPage.open(browser);
});
afterEach(async () => {
  expect(view.trouble).toEqual([]);
  expect(view.requests.filter((url) => !url.startsWith('file:'))).toEqual([]);
  await view.close();
});

const show = (of: Result[], progress: Extract<ToExperiment, { type: 'show' }>['progress'] = null): ToExperiment => ({ type: 'show', title: 'The paper’s figures, simulated', settings: '10 requests a run.', results: of, progress });
const shownFigure = () => view.page.locator('article h2').textContent();

describe('the experiment view', () => {
  it('asks for what is to be shown, and says so until it comes', async () => {
    expect(await view.posted()).toEqual([{ type: 'ready' }]);
    expect(await view.page.locator('.state').textContent()).toContain('Waiting');
    await view.send({ type: 'empty', message: 'No experiment is shown', detail: 'Choose one.' });
    expect(await view.page.locator('.state').textContent()).toBe('No experiment is shownChoose one.');
  });

  it('shows the first figure’s charts with what they say in words, its table and notes', async () => {
    await view.send(show(results));
    expect(await shownFigure()).toBe('Fig 4: calls per request');
    const chart = results[0]!.findings.charts[0]!;
    expect(await view.page.locator('canvas').getAttribute('aria-label')).toContain(chart.title);
    expect((await view.coloursOf())[0]).toBeGreaterThan(10);
    expect(await view.page.locator('tbody tr').count()).toBe(results[0]!.findings.rows.length);
    expect(await view.page.locator('tbody tr').first().textContent()).toMatch(/^CoT, meancalls of the model per request110\.0 %fitted$/);
    expect(await view.page.locator('article').textContent()).toContain('LATS makes more calls than any other agent, on each benchmark: yes');
  });

  it('is gone through by keys, and comes back to the figure that was chosen', async () => {
    await view.send(show(results));
    await view.page.locator('nav button').first().focus();
    await view.page.keyboard.press('ArrowDown');
    expect(await shownFigure()).toMatch(/^Fig 5/);
    await view.page.keyboard.press('End');
    expect(await shownFigure()).toMatch(/^Fig 14/);
    expect(await view.page.locator('nav [aria-current=true]').textContent()).toMatch(/^Fig 14/);
    await view.page.keyboard.press('Tab');
    expect(await view.page.evaluate('document.activeElement.getAttribute("role")')).toBe('region');
    await view.page.reload();
    await view.send(show(results));
    expect(await shownFigure()).toMatch(/^Fig 14/);
  });

  it('tells a value beside it when it is pointed at', async () => {
    const [first] = structuredClone(results);
    const [chart] = first!.findings.charts;
    first!.findings.charts = [{ ...chart!, x: { title: '', names: ['one'] }, y: { ...chart!.y, scale: 'linear' }, series: [{ ...chart!.series[0]!, points: [{ x: 0, y: 50, margin: 2, label: null }] }] }];
    await view.send(show([first!]));
    const box = (await view.page.locator('canvas').boundingBox())!;
    const middle = { x: box.x + box.width / 2, y: box.y + box.height / 2 };
    // A bar is 42 pixels wide: these are left and right of it.
    const clip = (x: number) => view.page.screenshot({ clip: { x, y: box.y, width: 200, height: box.height } });
    const beside = async () => Buffer.concat([await clip(middle.x - 260), await clip(middle.x + 80)]);
    const before = await beside();
    // The axis is left of the drawing, whose middle is so many pixels right of the canvas'.
    await view.page.mouse.move(middle.x + 29, middle.y);
    await expect.poll(async () => (await beside()).equals(before)).toBe(false);
  });

  it('shows what is done while the rest runs, and can be told to stop', async () => {
    await view.send(show([], { doing: 'Fig 4', done: 0, total: 3 }));
    expect(await view.page.locator('.state').textContent()).toContain('The first figure will be seen here');
    await view.send(show(results.slice(0, 1), { doing: 'Fig 5', done: 1, total: 3 }));
    expect(await shownFigure()).toMatch(/^Fig 4/);
    expect(await view.page.locator('.progress').textContent()).toContain('Fig 5, 1 of 3 done');
    expect(await view.page.evaluate('document.querySelector("progress").value')).toBe(1);
    await view.page.evaluate("document.querySelector('article').scrollTop = 100");
    await view.send(show(results.slice(0, 2), { doing: 'Fig 7', done: 2, total: 3 }));
    expect(await view.page.evaluate("document.querySelector('article').scrollTop"), 'what is read stays where it is').toBe(100);
    await view.page.locator('vscode-button', { hasText: 'Cancel' }).click();
    expect(await view.posted()).toContainEqual({ type: 'cancel' });
    await view.send(show(results.slice(0, 2)));
    expect(await view.page.locator('vscode-button', { hasText: 'Cancel' }).count()).toBe(0);
    await view.page.locator('vscode-button', { hasText: 'Save' }).click();
    await view.page.locator('vscode-button', { hasText: 'Open' }).click();
    expect(await view.posted()).toEqual(expect.arrayContaining([{ type: 'save' }, { type: 'choose' }]));
  });

  it('takes texts of a file as texts', async () => {
    const hostile = '<img src=x onerror=globalThis.hacked=1>';
    const [first] = structuredClone(results);
    const { experiment, findings } = first!;
    experiment.title = hostile;
    findings.rows[0]!.series = hostile;
    findings.notes = [hostile];
    findings.directions = [{ says: hostile, holds: false }];
    findings.charts[0]!.title = hostile;
    await view.send(show([first!]));
    expect(await view.page.evaluate('globalThis.hacked')).toBeUndefined();
    expect(await view.page.locator('img').count()).toBe(0);
    expect(await shownFigure()).toContain(hostile);
  });

  it.each<[ThemeKind, string]>([
    ['vscode-dark', 'dark'],
    ['vscode-light', 'light'],
    ['vscode-high-contrast', 'high-contrast'],
    ['vscode-high-contrast-light', 'high-contrast-light'],
  ])('in %s is drawn, and nothing in it is a barrier', async (kind, name) => {
    await view.theme(kind);
    await view.send(show(results, { doing: 'Fig 9', done: 4, total: 16 }));
    await view.page.locator('nav button', { hasText: 'Fig 5' }).click();
    await view.screenshot(name);
    await view.page.evaluate(axe.source);
    const { violations } = await view.page.evaluate<{ violations: { id: string; nodes: { html: string }[] }[] }>('axe.run(document, { resultTypes: ["violations"] })');
    expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(' | ')}`)).toEqual([]);
  });

  it('draws anew when the theme changes', async () => {
    await view.send(show(results.slice(0, 1)));
    const dark = await view.page.locator('canvas').screenshot();
    await view.theme('vscode-light');
    expect((await view.page.locator('canvas').screenshot()).equals(dark)).toBe(false);
  });
});

describe('its bundle', () => {
  it('stays small', async () => {
    expect((await webviewBundle('experiment')).length).toBeLessThan(400_000);
  });
});
