/** Ticks on an answer’s bar: asked of the editor, or in the page, once they can be told apart. */
import { describe, expect, it } from 'vitest';
import { analyze } from '../../src/analysis/analyze.ts';
import { promptTable } from '../../src/analysis/prompts.ts';
import { readRecording } from '../../src/profile/readRecording.ts';
import { call, callEnd, end, header, recordingText } from '../unit/recordingLines.ts';
import { browser } from './timelineBrowser.ts';
import { TimelinePage, withPage } from './timelinePage.ts';

const TOKENS = 40;
const profile = readRecording(
  recordingText(
    header(),
    call('short', 0),
    callEnd('short', 1000, { firstTokenAt: 200, chunkGaps: [0, ...new Array<number>(TOKENS - 1).fill(20)], usage: { promptTokens: 100, cachedTokens: 0, completionTokens: TOKENS, reasoningTokens: null } }),
    call('far', 60_000),
    callEnd('far', 61_000),
    end(61_000),
  ),
);
const run = analyze(profile);
const prompts = promptTable(profile.calls);

/** How often a line of pixels that is an answer's bar for the most part changes its colour, in the middle half of the canvas. */
const CHANGES = `(() => {
  const canvas = document.querySelector('canvas.lanes');
  const copy = Object.assign(document.createElement('canvas'), { width: canvas.width, height: canvas.height });
  const context = copy.getContext('2d', { willReadFrequently: true });
  context.drawImage(canvas, 0, 0);
  let most = 0;
  for (let y = 0; y < canvas.height; y++) {
    const line = context.getImageData(0, y, canvas.width, 1).data;
    let changes = 0;
    let bar = 0;
    const [from, to] = [Math.round(canvas.width / 4), Math.round(canvas.width * 3 / 4)];
    for (let x = from; x < to; x++) {
      if (line[4 * x] === 55 && line[4 * x + 1] === 148 && line[4 * x + 2] === 255) bar++;
      if (Math.abs(line[4 * x] - line[4 * x - 4]) > 60) changes++;
    }
    if (bar > (to - from) / 2) most = Math.max(most, changes);
  }
  return most;
})()`;

describe('the pieces of an answer', () => {
  it('have their ticks when the editor has told when they came', async () => {
    await withPage(TimelinePage.hosted(browser, 'tab', { viewport: { width: 1280, height: 800 } }), async (timeline) => {
      await timeline.waitForPost('ready');
      await timeline.send({ type: 'document', document: run });
      await timeline.ready();
      // At a minute to the screen they would be one grey line.
      expect((await timeline.posted()).some(({ type }) => type === 'chunks')).toBe(false);
      await timeline.send({ type: 'select', spans: ['short'], reveal: true });
      await timeline.page.locator('.stage').focus();
      await timeline.page.keyboard.press('z');
      expect(await timeline.waitForPost('chunks')).toEqual({ type: 'chunks', span: 'short' });
      await timeline.settled();
      const before = await timeline.page.evaluate<number>(CHANGES);
      await timeline.send({ type: 'chunks', span: 'short', gaps: prompts.calls[0]!.chunkGaps });
      // About half of them are in the middle half, each with two edges.
      await expect.poll(() => timeline.page.evaluate<number>(CHANGES)).toBeGreaterThan(before + TOKENS / 4);
      await timeline.screenshot('ticks');
      await timeline.settled();
      expect((await timeline.posted()).filter(({ type }) => type === 'chunks')).toHaveLength(1);
    });
  });

  it('have them in an exported page, too', async () => {
    await withPage(TimelinePage.exported(browser, run, { viewport: { width: 1280, height: 800 } }, prompts), async (timeline) => {
      const { page } = timeline;
      await page.locator('.stage').focus();
      for (let press = 0; press < 2; press++) await page.keyboard.press('ArrowLeft');
      await page.keyboard.press('z');
      await timeline.settled();
      await timeline.screenshot('ticks-exported');
      await expect.poll(() => page.evaluate<number>(CHANGES)).toBeGreaterThan(TOKENS / 2);
    });
  });
});
