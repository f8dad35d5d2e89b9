/** The charts in a real browser. */
import axe from 'axe-core';
import { describe, expect, it } from 'vitest';
import { browser } from './timelineBrowser.ts';
import { TimelinePage, withPage } from './timelinePage.ts';
import { bigRun, hostileRun, makeReport, reactRun } from '../fixtures/timelineDocuments.ts';
import type { Locator, Page } from 'playwright-core';

const run = reactRun();
const card = (page: Page, title: string): Locator => page.locator('.chart-card', { has: page.locator('h2', { hasText: title }) });
const tooltip = (page: Page): Locator => page.locator('.charts-view .tooltip:not(.hidden)');

async function open(timeline: TimelinePage): Promise<void> {
  await timeline.page.keyboard.press('4');
  await expect.poll(() => timeline.page.locator('.chart-card').count()).toBe(4);
  await timeline.settled();
}

/** A place in a chart, by shares of its drawing. */
async function place(chart: Locator, x: number, y: number): Promise<{ x: number; y: number }> {
  const canvas = chart.locator('canvas[role=img]');
  await canvas.scrollIntoViewIfNeeded();
  const box = await canvas.boundingBox();
  if (box === null) throw new Error('the chart is not shown');
  return { x: box.x + box.width * x, y: box.y + box.height * y };
}

describe('the charts', () => {
  it('tell on hover what a bar is, and select its call by a click', async () => {
    await withPage(TimelinePage.hosted(browser, 'tab'), async (timeline) => {
      const { page } = timeline;
      await timeline.send({ type: 'document', document: run });
      await timeline.ready();
      await open(timeline);
      const first = await place(card(page, 'Tokens by role'), 0.2, 0.5);
      await page.mouse.move(first.x, first.y);
      expect(await tooltip(page).innerText()).toMatch(/^call 1\ninstruction\n410\nuser\n28\n/);
      await page.mouse.click(first.x, first.y);
      expect((await timeline.waitForPost('selected')).span).toBe('call-1-1');
      expect(await timeline.details()).toContain('Model call');
      const cache = await place(card(page, 'Cache hits'), 0.95, 0.5);
      await page.mouse.click(cache.x, cache.y);
      await expect.poll(async () => (await timeline.waitForPost('selected')).span).toBe('call-3-3');
    });
  });

  it('are read by keyboard, and have a table to read instead', async () => {
    await withPage(TimelinePage.hosted(browser, 'tab'), async (timeline) => {
      const { page } = timeline;
      await timeline.send({ type: 'document', document: run });
      await timeline.ready();
      await open(timeline);
      const said = page.locator('[aria-live=polite]');
      const growth = card(page, 'Context growth');
      await growth.locator('canvas[role=img]').focus();
      await page.keyboard.press('ArrowRight');
      await page.keyboard.press('ArrowRight');
      expect(await said.textContent()).toMatch(/^call 2, Which magazine.* 1\.\dk$/);
      await page.keyboard.press('ArrowDown');
      expect(await said.textContent()).toMatch(/^call 5, Were Scott/);
      expect(await tooltip(page).innerText()).toContain('call 5');
      await page.keyboard.press('Enter');
      expect((await timeline.waitForPost('selected')).span).toBe('call-2-2');
      await page.keyboard.press('Escape');
      await expect.poll(async () => (await timeline.waitForPost('selected')).span).toBeNull();
      const latency = card(page, 'Latency');
      expect(await latency.locator('canvas[role=img]').getAttribute('aria-label')).toMatch(/^Latency, .*half took no longer than/);
      await latency.locator('summary').click();
      expect(await latency.locator('thead th').allTextContents()).toEqual(['of the calls', 'model calls', 'first token', 'tools']);
      expect(await latency.locator('tbody tr').count()).toBe(8);
    });
  });

  it('say what is missing, and show only what the search has found', async () => {
    await withPage(TimelinePage.exported(browser, { report: makeReport(run.report.spans.filter(({ kind }) => kind !== 'llm'), run.report.totals.wallMs), gpu: [] }), async (timeline) => {
      const { page } = timeline;
      await open(timeline);
      expect(await page.locator('.chart-missing:visible').allTextContents()).toEqual(['No call to a model is shown.', 'No call to a model is shown.', 'No call to a model is shown.']);
      expect(await card(page, 'Latency').locator('canvas[role=img]').isVisible()).toBe(true);
      await page.locator('.search input').fill('tool:nothing');
      await expect.poll(() => page.locator('.chart-missing:visible').count()).toBe(4);
    });
  });

  it('draw a run of very many calls, hostile names as text, and another theme at once', async () => {
    await withPage(TimelinePage.exported(browser, bigRun(20_000)), async (timeline) => {
      await open(timeline);
      expect(await card(timeline.page, 'Context growth').locator('p').first().innerText()).toContain('The 8 conversations of the most calls');
    });
    await withPage(TimelinePage.hosted(browser, 'tab'), async (timeline) => {
      const { page } = timeline;
      await timeline.send({ type: 'document', document: hostileRun() });
      await timeline.ready();
      await open(timeline);
      expect(await page.evaluate('window.pwned')).toBeUndefined();
      await timeline.send({ type: 'document', document: run });
      const pixels = "document.querySelector('.chart-card canvas[role=img]').toDataURL()";
      await expect.poll(() => card(page, 'Tokens by role').locator('.chart-legend li').count()).toBe(5);
      const dark = await page.evaluate(pixels);
      await timeline.theme('vscode-light');
      await expect.poll(() => page.evaluate(pixels)).not.toBe(dark);
    });
  });

  it.each(['dark', 'light', 'contrast'] as const)('have nothing serious for axe in the %s theme, and a picture', async (theme) => {
    const options = theme === 'contrast' ? { contrast: 'more' as const } : { colorScheme: theme };
    await withPage(TimelinePage.exported(browser, run, { ...options, viewport: { width: 1180, height: 900 } }), async (timeline) => {
      const { page } = timeline;
      await open(timeline);
      const first = await place(card(page, 'Tokens by role'), 0.3, 0.5);
      await page.mouse.click(first.x, first.y);
      await timeline.screenshot(`charts-${theme}`);
      await page.evaluate(axe.source);
      const found: { id: string; impact: string; nodes: string[] }[] = await page.evaluate(
        "axe.run(document).then((result) => result.violations.map(({ id, impact, nodes }) => ({ id, impact, nodes: nodes.map((node) => (node.target.join(' ') + ' ' + node.failureSummary).slice(0, 400)) })))",
      );
      expect(found.filter(({ impact }) => impact === 'serious' || impact === 'critical')).toEqual([]);
    });
  });
});
