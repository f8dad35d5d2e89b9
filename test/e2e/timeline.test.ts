/** The timeline in a real browser: as an exported page from a file, and as the editor hosts it. */
import { gzipSync } from 'node:zlib';
import axe from 'axe-core';
import { describe, expect, it } from 'vitest';
import { browser } from './timelineBrowser.ts';
import { TimelinePage, withPage } from './timelinePage.ts';
import { webviewBundle } from './watchedPage.ts';
import { renderHtml } from '../../src/profile/exportHtml.ts';
import { bigRun, hostileRun, makeLlm, makeReport, reactRun } from '../fixtures/timelineDocuments.ts';
import type { TimelineDocument } from '../../src/protocol/webview.ts';

const run = reactRun();
const wallMs = run.report.totals.wallMs;
const tool = run.report.spans.find((span) => span.id === 'tool-1-1');
const call = run.report.spans.find((span) => span.id === 'call-1-2');
if (tool === undefined || call === undefined) throw new Error('the fixture has changed');
const middleOf = (span: typeof call): number => (span.startMs + (span.endMs ?? 0)) / 2;

describe('the bundle', () => {
  it('fits into an exported page', async () => {
    const page = renderHtml({ report: makeReport([], 0), gpu: [] }, { text: await webviewBundle('timeline'), gzip: gzipSync }, 'empty', null);
    expect(page.length).toBeLessThan(400_000);
  });
});

