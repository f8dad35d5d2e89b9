/** Reading the timeline in a real browser: regions, idle gaps, keys, lanes; each by pointer and by keyboard. */
import { describe, expect, it } from 'vitest';
import { browser } from './timelineBrowser.ts';
import { TimelinePage, withPage } from './timelinePage.ts';
import { makeReport, makeSpan, reactRun } from '../fixtures/timelineDocuments.ts';

const run = reactRun();
run.report.accounting.gpuUsdPerHour = 1.2;
const wallMs = run.report.totals.wallMs;
const spanOf = (id: string): { startMs: number; endMs: number; middle: number } => {
  const span = run.report.spans.find((each) => each.id === id);
  if (span?.endMs === undefined || span.endMs === null) throw new Error('the fixture has changed');
  return { startMs: span.startMs, endMs: span.endMs, middle: (span.startMs + span.endMs) / 2 };
};
const tool = spanOf('tool-1-1');
const call = spanOf('call-1-2');

/** Where a time of the whole run is on screen. */
async function xOf(timeline: TimelinePage, time: number): Promise<number> {
  const area = await timeline.timeArea();
  return area.left + (time / (wallMs * 1.01)) * (area.right - area.left);
}

async function drag(timeline: TimelinePage, from: number, to: number, y: number): Promise<void> {
  const { mouse } = timeline.page;
  await mouse.move(from, y);
  await mouse.down();
  await mouse.move(to, y, { steps: 4 });
  await mouse.up();
}

describe('a region', () => {
  it('is selected by a drag on the axis, snaps to edges, says what is in it, and is cleared', async () => {
    await withPage(TimelinePage.exported(browser, run), async (timeline) => {
      const { page } = timeline;
      const area = await timeline.timeArea();
      const at = await timeline.pointAt(tool.middle, wallMs, 'search “Arthur’s Magazine”');
      await page.mouse.click(at.x, at.y);
      await page.keyboard.press('z');
      await expect.poll(async () => (await timeline.inView()).length).toBeLessThan(12);
      // A pixel beside the tool's edges: the region is exactly the tool, which 4 % of its length now stand beside.
      const margin = ((area.right - area.left) * 0.04) / 1.08;
      await drag(timeline, area.left + margin + 1, area.right - margin - 1, area.top - 8);
      await expect.poll(() => timeline.details()).toContain('Region');
      const details = await timeline.details();
      const seconds = String(Number(((tool.endMs - tool.startMs) / 1000).toPrecision(3)));
      expect(details).toContain(`length${seconds} s`);
      expect(details).toContain(`tools${seconds} s  100 %`);
      expect(details).toContain(`idle${seconds} s  100 %`);
      expect(details).toContain('model calls0tools1');
      expect(details).toContain(`GPU for ${seconds} s~$0.000`);
      await timeline.screenshot('region');
      await page.keyboard.press('Escape');
      await expect.poll(() => timeline.details()).not.toContain('Region');
    });
  });

  it('does not snap with Alt, is dragged on the lanes with Shift, copied as JSON and zoomed to', async () => {
    await withPage(TimelinePage.hosted(browser, 'tab'), async (timeline) => {
      const { page } = timeline;
      await timeline.send({ type: 'document', document: run });
      await timeline.ready();
      const area = await timeline.timeArea();
      const all = await timeline.inView();
      const from = (await xOf(timeline, call.startMs)) + 4;
      const to = (await xOf(timeline, call.endMs)) - 4;
      await page.keyboard.down('Shift');
      await page.keyboard.down('Alt');
      await drag(timeline, from, to, area.top + 60);
      await page.keyboard.up('Alt');
      await page.keyboard.up('Shift');
      await expect.poll(() => timeline.details()).toContain('reach beyond it1');
      expect(await timeline.details()).toContain('Tokens · estimated');
      await page.getByRole('button', { name: 'Copy as JSON' }).click();
      const copied = JSON.parse((await timeline.waitForPost('copy')).text) as { run: string; region: { start: number; end: number }; llmCalls: number; gpuMs: { decode: number } };
      expect(copied).toMatchObject({ run: 'run-1', llmCalls: 1 });
      expect(copied.region.start).toBeGreaterThan(call.startMs + 1);
      expect(copied.region.end).toBeLessThan(call.endMs - 1);
      expect(copied.gpuMs.decode).toBeGreaterThan(0);
      await page.keyboard.press('z');
      await expect.poll(async () => (await timeline.inView()).length).toBeLessThan(all.length);
      await page.keyboard.press('u');
      await expect.poll(async () => (await timeline.inView()).length).toBe(all.length);
      await page.keyboard.press('Shift+U');
      await expect.poll(async () => (await timeline.inView()).length).toBeLessThan(all.length);
      await page.keyboard.press('Control+z');
      await expect.poll(async () => (await timeline.inView()).length).toBe(all.length);
      // The region survives the page.
      await expect.poll(() => page.evaluate("JSON.parse(sessionStorage.getItem('state') ?? '{}').region?.start ?? null")).toBeCloseTo(copied.region.start, 3);
      await page.reload();
      await timeline.theme('vscode-dark');
      await timeline.send({ type: 'document', document: run });
      await timeline.ready();
      await expect.poll(() => timeline.details()).toContain('reach beyond it1');
    });
  });

  it('is made by two marks on the keyboard, and its end steps from edge to edge', async () => {
    await withPage(TimelinePage.exported(browser, run), async (timeline) => {
      const { page } = timeline;
      await page.mouse.move(5, 5);
      await page.locator('.stage').focus();
      await page.keyboard.press('/');
      await page.keyboard.type('tool:search');
      await page.keyboard.press('Enter');
      await page.keyboard.press('Escape');
      await expect.poll(() => timeline.details()).toContain('Tool · measured');
      await page.keyboard.press('m');
      await expect.poll(() => page.locator('[aria-live]').textContent()).toContain('Mark at');
      await page.keyboard.press('m');
      await expect.poll(() => timeline.details()).toContain('Region');
      const seconds = String(Number(((tool.endMs - tool.startMs) / 1000).toPrecision(3)));
      expect(await timeline.details()).toContain(`length${seconds} s`);
      for (let k = 0; k < 4; k++) await page.keyboard.press('Shift+ArrowRight');
      await expect.poll(() => timeline.details()).not.toContain(`length${seconds} s`);
      for (let k = 0; k < 4; k++) await page.keyboard.press('Shift+ArrowLeft');
      await expect.poll(() => timeline.details()).toContain(`length${seconds} s`);
      await page.keyboard.press('Escape');
      await expect.poll(() => timeline.details()).toContain('Tool · measured');
    });
  });
});

