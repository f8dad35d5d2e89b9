/** The views beside the timeline: tabs, and the table. */
import axe from 'axe-core';
import { describe, expect, it } from 'vitest';
import { browser } from './timelineBrowser.ts';
import { TimelinePage, withPage } from './timelinePage.ts';
import { hostileRun, makeReport, makeSpan, reactRun } from '../fixtures/timelineDocuments.ts';
import { viewNames } from '../../webview/timeline/ui/viewNames.ts';
import type { Page } from 'playwright-core';

const run = reactRun();
const TABLE_KEY = String(viewNames.indexOf('table') + 1);
const names = (page: Page): Promise<string[]> => page.locator('.grid td.name').allTextContents();
const chosen = (page: Page): Promise<string[]> => page.locator('.grid tr[aria-selected=true] td.name').allTextContents();

describe('the tabs', () => {
  it('change the view by pointer, by number and by arrows, and the choice is kept', async () => {
    await withPage(TimelinePage.hosted(browser, 'tab'), async (timeline) => {
      const { page } = timeline;
      await timeline.send({ type: 'document', document: run });
      await timeline.ready();
      await page.getByRole('tab', { name: 'Table' }).click();
      expect(await page.locator('.stage').isVisible()).toBe(false);
      expect(await page.getByRole('tabpanel', { name: 'Table' }).isVisible()).toBe(true);
      await page.keyboard.press('ArrowLeft');
      await page.keyboard.press('Home');
      expect(await page.locator('.stage').isVisible()).toBe(true);
      expect(await page.evaluate('document.activeElement.textContent')).toBe('Timeline');
      await page.keyboard.press(TABLE_KEY);
      await expect.poll(() => page.locator('.grid').isVisible()).toBe(true);
      await page.getByRole('combobox', { name: 'By' }).selectOption('tool');
      await page.locator('.grid th button', { hasText: 'Calls' }).click();
      // The page may be made anew at any time: what it keeps has to have arrived.
      await expect.poll(() => page.evaluate("sessionStorage.getItem('state')")).toContain('"sort":"calls"');
      await page.reload();
      await timeline.send({ type: 'document', document: run });
      await expect.poll(() => names(page)).toEqual(['search', 'lookup']);
      expect(await page.locator('th[aria-sort=descending]').textContent()).toBe('Calls');
    });
  });
});

