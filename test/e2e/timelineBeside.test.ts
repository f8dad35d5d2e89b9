/** A timeline beside another run’s, in an editor of two: one scale of time, moved together, and what changed. */
import { expect, it } from 'vitest';
import { reactRun } from '../fixtures/timelineDocuments.ts';
import type { Beside } from '../../src/protocol/webview.ts';
import { browser } from './timelineBrowser.ts';
import { TimelinePage, withPage } from './timelinePage.ts';

const run = reactRun();
const { wallMs } = run.report.totals;
const other: Beside = { name: 'yesterday <b>', wallMs: wallMs * 2, isBefore: true, changes: [{ label: 'time', text: '42.8 s → 21.4 s (−50 %)' }, { label: 'LLM calls', text: '9 in both' }] };

/** Where the lanes end: the last column of pixels that is no background, as a share of the drawing's width. */
const DRAWN = `(() => {
  const canvas = document.querySelector('canvas.lanes');
  const copy = Object.assign(document.createElement('canvas'), { width: canvas.width, height: canvas.height });
  const context = copy.getContext('2d', { willReadFrequently: true });
  context.drawImage(canvas, 0, 0);
  const { data } = context.getImageData(0, 30, canvas.width, 24);
  let last = 0;
  for (let y = 8; y < 14; y++) for (let x = 90; x < canvas.width; x++) if (Math.abs(data[4 * (y * canvas.width + x)] - 31) > 22) last = Math.max(last, x);
  return (last - 76) / (canvas.width - 86);
})()`;

it('shares the scale and the stretch that is shown with the other, and says what changed', async () => {
  await withPage(TimelinePage.hosted(browser, 'tab'), async (timeline) => {
    const { page } = timeline;
    await timeline.send({ type: 'document', document: run });
    await timeline.ready();
    const bar = page.locator('.beside');
    expect(await bar.isVisible()).toBe(false);
    await expect.poll(() => page.evaluate<number>(DRAWN)).toBeGreaterThan(0.95);
    await timeline.send({ type: 'beside', other });
    await bar.waitFor({ state: 'visible' });
    expect(await bar.textContent()).toBe('after yesterday <b>time 42.8 s → 21.4 s (−50 %)LLM calls 9 in bothLine by line');
    // The run is half as long as the other one.
    await expect.poll(() => page.evaluate<number>(DRAWN)).toBeLessThan(0.52);
    await timeline.screenshot('beside');
    // What is shown here is told, and what the other shows is shown here without telling it back.
    await page.locator('.stage').focus();
    await page.keyboard.press('w');
    const zoomed = await timeline.waitForPost('range');
    expect(zoomed.end - zoomed.start).toBeLessThan(wallMs * 2);
    await timeline.send({ type: 'range', start: 0, end: wallMs });
    await expect.poll(() => page.evaluate<number>(DRAWN)).toBeGreaterThan(0.95);
    expect(await timeline.waitForPost('range')).toEqual(zoomed);
    await page.keyboard.press('f');
    await expect.poll(async () => (await timeline.waitForPost('range')).end).toBeCloseTo(wallMs * 2.02, 3);
    await bar.getByText('Line by line').click();
    await timeline.waitForPost('compare');
    await timeline.send({ type: 'beside', other: null });
    await bar.waitFor({ state: 'hidden' });
    await expect.poll(() => page.evaluate<number>(DRAWN)).toBeGreaterThan(0.95);
  });
});