describe('an idle gap', () => {
  it('explains itself on a click: what the agent did, what it cost, how often, what would help', async () => {
    await withPage(TimelinePage.hosted(browser, 'tab'), async (timeline) => {
      await timeline.send({ type: 'document', document: run });
      await timeline.ready();
      const at = await timeline.pointAt(tool.middle, wallMs, 'GPU idle');
      await timeline.page.mouse.click(at.x, at.y);
      await expect.poll(() => timeline.details()).toContain('GPU idle · simulated');
      const details = await timeline.details();
      expect(details).toContain('search “Arthur’s Magazine”');
      expect(details).toMatch(/at tools\.ts:21 search/);
      expect(details).toMatch(/called from agent\.ts:71 act/);
      expect(details).toMatch(/energy0\.02\d* Wh ±35 %/);
      expect(details).toMatch(/GPU price~\$0\.000\d+/);
      expect(details).toMatch(/Behind tools\.ts:21 in allgaps8/);
      expect(details).toContain('What would help');
      // What was waited for is selected for the other views, too.
      expect(await timeline.waitForPost('selected')).toEqual({ type: 'selected', span: 'tool-1-1' });
      await timeline.screenshot('idle');
      await timeline.page.locator('.details .link', { hasText: 'agent.ts:71' }).click();
      expect(await timeline.waitForPost('openSource')).toEqual({ type: 'openSource', span: 'tool-1-1', frame: 1 });
      await timeline.page.locator('.details .link', { hasText: 'search “Arthur' }).click();
      await expect.poll(() => timeline.details()).toContain('Tool · measured');
    });
  });
});