describe('the table', () => {
  it('sorts by every column, says how, and what is not known comes last', async () => {
    await withPage(TimelinePage.exported(browser, run), async ({ page }) => {
      await page.keyboard.press(TABLE_KEY);
      expect(await names(page)).toEqual(['agent.ts:57 think', 'tools.ts:21 search']);
      expect(await page.locator('.grid tbody tr').nth(0).locator('td').allTextContents()).toContain('–');
      for (const header of await page.locator('.grid th').all()) {
        for (const press of ['click', 'Enter'] as const) {
          if (press === 'click') await header.locator('button').click();
          else await header.locator('button').press('Enter');
          expect(await header.getAttribute('aria-sort')).toMatch(/ascending|descending/);
          expect(await page.locator('th:not([aria-sort=none])').count()).toBe(1);
        }
      }
      await page.locator('.grid th button', { hasText: 'Tokens in' }).click();
      expect(await names(page)).toEqual(['agent.ts:57 think', 'tools.ts:21 search']);
    });
  });

  it('selects a row’s spans everywhere by click and by arrows, and opens its line', async () => {
    await withPage(TimelinePage.hosted(browser, 'tab'), async (timeline) => {
      const { page } = timeline;
      await timeline.send({ type: 'document', document: run });
      await timeline.ready();
      await page.keyboard.press(TABLE_KEY);
      await page.locator('.grid td.name', { hasText: 'tools.ts' }).click();
      expect(await chosen(page)).toEqual(['tools.ts:21 search']);
      expect((await timeline.waitForPost('selected')).span).toBe('tool-1-1');
      expect(await timeline.details()).toContain('Tool · measured');
      await page.keyboard.press('ArrowUp');
      expect(await chosen(page)).toEqual(['agent.ts:57 think']);
      await page.keyboard.press('Enter');
      expect(await timeline.waitForPost('openSource')).toMatchObject({ span: 'call-1-1', frame: 0 });
      await page.locator('.grid td.name', { hasText: 'tools.ts' }).dblclick();
      await expect.poll(async () => (await timeline.waitForPost('openSource')).span).toBe('tool-1-1');
      // What the editor asks for is marked here, too.
      await timeline.send({ type: 'select', spans: ['call-2-1'], reveal: true });
      expect(await chosen(page)).toEqual(['agent.ts:57 think']);
      await page.keyboard.press('Escape');
      expect(await chosen(page)).toEqual([]);
    });
  });

  it('shows only what the search has found, and hands itself over as text', async () => {
    await withPage(TimelinePage.hosted(browser, 'tab'), async (timeline) => {
      const { page } = timeline;
      await timeline.send({ type: 'document', document: run });
      await timeline.ready();
      await page.keyboard.press(TABLE_KEY);
      await page.keyboard.press('/');
      await page.keyboard.type('tool:lookup');
      await expect.poll(() => names(page)).toEqual(['tools.ts:21 search']);
      expect(await page.locator('.grid tbody td').nth(1).textContent()).toBe('1');
      await page.getByRole('button', { name: 'Copy as CSV' }).click();
      const { text } = await timeline.waitForPost('copy');
      expect(text.split('\r\n')[0]).toMatch(/^line,calls,time_ms,p50_ms,p95_ms,failed,/);
      expect(text.split('\r\n')[1]).toMatch(/^tools\.ts:21 search,1,1\d{3}/);
      await page.getByRole('combobox', { name: 'By' }).selectOption('model');
      expect(await page.locator('.view-notice:visible').textContent()).toContain('Nothing that the search has found');
      await page.locator('.search input').press('Escape');
      await expect.poll(() => names(page)).toEqual(['meta-llama/Llama-3.1-8B-Instruct']);
      await page.getByRole('combobox', { name: 'By' }).selectOption('role');
      expect(await names(page)).toEqual(['tools’ history', 'instruction', 'output', 'model’s history', 'user']);
    });
  });

  it('grows while the run lives, in every view', async () => {
    await withPage(TimelinePage.hosted(browser, 'tab'), async (timeline) => {
      const { page } = timeline;
      const { spans, ...head } = run.report;
      const live = { ...head, run: { ...head.run, live: true, complete: false } };
      const early = spans.filter(({ endMs }) => (endMs ?? Infinity) < 5000);
      await timeline.send({ type: 'document', document: { report: { ...live, spans: early }, gpu: run.gpu } });
      await timeline.ready();
      const calls = (): Promise<string[]> => page.locator('.grid tbody tr td:nth-child(2)').allTextContents();
      await page.keyboard.press(TABLE_KEY);
      await expect.poll(calls).toEqual(['2', '1']);
      await timeline.send({ type: 'update', update: { report: live, spans: spans.filter((span) => !early.includes(span)), removed: [], gpuFrom: run.gpu.length, gpu: [] } });
      await expect.poll(calls).toEqual(['9', '6']);
      await page.keyboard.press(String(viewNames.indexOf('flame') + 1));
      await expect.poll(() => page.locator('.flame [role=treeitem]').first().textContent()).toContain('15 calls');
      await page.keyboard.press(String(viewNames.indexOf('charts') + 1));
      await expect.poll(() => page.locator('.chart-card canvas[role=img]').first().getAttribute('aria-label')).toContain('Tokens by role');
    });
  });

  it('keeps a row’s name in sight in the side panel', async () => {
    await withPage(TimelinePage.hosted(browser, 'sidebar', { viewport: { width: 300, height: 640 } }), async (timeline) => {
      const { page } = timeline;
      await timeline.send({ type: 'document', document: run });
      await timeline.ready();
      await page.getByRole('tab', { name: 'Table' }).click();
      await page.evaluate("document.querySelector('.grid-scroller').scrollTo({ left: 10_000 })");
      const name = await page.locator('.grid td.name').first().boundingBox();
      expect(name?.x).toBeCloseTo(0, 0);
      expect(name?.width).toBeGreaterThan(100);
    });
  });

  it('has ten thousand tools, a screenful of them on the page', async () => {
    const spans = Array.from({ length: 10_000 }, (_, index) =>
      makeSpan({ id: `t${index}`, kind: 'tool', startMs: index, endMs: index + 1, tool: { name: `tool ${index}`, callId: null, detail: null, argumentBytes: null, resultBytes: null, idleBlameMs: null, idleEnergyWh: null } }),
    );
    await withPage(TimelinePage.exported(browser, { report: makeReport(spans, 10_001), gpu: [] }), async ({ page }) => {
      await page.keyboard.press(TABLE_KEY);
      await page.getByRole('combobox', { name: 'By' }).selectOption('tool');
      await page.locator('.grid').focus();
      await page.keyboard.press('End');
      await expect.poll(() => chosen(page)).toEqual(['tool 9999']);
      expect(await page.locator('.grid tr[aria-selected=true]').isVisible()).toBe(true);
      expect(await page.locator('.grid').getAttribute('aria-activedescendant')).toBe('row-9999');
      expect(await page.locator('.grid tr').count()).toBeLessThan(80);
      await page.locator('.grid th button', { hasText: 'Tool' }).click();
      await page.locator('.grid').focus();
      await page.keyboard.press('Home');
      await expect.poll(() => chosen(page)).toEqual(['tool 0']);
      // In the order of the numbers in their names.
      expect((await names(page)).slice(0, 3)).toEqual(['tool 0', 'tool 1', 'tool 2']);
    });
  });

  it('shows hostile names as text', async () => {
    await withPage(TimelinePage.exported(browser, hostileRun()), async ({ page }) => {
      await page.keyboard.press(TABLE_KEY);
      for (const grouping of ['line', 'tool', 'model', 'role', 'step']) await page.getByRole('combobox', { name: 'By' }).selectOption(grouping);
      expect(await page.evaluate('window.pwned')).toBeUndefined();
    });
  });

  it.each(['dark', 'light', 'contrast'] as const)('has nothing serious for axe in the %s theme, and a picture', async (theme) => {
    const options = theme === 'contrast' ? { contrast: 'more' as const } : { colorScheme: theme };
    await withPage(TimelinePage.exported(browser, run, options), async (timeline) => {
      const { page } = timeline;
      await page.keyboard.press(TABLE_KEY);
      await page.locator('.grid td.name').first().click();
      await timeline.screenshot(`table-${theme}`);
      await page.evaluate(axe.source);
      const found: { id: string; impact: string; nodes: string[] }[] = await page.evaluate(
        "axe.run(document).then((result) => result.violations.map(({ id, impact, nodes }) => ({ id, impact, nodes: nodes.map((node) => node.html.slice(0, 200)) })))",
      );
      expect(found.filter(({ impact }) => impact === 'serious' || impact === 'critical')).toEqual([]);
    });
  });
});