describe('an exported page', () => {
  it('opens from a file and says what the run cost, without the editor’s buttons', async () => {
    await withPage(TimelinePage.exported(browser, run), async ({ page, requests }) => {
      expect(await page.title()).toBe('react-hotpot');
      expect(await page.locator('.header').textContent()).toMatch(/react-hotpot3 requests · 2\d(\.\d)? s · 1\.\d+ Wh.*simulated · Llama-3\.1-8B on A100-40GB/);
      expect(await page.locator('.header vscode-button').allTextContents()).toEqual(['Follow', 'Fit']);
      expect(await page.locator('.details').textContent()).toContain('model calls');
      expect(requests).toHaveLength(1);
    });
  });

  it('tells on hover what is there, and on click everything about it', async () => {
    await withPage(TimelinePage.exported(browser, run), async (timeline) => {
      const at = await timeline.pointAt(middleOf(tool), wallMs, 'search “Arthur’s Magazine”');
      expect(await timeline.tooltip()).toContain('tools.ts:21');
      await timeline.page.mouse.click(at.x, at.y);
      const details = await timeline.details();
      expect(details).toContain('Tool · measured');
      expect(details).toContain('GPU meanwhile');
      expect(details).toContain('tools.ts:21 search');
      // Outside the editor a place is text: there is nothing to open it with.
      expect(await timeline.page.locator('.details .link', { hasText: 'tools.ts' }).count()).toBe(0);
      await timeline.page.keyboard.press('Escape');
      expect(await timeline.details()).toContain('Agent’s time');
    });
  });

  it('explains an idle GPU: a click says what was waited for', async () => {
    await withPage(TimelinePage.exported(browser, run), async (timeline) => {
      const at = await timeline.pointAt(middleOf(tool), wallMs, 'GPU idle');
      expect(await timeline.tooltip()).toContain('waiting forsearch “Arthur’s Magazine”');
      await timeline.page.mouse.click(at.x, at.y);
      expect(await timeline.details()).toContain('The agent meanwhile');
    });
  });

  it('zooms at the pointer, pans by drag and key, and fits again', async () => {
    await withPage(TimelinePage.exported(browser, run), async (timeline) => {
      const { page } = timeline;
      const all = await timeline.inView();
      const at = await timeline.pointAt(middleOf(call), wallMs, 'Llama');
      for (let i = 0; i < 8; i++) await page.mouse.wheel(0, -300);
      await expect.poll(async () => (await timeline.inView()).length).toBeLessThan(all.length / 2);
      // What was under the pointer still is.
      await page.mouse.move(at.x + 1, at.y);
      expect(await timeline.tooltip()).toContain('Llama');
      const near = await timeline.inView();
      expect(near.some((name) => name.includes('1.4k→'))).toBe(true);
      const area = await timeline.timeArea();
      for (let k = 0; k < 3; k++) {
        await page.mouse.move(area.right - 20, at.y);
        await page.mouse.down();
        await page.mouse.move(area.left + 20, at.y, { steps: 5 });
        await page.mouse.up();
      }
      const right = await timeline.inViewAtRest();
      expect(right).not.toEqual(near);
      for (let k = 0; k < 12; k++) await page.keyboard.press('a');
      expect(await timeline.inViewAtRest()).not.toEqual(right);
      await page.keyboard.press('f');
      await expect.poll(async () => (await timeline.inView()).length).toBe(all.length);
      await page.keyboard.press('w');
      await page.keyboard.press('w');
      await page.keyboard.press('w');
      await expect.poll(async () => (await timeline.inView()).length).toBeLessThan(all.length);
      await page.mouse.dblclick(area.left + 300, area.bottom - 4);
      await expect.poll(async () => (await timeline.inView()).length).toBe(all.length);
    });
  });

  it('goes from span to span by keyboard', async () => {
    await withPage(TimelinePage.exported(browser, run), async ({ page }) => {
      const said = async (): Promise<string> => (await page.locator('[aria-live=polite]').textContent()) ?? '';
      await page.locator('.stage').focus();
      await page.keyboard.press('ArrowRight');
      const first = await said();
      expect(first).toContain('Model call');
      await page.keyboard.press('ArrowRight');
      expect(await said()).not.toBe(first);
      await page.keyboard.press('ArrowLeft');
      expect(await said()).toBe(first);
      await page.keyboard.press('ArrowUp');
      expect(await said()).toContain('Call think');
      await page.keyboard.press('ArrowUp');
      expect(await said()).toContain('Step step');
    });
  });

  it('searches by tool, duration and text, and steps through what it found', async () => {
    await withPage(TimelinePage.exported(browser, run), async (timeline) => {
      const { page } = timeline;
      await page.keyboard.press('/');
      await page.keyboard.type('tool:search >1s');
      await expect.poll(() => page.locator('.count').textContent()).toBe('5 found');
      await page.keyboard.press('Enter');
      await expect.poll(() => page.locator('.count').textContent()).toBe('1 of 5');
      expect(await timeline.details()).toContain('search “Arthur’s Magazine”');
      await page.keyboard.press('Shift+Enter');
      await expect.poll(() => page.locator('.count').textContent()).toBe('5 of 5');
      await timeline.screenshot('search');
      await page.keyboard.press('Escape');
      await expect.poll(() => page.locator('.count').textContent()).toBe('');
      await page.keyboard.press('/');
      await page.keyboard.type('nothing like this');
      await expect.poll(() => page.locator('.count').textContent()).toBe('none found');
    });
  });

  it('shows hostile text as text and broken times sanely', async () => {
    await withPage(TimelinePage.exported(browser, hostileRun()), async (timeline) => {
      const { page } = timeline;
      const text = (await page.locator('body').innerText()).slice(0, 20_000);
      expect(text).toContain('<img src=x onerror="window.pwned=1">');
      expect(text).toContain('⟨U+202E⟩gnp.exe');
      expect(text).toContain('␛[31mred');
      for (const name of await timeline.inView()) expect(name.length).toBeLessThan(600);
      await page.locator('.stage').focus();
      for (const key of ['ArrowRight', 'ArrowUp', 'ArrowRight', 'ArrowDown', 'ArrowDown', 'ArrowLeft', 'w', 'd', 's']) await page.keyboard.press(key);
      expect(await page.evaluate('window.pwned')).toBeUndefined();
      expect(await page.locator('img').count()).toBe(0);
      await timeline.screenshot('hostile');
    });
  });

  it('opens a run of very many spans', async () => {
    const big = bigRun(30_000);
    await withPage(TimelinePage.exported(browser, big), async (timeline) => {
      const area = await timeline.timeArea();
      await timeline.page.mouse.move((area.left + area.right) / 2, area.top + 60);
      const before = await timeline.inView();
      for (let i = 0; i < 25; i++) await timeline.page.mouse.wheel(0, -300);
      await expect.poll(() => timeline.inView()).not.toEqual(before);
      await timeline.screenshot('many');
    });
  });

  it('has nothing serious for axe', async () => {
    await withPage(TimelinePage.exported(browser, run), async (timeline) => {
      const at = await timeline.pointAt(middleOf(call), wallMs, 'Llama');
      await timeline.page.mouse.click(at.x, at.y);
      await timeline.page.evaluate(axe.source);
      const found: { id: string; impact: string; nodes: string[] }[] = await timeline.page.evaluate(
        "axe.run(document).then((result) => result.violations.map(({ id, impact, nodes }) => ({ id, impact, nodes: nodes.map((node) => node.html.slice(0, 200)) })))",
      );
      expect(found.filter((violation) => violation.impact === 'serious' || violation.impact === 'critical')).toEqual([]);
    });
  });

  it.each([
    ['dark', { colorScheme: 'dark' }],
    ['light', { colorScheme: 'light' }],
    ['contrast', { colorScheme: 'dark', contrast: 'more' }],
    ['contrast-light', { colorScheme: 'light', contrast: 'more' }],
  ] as const)('is drawn in the %s theme', async (name, options) => {
    await withPage(TimelinePage.exported(browser, run, options), async (timeline) => {
      const at = await timeline.pointAt(middleOf(tool), wallMs, 'search “Arthur’s Magazine”');
      for (let i = 0; i < 5; i++) await timeline.page.mouse.wheel(0, -300);
      await timeline.page.mouse.click(at.x, at.y);
      await timeline.page.mouse.move(5, 5);
      await timeline.screenshot(name);
      const colours = await timeline.page.evaluate("(() => { const canvas = document.querySelector('canvas.lanes'); const copy = document.createElement('canvas'); copy.width = canvas.width; copy.height = canvas.height; const context = copy.getContext('2d', { willReadFrequently: true }); context.drawImage(canvas, 0, 0); const data = context.getImageData(0, 0, copy.width, copy.height).data; const seen = new Set(); for (let i = 0; i < data.length; i += 4) seen.add(data[i] + ',' + data[i + 1] + ',' + data[i + 2]); return [...seen]; })()");
      const blue = { dark: '55,148,255', light: '26,133,255', contrast: '55,148,255', 'contrast-light': '0,99,211' }[name];
      expect(colours).toContain(blue);
    });
  });

  it('has a low layout for the panel: its lanes in all of the height, its details beside them', async () => {
    await withPage(TimelinePage.exported(browser, run, { viewport: { width: 1240, height: 260 } }), async (timeline) => {
      const [lanes, details] = await Promise.all(['.scroller', '.details'].map((name) => timeline.page.locator(name).boundingBox()));
      expect(lanes?.height).toBeGreaterThan(150);
      expect(details?.x).toBeGreaterThanOrEqual((lanes?.x ?? 0) + (lanes?.width ?? 0));
      await timeline.pointAt(middleOf(call), wallMs, 'Llama');
      await timeline.screenshot('low');
    });
  });

  it('says what the agent’s other time went into, as far as it was seen', async () => {
    const report = reactRun().report;
    const { other } = report.totals.agentMs;
    const seen = { ...report.totals.otherMs, before: other * 0.7, cpu: other * 0.3, unknown: 0 };
    await withPage(TimelinePage.exported(browser, { ...reactRun(), report: { ...report, totals: { ...report.totals, wallMs: other * 4, otherMs: seen } } }), async (timeline) => {
      const list = timeline.page.locator('.details .pairs.inner');
      expect(await list.locator('dt').allTextContents()).toEqual(['before the first call', 'computing']);
      expect(await list.locator('dd').first().textContent()).toMatch(/ {2}18 %$/);
      await timeline.screenshot('other-time');
    });
    // Where nothing of it was seen there is nothing to say.
    await withPage(TimelinePage.exported(browser, { ...reactRun(), report: { ...report, totals: { ...report.totals, otherMs: { ...seen, before: 0, cpu: 0, unknown: other } } } }), async (timeline) => {
      expect(await timeline.details()).toContain('other');
      expect(await timeline.page.locator('.details .pairs.inner').count()).toBe(0);
    });
  });

  it('lays nothing over anything else in a low side panel, but scrolls', async () => {
    await withPage(TimelinePage.hosted(browser, 'sidebar', { viewport: { width: 300, height: 430 } }), async (timeline) => {
      const { page } = timeline;
      await timeline.send({ type: 'document', document: reactRun() });
      await timeline.ready();
      await expect.poll(() => page.locator('.calls.shown li').count()).toBeGreaterThan(0);
      const boxes = await Promise.all(['.header', '.minimap', '.scroller', '.calls', '.details'].map(async (part) => (await page.locator(part).boundingBox())!));
      for (const [k, { y, height }] of boxes.slice(0, -1).entries()) expect(y + height).toBeLessThanOrEqual(boxes[k + 1]!.y + 0.5);
      expect(boxes[3]!.height).toBeGreaterThanOrEqual(80);
      await page.locator('.details').scrollIntoViewIfNeeded();
      await page.locator('.details').getByText('other', { exact: true }).last().scrollIntoViewIfNeeded();
      await timeline.screenshot('narrow-low');
    });
  });

  it('has a narrow layout with the list of calls', async () => {
    await withPage(TimelinePage.exported(browser, run, { viewport: { width: 300, height: 720 } }), async (timeline) => {
      const { page } = timeline;
      await expect.poll(() => page.locator('.calls.shown li').count()).toBe(15);
      await page.locator('.calls.shown li').nth(1).click();
      expect(await timeline.details()).toContain('Tool · measured');
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(300);
      await timeline.screenshot('narrow');
    });
  });
});