describe('keys', () => {
  it('go to parent and child, through what was found, and to both ends', async () => {
    await withPage(TimelinePage.hosted(browser, 'tab'), async (timeline) => {
      const { page } = timeline;
      await timeline.send({ type: 'document', document: run });
      await timeline.ready();
      await timeline.send({ type: 'select', spans: ['call-1-2'], reveal: false });
      const selected = async (): Promise<string | null | undefined> => (await timeline.posted()).findLast((message) => message.type === 'selected')?.span;
      await page.locator('.stage').focus();
      await page.keyboard.press('ArrowUp');
      await expect.poll(selected).toBe('request-1-step-2-think');
      await page.keyboard.press('ArrowUp');
      await page.keyboard.press('ArrowUp');
      await expect.poll(selected).toBe('request-1');
      await page.keyboard.press('ArrowDown');
      await expect.poll(selected).toBe('request-1-step-1');
      await page.keyboard.press('/');
      await page.keyboard.type('kind:tool in>0');
      await expect.poll(() => page.locator('.count').textContent()).toBe('none found');
      await page.keyboard.press('Control+a');
      await page.keyboard.type('toks>5');
      await expect.poll(() => page.locator('.count').textContent()).toContain('toks> is not known; tokens> is');
      await page.keyboard.press('Control+a');
      await page.keyboard.type('kind:tool');
      await expect.poll(() => page.locator('.count').textContent()).toBe('6 found');
      await page.locator('.stage').focus();
      await page.keyboard.press('n');
      await expect.poll(selected).toBe('tool-1-1');
      await page.keyboard.press('n');
      await expect.poll(selected).toBe('tool-1-2');
      await page.keyboard.press('Shift+N');
      await expect.poll(selected).toBe('tool-1-1');
      for (let k = 0; k < 6; k++) await page.keyboard.press('w');
      await page.keyboard.press('End');
      await expect.poll(async () => (await timeline.inView()).some((name) => name.includes('Corliss Archer'))).toBe(true);
      await page.keyboard.press('Home');
      await expect.poll(async () => (await timeline.inView()).some((name) => name.includes('Which magazine'))).toBe(true);
    });
  });

  it('are all listed by ?, in a dialog that keeps the focus and gives it back', async () => {
    await withPage(TimelinePage.exported(browser, run), async (timeline) => {
      const { page } = timeline;
      await page.locator('.stage').focus();
      await page.keyboard.press('?');
      const dialog = page.getByRole('dialog', { name: 'Keys and gestures' });
      await dialog.waitFor();
      expect(await dialog.textContent()).toContain('undo zoom and pan');
      await timeline.screenshot('help');
      await page.keyboard.press('Tab');
      await page.keyboard.press('Tab');
      expect(await page.evaluate("document.querySelector('dialog').contains(document.activeElement) || document.activeElement === document.body")).toBe(true);
      // Keys mean the dialog now.
      const before = await timeline.inView();
      await page.keyboard.press('w');
      await page.keyboard.press('Escape');
      await dialog.waitFor({ state: 'hidden' });
      expect(await page.evaluate("document.activeElement.classList.contains('stage')")).toBe(true);
      expect(await timeline.inView()).toEqual(before);
    });
  });
});

