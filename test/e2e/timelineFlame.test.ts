/** The flame graph in a real browser. */
import axe from 'axe-core';
import { describe, expect, it } from 'vitest';
import { browser } from './timelineBrowser.ts';
import { TimelinePage, withPage } from './timelinePage.ts';
import { bigRun, hostileRun, makeReport, makeSpan, reactRun } from '../fixtures/timelineDocuments.ts';
import type { Page } from 'playwright-core';

const run = reactRun();
const ROW = 21;
const crumbs = (page: Page): Promise<string> => page.locator('.crumbs').innerText();
const chosen = (page: Page): Promise<string> => page.locator('.flame [role=treeitem][aria-selected=true]').innerText();
const tooltip = (page: Page): Promise<string> => page.locator('.flame-view .tooltip').innerText();

/** A place in the drawing: a share of its width, in a row. */
async function at(page: Page, share: number, row: number): Promise<{ x: number; y: number }> {
  const box = await page.locator('.flame-scroller').boundingBox();
  if (box === null) throw new Error('the flame graph is not shown');
  return { x: box.x + box.width * share, y: box.y + row * ROW + 10 };
}

async function open(timeline: TimelinePage): Promise<void> {
  await timeline.page.keyboard.press('2');
  await expect.poll(() => timeline.page.locator('.flame').isVisible()).toBe(true);
  await timeline.settled();
}