/** The run as it was known at a time: later spans missing, running ones without an end. */
function known(time: number): TimelineDocument {
  const spans = run.report.spans.filter((span) => span.startMs <= time).map((span) => ((span.endMs ?? 0) <= time ? span : { ...span, endMs: null, llm: span.llm === null ? null : makeLlm({}) }));
  return {
    report: { ...run.report, spans, run: { ...run.report.run, live: time < wallMs }, totals: { ...run.report.totals, wallMs: time } },
    gpu: run.gpu.filter((segment) => segment.startMs < time).map((segment) => ({ ...segment, endMs: Math.min(segment.endMs, time) })),
  };
}

describe('in the editor', () => {
  it('waits for the host, shows the document, and tells what was selected and opened', async () => {
    await withPage(TimelinePage.hosted(browser, 'tab'), async (timeline) => {
      const { page } = timeline;
      await timeline.waitForPost('ready');
      expect(await page.locator('.state').textContent()).toContain('Waiting for the recording');
      await timeline.send({ type: 'document', document: run });
      await timeline.ready();
      const at = await timeline.pointAt(middleOf(call), wallMs, 'Llama');
      await page.mouse.click(at.x, at.y);
      expect(await timeline.waitForPost('selected')).toEqual({ type: 'selected', span: 'call-1-2' });
      await page.locator('.details .link', { hasText: 'agent.ts:88' }).click();
      expect(await timeline.waitForPost('openSource')).toEqual({ type: 'openSource', span: 'call-1-2', frame: 1 });
      await page.mouse.dblclick(at.x, at.y);
      await expect.poll(() => timeline.waitForPost('openSource')).toEqual({ type: 'openSource', span: 'call-1-2', frame: 0 });
      await page.locator('.details .link', { hasText: 'Copy' }).click();
      expect((await timeline.waitForPost('copy')).text).toContain('Model call meta-llama/Llama-3.1-8B-Instruct');
      await page.locator('vscode-button', { hasText: 'Export' }).click();
      await timeline.waitForPost('export');
      expect(await page.locator('vscode-button', { hasText: 'Open in Tab' }).count()).toBe(0);
      await page.locator('.stage').focus();
      await page.keyboard.press('Enter');
      await expect.poll(async () => (await timeline.posted()).filter((message) => message.type === 'openSource').length).toBe(3);
    });
  });

  it('shares its room between lanes and details as the reader wants it, and keeps that', async () => {
    await withPage(TimelinePage.hosted(browser, 'tab'), async (timeline) => {
      const { page } = timeline;
      const open = async (): Promise<void> => {
        await timeline.send({ type: 'document', document: run });
        await timeline.ready();
      };
      await open();
      const sash = page.getByRole('separator', { name: 'Size of the details' });
      const height = async (): Promise<number> => (await page.locator('.details').boundingBox())?.height ?? 0;
      const usual = await height();
      const edge = await sash.boundingBox();
      if (edge === null) throw new Error('there is no edge to drag');
      await page.mouse.move(edge.x + 300, edge.y + 2);
      await page.mouse.down();
      await page.mouse.move(edge.x + 300, edge.y - 98, { steps: 4 });
      await page.mouse.up();
      await expect.poll(height).toBeCloseTo(usual + 100, -1);
      await page.keyboard.press('ArrowUp');
      await expect.poll(height).toBeCloseTo(usual + 124, -1);
      expect(Number(await sash.getAttribute('aria-valuenow'))).toBeCloseTo(await height(), 0);
      // The lanes keep what they need, however far it is dragged.
      for (let k = 0; k < 40; k++) await page.keyboard.press('ArrowUp');
      await expect.poll(async () => (await page.locator('.stage').boundingBox())?.height ?? 0).toBeGreaterThanOrEqual(119);
      for (let k = 0; k < 3; k++) await page.keyboard.press('ArrowDown');
      const chosen = await height();
      const at = await timeline.pointAt(middleOf(call), wallMs, 'Llama');
      await page.mouse.click(at.x, at.y);
      const texts = await timeline.details();
      expect(texts).toContain('search({"title":"First for Women"})');
      expect(texts).not.toContain('Answer');
      await expect.poll(() => page.evaluate("JSON.parse(sessionStorage.getItem('state') ?? '{}').details?.height ?? null")).toBe(chosen);
      await page.reload();
      await timeline.theme('vscode-dark');
      await open();
      await expect.poll(height).toBe(chosen);
      await sash.dblclick();
      await expect.poll(height).toBe(usual);
    });
  });

  it('says who served and what it had to do, where a call’s phases are from, and hands over what to add to the server', async () => {
    const real: TimelineDocument = {
      ...run,
      report: {
        ...run.report,
        backend: { kind: 'vllm', url: 'http://127.0.0.1:8000/v1', version: '0.32.0', model: 'm', gpu: null, simulated: false, server: { contextTokens: 4096, blockTokens: 16, kvTokens: null, prefixCaching: false, promptTokenDetails: null } },
        server: { readings: 9, mostRunning: 3, mostWaiting: 1, mostKvUse: 0.25, promptTokens: 100, cachedTokens: 40, completionTokens: 10, foreign: { requests: 2, promptTokens: 50, completionTokens: 5, mostRunning: 1, mostWaiting: 0, beside: { ms: 2100, share: 0.34, energyWh: 0.01, evidence: 'estimated' } } },
        warnings: [
          { code: 'cachedTokensUnknown', message: 'Start vLLM with `--enable-prompt-tokens-details`.' },
          { code: 'serverMetricsOff', message: 'Add `return_perf_metrics: true` to its configuration.' },
        ],
        spans: run.report.spans.map((span) => (span.id === 'call-1-2' && span.llm !== null ? { ...span, llm: { ...span.llm, phaseEvidence: 'inferred' as const, phaseSource: 'counters' as const } } : span)),
      },
      gpu: run.gpu.map((segment) => (segment.state === 'decode' ? { ...segment, others: { requests: 1.5, share: 0.4, evidence: 'estimated' as const } } : segment)),
    };
    await withPage(TimelinePage.hosted(browser, 'tab'), async (timeline) => {
      const { page } = timeline;
      await timeline.send({ type: 'document', document: real });
      await timeline.ready();
      const overview = (await page.locator('.details').textContent()) ?? '';
      expect(overview).toContain('vLLM 0.32.0 · context 4.1k tokens · blocks of 16 · prefix cache off');
      expect(overview).toContain('up to 3 running, 1 waiting · KV cache up to 25 % in use · 40 % of all prompts cached · others’: 2 requests · others’ beside calls: ~34 % of the GPU’s work for 2.1 s');
      await page.locator('.details .link', { hasText: 'Copy' }).first().click();
      expect((await timeline.waitForPost('copy')).text).toBe('--enable-prompt-tokens-details');
      await page.locator('.details .link', { hasText: 'Copy' }).nth(1).click();
      await expect.poll(async () => (await timeline.posted()).filter((message) => message.type === 'copy').at(-1)).toMatchObject({ text: 'return_perf_metrics: true' });
      const at = await timeline.pointAt(middleOf(call), wallMs, 'Llama');
      await page.mouse.click(at.x, at.y);
      await expect.poll(() => page.locator('.details').textContent()).toContain('phases inferred, from the server’s counters');
      await timeline.pointAt(middleOf(call), wallMs, 'GPU decode');
      expect(await timeline.tooltip()).toContain('others’ of it~1.5 at once, ~40 % of the work');
    });
  });

  it('selects and reveals what the host asks for, without telling it back', async () => {
    await withPage(TimelinePage.hosted(browser, 'sidebar', { viewport: { width: 900, height: 600 } }), async (timeline) => {
      await timeline.send({ type: 'document', document: run });
      await timeline.ready();
      for (let i = 0; i < 12; i++) await timeline.page.keyboard.press('w');
      await timeline.send({ type: 'select', spans: ['tool-3-1', 'tool-1-1'], reveal: true });
      await expect.poll(() => timeline.details()).toContain('Kiss and Tell');
      await expect.poll(async () => (await timeline.inView()).some((name) => name.includes('Kiss and Tell'))).toBe(true);
      expect((await timeline.posted()).filter((message) => message.type === 'selected')).toEqual([]);
      await timeline.send({ type: 'select', spans: [], reveal: false });
      await expect.poll(() => timeline.details()).toContain('Agent’s time');
      await timeline.page.locator('vscode-button', { hasText: 'Open in Tab' }).click();
      await timeline.waitForPost('openTab');
    });
  });

  it('grows while the run lives, follows its end, and leaves a reader of the past alone', async () => {
    await withPage(TimelinePage.hosted(browser, 'tab'), async (timeline) => {
      const { page } = timeline;
      let document = known(4000);
      const grow = async (time: number): Promise<void> => {
        const next = known(time);
        const { spans, ...head } = next.report;
        const gpuFrom = Math.max(0, document.gpu.length - 1);
        await timeline.send({ type: 'update', update: { report: head, spans: spans.filter((span) => (span.endMs ?? Infinity) > document.report.totals.wallMs), removed: [], gpuFrom, gpu: next.gpu.slice(gpuFrom) } });
        document = next;
      };
      await timeline.send({ type: 'document', document });
      await timeline.ready();
      expect(await page.locator('.badge.live').count()).toBe(1);
      await timeline.screenshot('live');
      await grow(9000);
      await expect.poll(async () => (await timeline.inView()).some((name) => name.includes('Scott Derrickson'))).toBe(true);
      for (let i = 0; i < 6; i++) await page.keyboard.press('w');
      for (let i = 0; i < 40; i++) await page.keyboard.press('a');
      await expect.poll(async () => (await timeline.inView()).some((name) => name.includes('Scott Derrickson'))).toBe(false);
      // The list follows the view a moment later: it is at rest when two readings, far apart against that moment, agree.
      let past: string[] = [];
      await expect.poll(async () => JSON.stringify(past) === JSON.stringify((past = await timeline.inView())), { interval: 1000 }).toBe(true);
      await grow(15_000);
      await grow(wallMs);
      await expect.poll(() => page.locator('.badge.live').count()).toBe(0);
      await expect.poll(() => timeline.inView()).toEqual(past);
      await page.keyboard.press('f');
      await expect.poll(async () => (await timeline.inView()).length).toBe(run.report.spans.length);
    });
  });

  it('keeps zoom, selection and search when its page is made anew', async () => {
    await withPage(TimelinePage.hosted(browser, 'tab'), async (timeline) => {
      const { page } = timeline;
      await timeline.send({ type: 'document', document: run });
      await timeline.ready();
      await timeline.send({ type: 'select', spans: ['call-2-1'], reveal: false });
      for (let i = 0; i < 5; i++) await page.keyboard.press('w');
      await expect.poll(async () => (await timeline.inView()).length).toBeLessThan(12);
      await expect.poll(() => page.evaluate("(() => { const { range } = JSON.parse(sessionStorage.getItem('state') ?? '{}'); return range ? range.end - range.start : null; })()")).toBeLessThan(6000);
      const before = await timeline.inView();
      await page.reload();
      await timeline.theme('vscode-dark');
      await timeline.send({ type: 'document', document: run });
      await timeline.ready();
      await expect.poll(() => timeline.inView()).toEqual(before);
      expect(await timeline.details()).toContain('Model call');
    });
  });

  it('says what is missing, and offers the one thing to do', async () => {
    await withPage(TimelinePage.hosted(browser, 'sidebar', { viewport: { width: 320, height: 500 } }), async (timeline) => {
      await timeline.send({ type: 'empty', message: 'No run yet', detail: 'Open an agent and press the flame <b>button</b>.', canProfile: true });
      expect(await timeline.page.locator('.state').innerText()).toContain('flame <b>button</b>');
      await timeline.screenshot('empty');
      await timeline.page.locator('vscode-button', { hasText: 'Profile Active File' }).click();
      await timeline.waitForPost('profileActiveFile');
      await timeline.send({ type: 'document', document: { report: { ...run.report, spans: [] }, gpu: [] } });
      await expect.poll(() => timeline.page.locator('.notice').textContent()).toContain('No call to a model');
    });
  });

  it('takes on another theme at once', async () => {
    await withPage(TimelinePage.hosted(browser, 'tab'), async (timeline) => {
      await timeline.send({ type: 'document', document: run });
      await timeline.ready();
      // Text on an opaque ground has fringes of any colour: a fill is more than a few pixels.
      const has = async (colour: string): Promise<boolean> =>
        (await timeline.page.evaluate<number>(`(() => { const canvas = document.querySelector('canvas.lanes'); const copy = document.createElement('canvas'); copy.width = canvas.width; copy.height = canvas.height; const context = copy.getContext('2d', { willReadFrequently: true }); context.drawImage(canvas, 0, 0); const data = context.getImageData(0, 0, copy.width, copy.height).data; let count = 0; for (let i = 0; i < data.length; i += 4) if (data[i] + ',' + data[i + 1] + ',' + data[i + 2] === '${colour}') count++; return count; })()`)) > 100;
      expect(await has('55,148,255')).toBe(true);
      await timeline.theme('vscode-light');
      await expect.poll(() => has('26,133,255')).toBe(true);
      expect(await has('55,148,255')).toBe(false);
    });
  });
});
