/**
 * The drawings in three themes and at two densities, pixel by pixel, held against pictures that were looked at. Without texts,
 * which each machine's fonts draw in their own way: a text takes 6 pixels a letter, and none is drawn.
 *
 * `npm run pictures` keeps the drawings of now; look at them before they are committed.
 */
import { expect, it } from 'vitest';
import { groupedRun } from '../fixtures/groupedRun.ts';
import { bigRun, reactRun } from '../fixtures/timelineDocuments.ts';
import { keepPicture, pictureTrouble } from './pictures.ts';
import { browser } from './timelineBrowser.ts';
import { TimelinePage, withPage } from './timelinePage.ts';

const THEMES = {
  dark: { colorScheme: 'dark', contrast: 'no-preference' },
  light: { colorScheme: 'light', contrast: 'no-preference' },
  contrast: { colorScheme: 'dark', contrast: 'more' },
} as const;

const WITHOUT_TEXT = `
  for (const kind of [CanvasRenderingContext2D, OffscreenCanvasRenderingContext2D]) {
    kind.prototype.fillText = () => undefined;
    kind.prototype.measureText = (text) => ({ width: 6 * text.length });
  }`;

/** One size whatever the fonts around the drawings are. */
const FIXED = `(() => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync('.stage, .flame-scroller { flex: none !important; width: 480px !important; height: 340px !important; min-height: 0 !important; }');
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
})()`;

/** The canvases that are seen, put together as they are on screen. */
const PICTURE = `(() => {
  const shown = [...document.querySelectorAll('.minimap canvas, canvas.lanes, canvas.overlay, .flame-scroller canvas')].filter((canvas) => canvas.checkVisibility() && canvas.width > 0);
  const map = shown.find((canvas) => canvas.parentElement.classList.contains('minimap'));
  const rest = shown.filter((canvas) => canvas !== map);
  const picture = Object.assign(document.createElement('canvas'), { width: Math.max(...shown.map((canvas) => canvas.width)), height: (map?.height ?? 0) + Math.max(...rest.map((canvas) => canvas.height)) });
  const context = picture.getContext('2d');
  context.fillStyle = getComputedStyle(document.body).backgroundColor;
  context.fillRect(0, 0, picture.width, picture.height);
  if (map !== undefined) context.drawImage(map, picture.width - map.width, 0);
  for (const canvas of rest) context.drawImage(canvas, 0, map?.height ?? 0);
  return picture.toDataURL('image/png');
})()`;

async function hold(timeline: TimelinePage, name: string): Promise<void> {
  const { page } = timeline;
  for (const [theme, media] of Object.entries(THEMES)) {
    await page.emulateMedia(media);
    await timeline.settled();
    const made = Buffer.from((await page.evaluate<string>(PICTURE)).split(',')[1] ?? '', 'base64');
    const full = `${name}-${theme}`;
    if (expect.getState().snapshotState.snapshotUpdateState === 'all') keepPicture(full, made);
    expect.soft(pictureTrouble(full, made)).toBeNull();
  }
}

const documents = { run: reactRun(), groups: groupedRun(), dense: bigRun(4000) };

for (const density of [1, 2])
  it.each(['run', 'groups', 'dense'] as const)(`the drawings of a run (%s) at ${density} pixels a point are those that were looked at`, async (name) => {
    await withPage(TimelinePage.exported(browser, documents[name], { viewport: { width: 720, height: 760 }, deviceScaleFactor: density }, null, WITHOUT_TEXT), async (timeline) => {
      const { page } = timeline;
      await page.evaluate(FIXED);
      await timeline.settled();
      await page.locator('.stage').focus();
      // A call, with its energy; the groups, which are below; the dense one's calls, which are below its steps.
      if (name === 'run') for (const key of ['ArrowRight', 'ArrowRight', 'ArrowRight']) await page.keyboard.press(key);
      if (name === 'groups') {
        await page.keyboard.press('w');
        await page.evaluate("document.querySelector('.scroller').scrollTop = 1e6");
      }
      if (name === 'dense') {
        await page.locator('.lane-names button', { hasText: 'agent' }).focus();
        await page.keyboard.press('Enter');
        await page.locator('.stage').focus();
      }
      await timeline.settled();
      await hold(timeline, `${name}-${density}x`);
      if (name !== 'run') return;
      await page.keyboard.press('2');
      await page.locator('.flame-scroller').waitFor({ state: 'visible' });
      await timeline.settled();
      await hold(timeline, `flame-${density}x`);
    });
  });