describe('the flame graph', () => {
  it('tells on hover what a part took, goes in by a click and back by crumb, Escape and double click', async () => {
    await withPage(TimelinePage.exported(browser, run), async (timeline) => {
      const { page } = timeline;
      await open(timeline);
      const think = await at(page, 0.1, 3);
      await page.mouse.move(think.x, think.y);
      expect(await tooltip(page)).toMatch(/think agent\.ts:57[^]*time\s*14\.\d s · 67 %[^]*on the line itself\s*14\.\d s[^]*tokens\s*14k tokens[^]*9 calls/);
      await page.mouse.click(think.x, think.y);
      expect(await crumbs(page)).toBe('all › main agent.ts:131 › solve agent.ts:88 › think agent.ts:57');
      expect(await timeline.details()).toContain('Model call');
      await page.keyboard.press('Escape');
      expect(await crumbs(page)).toBe('all › main agent.ts:131 › solve agent.ts:88');
      await page.locator('.crumbs button', { hasText: 'all' }).click();
      expect(await crumbs(page)).toBe('all');
      const main = await at(page, 0.1, 1);
      await page.mouse.click(main.x, main.y);
      expect(await crumbs(page)).toBe('all › main agent.ts:131');
      await page.mouse.dblclick(main.x, main.y);
      expect(await crumbs(page)).toBe('all');
    });
  });

  it('goes from part to part by keyboard, selects its spans everywhere, and opens its line', async () => {
    await withPage(TimelinePage.hosted(browser, 'tab'), async (timeline) => {
      const { page } = timeline;
      await timeline.send({ type: 'document', document: run });
      await timeline.ready();
      await open(timeline);
      for (const key of ['ArrowDown', 'ArrowDown', 'ArrowDown']) await page.keyboard.press(key);
      expect(await chosen(page)).toMatch(/^Line think agent\.ts:57, 14\.\d s, 67 %, 9 calls$/);
      expect((await timeline.waitForPost('selected')).span).toBe('call-1-1');
      await page.keyboard.press('ArrowUp');
      await page.keyboard.press('o');
      // The second of its chain from inside.
      expect(await timeline.waitForPost('openSource')).toMatchObject({ span: 'call-1-1', frame: 1 });
      await page.keyboard.press('ArrowUp');
      await page.keyboard.press('ArrowRight');
      expect(await chosen(page)).toContain('act agent.ts:71');
      await page.keyboard.press('Enter');
      expect(await crumbs(page)).toBe('all › act agent.ts:71');
      await page.keyboard.press('Home');
      expect(await crumbs(page)).toBe('all');
      // The other views have the same spans.
      await page.keyboard.press('3');
      expect(await page.locator('.grid tr[aria-selected=true] td.name').allTextContents()).toEqual(['tools.ts:21 search']);
      // And what the editor asks for is found here.
      await page.keyboard.press('2');
      await timeline.send({ type: 'select', spans: ['call-2-1'], reveal: true });
      expect(await chosen(page)).toContain('Model meta-llama');
    });
  });

  it('has time, tokens, energy and money as its width, with what no call is charged with, and keeps the choice', async () => {
    await withPage(TimelinePage.hosted(browser, 'tab'), async (timeline) => {
      const { page } = timeline;
      await timeline.send({ type: 'document', document: run });
      await timeline.ready();
      await open(timeline);
      const width = page.getByRole('combobox', { name: 'Width' });
      const root = page.locator('.flame [role=treeitem]').first();
      await width.selectOption('tokens');
      expect(await root.innerText()).toMatch(/^Run run, 14k tokens, 100 %, 15 calls$/);
      await width.selectOption('energy');
      expect(await root.innerText()).toMatch(/^Run run, 1\.\d+ Wh, 100 %, 15 calls$/);
      const rest = await at(page, 0.999, 1);
      await page.mouse.move(rest.x, rest.y);
      expect(await tooltip(page)).toContain('GPU behind no call');
      await width.selectOption('money');
      expect(await root.innerText()).toMatch(/^Run run, ~\$0\.0006/);
      await page.getByRole('combobox', { name: 'Order' }).selectOption('time');
      await expect.poll(() => page.evaluate("sessionStorage.getItem('state')")).toContain('"order":"time"');
      await page.reload();
      await timeline.send({ type: 'document', document: run });
      await expect.poll(() => width.inputValue()).toBe('money');
      expect(await page.locator('.flame').isVisible()).toBe(true);
    });
  });

  it('says what is missing, and shows only what the search has found', async () => {
    const spans = [makeSpan({ id: 't', kind: 'tool', startMs: 0, endMs: 10, tool: { name: 'search', callId: null, detail: null, argumentBytes: null, resultBytes: null, idleBlameMs: null, idleEnergyWh: null } })];
    await withPage(TimelinePage.exported(browser, { report: makeReport(spans, 100), gpu: [] }), async (timeline) => {
      const { page } = timeline;
      await open(timeline);
      await page.getByRole('combobox', { name: 'Width' }).selectOption('energy');
      expect(await page.locator('.flame-view .view-notice').innerText()).toContain('Energy unknown');
      await page.getByRole('combobox', { name: 'Width' }).selectOption('time');
      await page.keyboard.press('Tab');
      await page.locator('.search input').fill('model:none');
      await expect.poll(() => page.locator('.flame-view .view-notice').innerText()).toContain('Nothing that the search has found');
    });
  });

  it('draws a run of very many spans, and hostile names as text', async () => {
    await withPage(TimelinePage.exported(browser, bigRun(30_000)), async (timeline) => {
      await open(timeline);
      await timeline.page.getByRole('combobox', { name: 'Order' }).selectOption('time');
      await timeline.settled();
      const place = await at(timeline.page, 0.5, 1);
      await timeline.page.mouse.move(place.x, place.y);
      expect(await tooltip(timeline.page)).toContain('no line known');
    });
    await withPage(TimelinePage.exported(browser, hostileRun()), async (timeline) => {
      await open(timeline);
      for (let row = 1; row < 4; row++) {
        const place = await at(timeline.page, 0.3, row);
        await timeline.page.mouse.click(place.x, place.y);
      }
      expect(await timeline.page.evaluate('window.pwned')).toBeUndefined();
    });
  });

  it.each(['dark', 'light', 'contrast'] as const)('has nothing serious for axe in the %s theme, and a picture', async (theme) => {
    const options = theme === 'contrast' ? { contrast: 'more' as const } : { colorScheme: theme };
    await withPage(TimelinePage.exported(browser, run, options), async (timeline) => {
      const { page } = timeline;
      await open(timeline);
      if (theme !== 'light') await page.getByRole('combobox', { name: 'Width' }).selectOption('energy');
      for (const key of ['ArrowDown', 'ArrowDown', 'ArrowDown']) await page.locator('.flame [role=tree]').press(key);
      await timeline.screenshot(`flame-${theme}`);
      await page.evaluate(axe.source);
      const found: { id: string; impact: string; nodes: string[] }[] = await page.evaluate(
        "axe.run(document).then((result) => result.violations.map(({ id, impact, nodes }) => ({ id, impact, nodes: nodes.map((node) => (node.target.join(' ') + ' ' + node.failureSummary).slice(0, 400)) })))",
      );
      expect(found.filter(({ impact }) => impact === 'serious' || impact === 'critical')).toEqual([]);
    });
  });
});