describe('lanes', () => {
  const shown = (timeline: TimelinePage): Promise<string[]> => timeline.page.evaluate("[...document.querySelectorAll('.lane-names button')].map((node) => node.getAttribute('aria-label'))");
  const usual = ['request', 'agent', 'llm', 'tools', 'gpu', 'kv cache', 'power'];

  it('fold, move, pin, hide and resize by pointer, come back by a reset, and are remembered', async () => {
    await withPage(TimelinePage.hosted(browser, 'tab'), async (timeline) => {
      const { page } = timeline;
      const open = async (): Promise<void> => {
        await timeline.send({ type: 'document', document: run });
        await timeline.ready();
      };
      await open();
      expect(await shown(timeline)).toEqual(usual);
      const name = (label: string): ReturnType<typeof page.locator> => page.locator('.lane-names button', { hasText: label });
      const height = async (label: string): Promise<number> => (await name(label).boundingBox())?.height ?? 0;
      await name('agent').click({ position: { x: 20, y: 5 } });
      await expect.poll(() => shown(timeline)).toContain('agent, folded');
      await expect.poll(() => height('agent')).toBeLessThan(14);
      // Its spans can still be pointed at.
      const band = await name('agent').boundingBox();
      await page.mouse.move(await xOf(timeline, call.middle), (band?.y ?? 0) + 5);
      expect(await timeline.tooltip()).toMatch(/step 2|think/);
      const [llm, gpu] = [await name('llm').boundingBox(), await name('gpu').boundingBox()];
      if (llm === null || gpu === null) throw new Error('lanes have no names');
      await name('llm').click({ position: { x: 20, y: 6 } });
      await page.mouse.move(gpu.x + 20, gpu.y + 8);
      await page.mouse.down();
      await page.mouse.move(gpu.x + 20, llm.y + 2, { steps: 4 });
      await page.mouse.up();
      await expect.poll(async () => (await shown(timeline)).map((label) => label.split(',')[0])).toEqual(['request', 'agent', 'gpu', 'llm', 'tools', 'kv cache', 'power']);
      const before = await height('gpu');
      const edge = await name('gpu').boundingBox();
      if (edge === null) throw new Error('the lane has no name');
      await page.mouse.move(edge.x + 20, edge.y + edge.height - 2);
      await page.mouse.down();
      await page.mouse.move(edge.x + 20, edge.y + edge.height + 22, { steps: 4 });
      await page.mouse.up();
      await expect.poll(() => height('gpu')).toBeCloseTo(before + 24, -1);
      await name('kv cache').click({ button: 'right', position: { x: 20, y: 6 } });
      await page.getByRole('menuitem', { name: 'Hide' }).click();
      await name('power').click({ button: 'right', position: { x: 20, y: 6 } });
      await page.getByRole('menuitemcheckbox', { name: 'Pinned to the top' }).click();
      const chosen = ['power, pinned', 'request', 'agent, folded', 'gpu', 'llm, folded', 'tools'];
      await expect.poll(() => shown(timeline)).toEqual(chosen);
      await timeline.screenshot('lanes');
      await expect.poll(() => page.evaluate("JSON.parse(sessionStorage.getItem('state') ?? '{}').lanes?.pinned ?? null")).toEqual(['power']);
      await page.reload();
      await timeline.theme('vscode-dark');
      await open();
      await expect.poll(() => shown(timeline)).toEqual(chosen);
      await page.locator('.lanes-button').click();
      await timeline.screenshot('lanes-menu');
      await page.getByRole('menuitem', { name: 'Reset' }).click();
      await expect.poll(() => shown(timeline)).toEqual(usual);
    });
  });

  it('do all of that by keyboard', async () => {
    await withPage(TimelinePage.exported(browser, run), async (timeline) => {
      const { page } = timeline;
      const press = (...keys: string[]): Promise<void> => keys.reduce((done, key) => done.then(() => page.keyboard.press(key)), Promise.resolve());
      await page.locator('.lane-names button').first().focus();
      await press('ArrowDown', 'Enter');
      await expect.poll(() => shown(timeline)).toContain('agent, folded');
      await press('Enter');
      await expect.poll(() => shown(timeline)).toEqual(usual);
      await press('Alt+ArrowDown');
      await expect.poll(() => shown(timeline)).toEqual(['request', 'llm', 'agent', 'tools', 'gpu', 'kv cache', 'power']);
      await press('Alt+ArrowUp', 'p');
      await expect.poll(async () => (await shown(timeline))[0]).toBe('agent, pinned');
      await press('p');
      const height = async (): Promise<number> => (await page.locator('.lane-names button', { hasText: 'agent' }).boundingBox())?.height ?? 0;
      const before = await height();
      await press('+', '+');
      await expect.poll(height).toBeGreaterThan(before * 1.3);
      await press('-', '-', 'Delete');
      await expect.poll(() => shown(timeline)).toEqual(usual.filter((label) => label !== 'agent'));
      // The lane is gone, its neighbours are not, and the menu brings it back.
      await page.locator('.lanes-button').focus();
      await press('Enter', 'ArrowDown', 'Enter');
      await expect.poll(() => shown(timeline)).toEqual(usual);
      expect(await page.evaluate("document.activeElement.classList.contains('lanes-button')")).toBe(true);
      await press('Enter', 'Escape');
      await page.getByRole('menu').waitFor({ state: 'detached' });
    });
  });
});

describe('branches', () => {
  it('of steps that run at once are drawn below each other, with their names', async () => {
    const parallel = makeReport(
      [
        makeSpan({ id: 'run', kind: 'agent', name: 'three at once', startMs: 0, endMs: 4000 }),
        makeSpan({ id: 'plan', parent: 'run', kind: 'step', name: 'plan', startMs: 0, endMs: 600 }),
        ...['search', 'summarise', 'translate'].flatMap((name, i) => [
          makeSpan({ id: name, parent: 'run', kind: 'step', name, startMs: 700 + i * 30, endMs: 2500 + i * 400 }),
          makeSpan({ id: `${name}.call`, parent: name, kind: 'other', name: `${name} inside`, startMs: 800 + i * 30, endMs: 2000 + i * 300 }),
        ]),
      ].sort((a, b) => a.startMs - b.startMs),
      4000,
    );
    await withPage(TimelinePage.exported(browser, { report: parallel, gpu: [] }), async (timeline) => {
      const area = await timeline.timeArea();
      const x = area.left + (area.right - area.left) * (1500 / 4040);
      const seen: string[] = [];
      for (let y = area.top + 30; y < area.bottom; y += 6) {
        await timeline.page.mouse.move(x, y);
        const name = /^(\w+( inside)?)(Step|Call|Function)/.exec(await timeline.tooltip())?.[1];
        if (name !== undefined && seen.at(-1) !== name) seen.push(name);
      }
      expect(seen).toEqual(['search', 'search inside', 'summarise', 'summarise inside', 'translate', 'translate inside']);
      await timeline.page.mouse.move(5, 5);
      await timeline.screenshot('branches');
    });
  });
});

