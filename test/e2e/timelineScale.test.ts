/** Sizes that nobody planned for, in the page: it opens, says what it can, and stays of use. */
import { describe, expect, it } from 'vitest';
import { browser } from './timelineBrowser.ts';
import { TimelinePage } from './timelinePage.ts';
import { bigRun, makeLlm, makeReport, makeSpan } from '../fixtures/timelineDocuments.ts';
import type { ReportSpan } from '../../src/profile/report.ts';
import type { TimelineDocument } from '../../src/protocol/webview.ts';

/** Opens the document as an exported page and uses it. No error, and no span of any name longer than a line in the tree. */
async function opened(document: TimelineDocument, use: (timeline: TimelinePage) => Promise<void>): Promise<void> {
  const timeline = await TimelinePage.exported(browser, document);
  try {
    await use(timeline);
    expect(timeline.trouble).toEqual([]);
    for (const name of await timeline.inView()) expect(name.length).toBeLessThan(1000);
  } finally {
    await timeline.close();
  }
}

async function walk(timeline: TimelinePage): Promise<void> {
  await timeline.page.locator('.stage').focus();
  for (const key of ['ArrowRight', 'ArrowUp', 'ArrowRight', 'ArrowDown', 'ArrowDown', 'ArrowLeft', 'w', 'd', 's', 'f']) await timeline.page.keyboard.press(key);
}

describe('a recording of hostile size', () => {
  it('with an answer of 50 MB is shown, with the beginning of the answer', async () => {
    const call = makeSpan({ id: 'huge', kind: 'llm', name: 'chat', startMs: 5, endMs: 800, llm: makeLlm({ promptText: 'Say it all.', answerText: `It begins here. ${'more '.repeat(10_000_000)}` }) });
    await opened({ report: makeReport([call], 1000), gpu: [] }, async (timeline) => {
      await walk(timeline);
      const details = await timeline.details();
      expect(details).toContain('It begins here.');
      expect(details.length).toBeLessThan(200_000);
    });
  });

  it('with 10,000 tools and names of a megabyte is shown', async () => {
    const spans: ReportSpan[] = [];
    for (let k = 0; k < 10_000; k++) {
      const name = k < 3 ? `${k}${'n'.repeat(1_000_000)}` : `tool ${k}`;
      spans.push(makeSpan({ id: `t${k}`, kind: 'tool', name, startMs: k * 10, endMs: k * 10 + 8, tool: { name, callId: null, detail: null, argumentBytes: null, resultBytes: 1, idleBlameMs: null, idleEnergyWh: null } }));
    }
    await opened({ report: makeReport(spans, 100_000), gpu: [] }, async (timeline) => {
      await walk(timeline);
      await timeline.page.keyboard.press('/');
      await timeline.page.keyboard.type('tool:9999');
      await expect.poll(() => timeline.page.locator('.count').textContent()).toBe('1 found');
    });
  });

  it('with parents in circles, times that go back, and 2,000 spans at once is shown', async () => {
    const spans: ReportSpan[] = [];
    for (let k = 0; k < 2000; k++) spans.push(makeSpan({ id: `p${k}`, parent: `p${(k + 1) % 2000}`, kind: k % 2 === 0 ? 'step' : 'other', name: `round ${k}`, startMs: 10 + (k % 7) - k, endMs: 900 - k * 3 }));
    await opened({ report: makeReport(spans, 1000), gpu: [] }, async (timeline) => {
      await walk(timeline);
      expect((await timeline.inView()).length).toBeGreaterThan(0);
    });
  });

  it('with 150,000 spans can be searched and zoomed into', async () => {
    await opened(bigRun(150_000), async (timeline) => {
      const { page } = timeline;
      await page.keyboard.press('/');
      await page.keyboard.type('kind:tool error');
      await expect.poll(() => page.locator('.count').textContent()).toMatch(/^\d+ found$/);
      await page.keyboard.press('Enter');
      await expect.poll(() => timeline.details()).toContain('failed');
    });
  });
});

describe('in the editor', () => {
  it('a long recording is drawn before all of it has come, with its progress', async () => {
    const timeline = await TimelinePage.hosted(browser, 'tab');
    try {
      const { page } = timeline;
      await timeline.sendUntil({ type: 'document', document: bigRun(30_000) }, (part) => part.type !== 'end');
      await expect.poll(() => page.locator('main').getAttribute('aria-busy')).toBe('true');
      await expect.poll(() => page.locator('progress.reading').isVisible()).toBe(true);
      expect(await page.locator('.header').textContent()).toContain('react-hotpot');
      await expect.poll(async () => (await timeline.inView()).length).toBeGreaterThan(10);
      await timeline.screenshot('reading');
      await timeline.sendRest();
      await timeline.ready();
      expect(await page.locator('progress.reading').isVisible()).toBe(false);
      expect(timeline.trouble).toEqual([]);
    } finally {
      await timeline.close();
    }
  });
});
