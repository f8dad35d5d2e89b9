/** A long recording while it is read: what has been read is a picture already, that grows, keeps the reader's place, and becomes the document. */
import { describe, expect, it } from 'vitest';
import { browser } from './timelineBrowser.ts';
import { TimelinePage } from './timelinePage.ts';
import { headOf } from '../../src/protocol/packDocument.ts';
import { SpanPacker } from '../../src/protocol/packSpans.ts';
import { bigRun } from '../fixtures/timelineDocuments.ts';
import type { ReportSpan } from '../../src/profile/report.ts';
import type { TimelineDocument } from '../../src/protocol/webview.ts';

const document = bigRun(6000);

/** The editor's part while a recording is read: its calls and tools, in order of start, a share of them at a time. */
class Reading {
  private readonly packer = new SpanPacker();
  private readonly spans: ReportSpan[];
  private sent = 0;
  private readonly timeline: TimelinePage;

  constructor(timeline: TimelinePage, { report }: TimelineDocument) {
    this.timeline = timeline;
    this.spans = report.spans.filter(({ kind }) => kind === 'llm' || kind === 'tool').map((span) => ({ ...span, parent: null }));
  }

  async begin(): Promise<void> {
    const report = { ...document.report, spans: [], totals: { ...document.report.totals, wallMs: 0, requests: 0, llmCalls: 0, toolCalls: 0 } };
    await this.timeline.send({ type: 'begin', head: headOf(report), spans: 0, gpu: 0, parts: [], reading: true });
  }

  async upTo(share: number, said: number | null = share): Promise<void> {
    const until = Math.round(this.spans.length * share);
    for (const slice of this.packer.add(this.spans.slice(this.sent, until))) await this.timeline.send({ type: 'slice', spans: slice, gpu: null, share: said });
    this.sent = until;
  }
}

async function used(use: (timeline: TimelinePage, reading: Reading) => Promise<void>): Promise<void> {
  const timeline = await TimelinePage.hosted(browser, 'tab');
  try {
    await use(timeline, new Reading(timeline, document));
    expect(timeline.trouble).toEqual([]);
  } finally {
    await timeline.close();
  }
}

describe('a recording that is being read', () => {
  it('is a picture from its first spans on, that says that it grows and has no sums yet', async () => {
    await used(async (timeline, reading) => {
      const { page } = timeline;
      await reading.begin();
      await reading.upTo(0.1);
      await expect.poll(async () => (await timeline.inView()).length).toBeGreaterThan(5);
      expect(await page.locator('main').getAttribute('aria-busy')).toBe('true');
      await expect.poll(() => page.locator('progress.reading').getAttribute('value')).toBe('0.1');
      const header = await page.locator('.header').textContent();
      expect(header).toContain('reading the recording…');
      expect(header).not.toMatch(/0 requests|incomplete/);
      expect(await timeline.details()).toBe('Sums are there when all of the recording has been read.');
      await timeline.screenshot('being-read');
      await reading.upTo(1, null);
      // All is read, and is being analysed: nobody knows for how long.
      await expect.poll(() => page.locator('progress.reading').getAttribute('value')).toBeNull();
      await timeline.send({ type: 'document', document });
      await timeline.ready();
      expect(await page.locator('progress.reading').isVisible()).toBe(false);
      expect(await page.locator('.header').textContent()).not.toContain('reading');
    });
  });

  it('keeps the place of a reader who has gone to one, by keyboard and by pointer', async () => {
    for (const go of ['keyboard', 'pointer'] as const)
      await used(async (timeline, reading) => {
        const { page } = timeline;
        const range = async (): Promise<{ start: number; end: number } | null> => (await page.evaluate<{ range: { start: number; end: number } | null } | null>("JSON.parse(sessionStorage.getItem('state') ?? 'null')"))?.range ?? null;
        const { wallMs } = document.report.totals;
        const press = async (key: string): Promise<void> => {
          const before = await range();
          await page.keyboard.press(key);
          await expect.poll(range).not.toEqual(before);
        };
        await reading.begin();
        await reading.upTo(0.3);
        await expect.poll(async () => (await timeline.inView()).length).toBeGreaterThan(5);
        if (go === 'keyboard') {
          await page.locator('.stage').focus();
          for (const key of ['w', 'w', 'w', 'w', 'w', 'w']) await page.keyboard.press(key);
        } else {
          const { left, right, top } = await timeline.timeArea();
          await page.mouse.move((left + right) / 2, top + 40);
          for (let turn = 0; turn < 6; turn++) await page.mouse.wheel(0, -240);
          await page.locator('.stage').focus();
        }
        await expect.poll(async () => (await range())?.start ?? 0).toBeGreaterThan(0);
        await reading.upTo(1, null);
        await expect.poll(() => page.locator('progress.reading').getAttribute('value')).toBeNull();
        await press('a');
        expect((await range())?.end).toBeLessThan(wallMs * 0.35);
        await timeline.send({ type: 'document', document });
        await timeline.ready();
        await press('a');
        expect((await range())?.end).toBeLessThan(wallMs * 0.35);
      });
  });
});