describe('the tree for who hears the page', () => {
  it('has the spans in view by level, goes to parent and child, and is one with the selection', async () => {
    await withPage(TimelinePage.hosted(browser, 'tab'), async (timeline) => {
      const { page } = timeline;
      await timeline.send({ type: 'document', document: run });
      await timeline.ready();
      const tree = page.getByRole('tree', { name: 'Spans in view' });
      const heard = (): Promise<string | null> => page.evaluate("document.getElementById(document.querySelector('.calls').getAttribute('aria-activedescendant'))?.getAttribute('aria-label') ?? null");
      const selected = async (): Promise<string | null | undefined> => (await timeline.posted()).findLast((message) => message.type === 'selected')?.span;
      await tree.focus();
      await page.keyboard.press('Home');
      await expect.poll(heard).toContain('Request Which magazine');
      await page.keyboard.press('ArrowRight');
      await expect.poll(heard).toContain('Step step 1');
      await page.keyboard.press('ArrowRight');
      await page.keyboard.press('ArrowRight');
      await expect.poll(heard).toContain('Model call');
      await expect.poll(selected).toBe('call-1-1');
      await page.keyboard.press('ArrowLeft');
      await page.keyboard.press('ArrowLeft');
      await expect.poll(selected).toBe('request-1-step-1');
      // What is selected elsewhere is where the tree goes on.
      await timeline.send({ type: 'select', spans: ['tool-2-1'], reveal: false });
      await expect.poll(heard).toContain('Tool search “Scott Derrickson”');
      expect(await page.evaluate("[...document.querySelectorAll('.calls li')].find((item) => item.getAttribute('aria-selected') === 'true').getAttribute('aria-level')")).toBe('4');
      await page.keyboard.press('Enter');
      expect(await timeline.waitForPost('openSource')).toMatchObject({ span: 'tool-2-1' });
    });
  });
});

describe('the power lane', () => {
  it('shows under its curve what energy the call had a part in that is pointed at or selected', async () => {
    await withPage(TimelinePage.exported(browser, run), async (timeline) => {
      const { page } = timeline;
      const area = await timeline.timeArea();
      const power = await page.locator('.lane-names button', { hasText: 'power' }).boundingBox();
      if (power === null) throw new Error('there is no power lane');
      /** How many pixels of the marks' layer are coloured in a column at the foot of the power lane. */
      const coloured = async (time: number): Promise<number> =>
        page.evaluate(`(() => { const canvas = document.querySelector('canvas.overlay'); const box = canvas.getBoundingClientRect(); const scale = canvas.width / box.width; const copy = document.createElement('canvas'); copy.width = canvas.width; copy.height = canvas.height; const context = copy.getContext('2d', { willReadFrequently: true }); context.drawImage(canvas, 0, 0); const data = context.getImageData(Math.round((${await xOf(timeline, time)} - box.left) * scale), Math.round((${power.y + power.height - 14} - box.top) * scale), 1, Math.round(12 * scale)).data; let count = 0; for (let i = 3; i < data.length; i += 4) if (data[i] > 0) count++; return count; })()`);
      expect(await coloured(call.middle)).toBe(0);
      const at = await timeline.pointAt(call.middle, wallMs, 'Llama');
      await expect.poll(() => coloured(call.middle - 200)).toBeGreaterThan(8);
      await page.mouse.move(area.left + 5, area.top - 4);
      await expect.poll(() => coloured(call.middle - 200)).toBe(0);
      await page.mouse.click(at.x, at.y);
      await page.mouse.move(area.left + 5, area.top - 4);
      await expect.poll(() => coloured(call.middle - 200)).toBeGreaterThan(8);
      expect(await coloured(tool.middle)).toBe(0);
      await timeline.screenshot('energy');
    });
  });
});
