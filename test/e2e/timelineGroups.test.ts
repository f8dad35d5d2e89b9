/** Several servers and GPUs as groups of lanes: seen, explained, and arranged by pointer and by keyboard. */
import { describe, expect, it } from 'vitest';
import { BIG, groupedRun, SMALL } from '../fixtures/groupedRun.ts';
import { browser } from './timelineBrowser.ts';
import { TimelinePage, withPage } from './timelinePage.ts';

const run = groupedRun();
const { wallMs } = run.report.totals;
const all = ['request', 'agent', 'llm', 'tools', 'gpu', 'power', BIG, `${BIG}: gpu`, SMALL, `${SMALL}: gpu`, 'GPUs', 'GPUs: GPU 0', 'GPUs: GPU 1', 'GPUs: GPU 2', 'GPUs: GPU 3'];
const shown = (timeline: TimelinePage): Promise<string[]> => timeline.page.evaluate("[...document.querySelectorAll('.lane-names button')].map((node) => node.getAttribute('aria-label'))");
const name = (timeline: TimelinePage, label: string) => timeline.page.locator(`.lane-names button[aria-label^=${JSON.stringify(label)}]`).first();

/** A place in a lane at a time of the run. */
async function placeIn(timeline: TimelinePage, label: string, time: number): Promise<{ x: number; y: number }> {
  const box = await name(timeline, label).boundingBox();
  const area = await timeline.timeArea();
  if (box === null) throw new Error(`the lane ${label} is not shown`);
  return { x: area.left + (time / (wallMs * 1.01)) * (area.right - area.left), y: box.y + box.height - 6 };
}

const tall = { viewport: { width: 1180, height: 900 } };

describe('groups of lanes', () => {
  it.each([
    ['dark', { colorScheme: 'dark' }],
    ['light', { colorScheme: 'light' }],
    ['contrast', { colorScheme: 'dark', contrast: 'more' }],
  ] as const)('are drawn in the %s theme, and explain what is pointed at', async (theme, options) => {
    await withPage(TimelinePage.exported(browser, run, { ...options, ...tall }), async (timeline) => {
      const { page } = timeline;
      expect(await shown(timeline)).toEqual(all);
      await timeline.screenshot(`groups-${theme}`);
      // The first server writes while the second one still waits.
      const busy = await placeIn(timeline, `${BIG}: gpu`, 400);
      await page.mouse.move(busy.x, busy.y);
      await expect.poll(() => timeline.tooltip()).toContain(`${BIG} decode`);
      const waits = await placeIn(timeline, `${SMALL}: gpu`, 400);
      await page.mouse.click(waits.x, waits.y);
      await expect.poll(() => timeline.details()).toContain(`${SMALL} idle`);
      expect(await timeline.details()).toContain('qwen3-32b');
      const third = await placeIn(timeline, 'GPUs: GPU 2', 900);
      await page.mouse.move(third.x, third.y);
      await expect.poll(() => timeline.tooltip()).toMatch(/GPU 2power3\d\d WWhich server used it is not known/);
      // A region has each of them apart.
      const from = await placeIn(timeline, `${BIG}: gpu`, 100);
      const to = await placeIn(timeline, `${BIG}: gpu`, 1500);
      await page.keyboard.down('Shift');
      await page.mouse.move(from.x, from.y);
      await page.mouse.down();
      await page.mouse.move(to.x, to.y, { steps: 4 });
      await page.mouse.up();
      await page.keyboard.up('Shift');
      await expect.poll(() => timeline.details()).toContain('Drawn by each GPU');
      const headings = await page.locator('.details h2').allTextContents();
      expect(headings).toEqual(expect.arrayContaining([BIG, SMALL]));
    });
  });

  it('fold, move, pin and hide by pointer, and are remembered', async () => {
    await withPage(TimelinePage.hosted(browser, 'tab', tall), async (timeline) => {
      const { page } = timeline;
      const open = async (): Promise<void> => {
        await timeline.send({ type: 'document', document: run });
        await timeline.ready();
      };
      await open();
      await name(timeline, 'GPUs').click();
      await expect.poll(() => shown(timeline)).toContain('GPUs, folded');
      expect(await shown(timeline)).not.toContain('GPUs: GPU 0');
      // Folded, its head shows what they drew together.
      const strip = await placeIn(timeline, 'GPUs', 900);
      await page.mouse.move(strip.x, strip.y + 3);
      await expect.poll(() => timeline.tooltip()).toContain('power');
      const [small, big] = [await name(timeline, SMALL).boundingBox(), await name(timeline, BIG).boundingBox()];
      if (small === null || big === null) throw new Error('the groups have no names');
      await page.mouse.move(small.x + 20, small.y + 6);
      await page.mouse.down();
      await page.mouse.move(big.x + 20, big.y + 2, { steps: 4 });
      await page.mouse.up();
      const order = async (): Promise<string[]> => (await shown(timeline)).filter((label) => label.startsWith('localhost'));
      await expect.poll(order).toEqual([SMALL, `${SMALL}: gpu`, BIG, `${BIG}: gpu`]);
      await name(timeline, BIG).click({ button: 'right' });
      await page.getByRole('menuitemcheckbox', { name: 'Pinned to the top' }).click();
      await expect.poll(async () => (await shown(timeline)).slice(0, 2)).toEqual([`${BIG}, pinned`, `${BIG}: gpu, pinned`]);
      await name(timeline, SMALL).click({ button: 'right' });
      await page.getByRole('menuitem', { name: 'Hide' }).click();
      await expect.poll(order).toEqual([`${BIG}, pinned`, `${BIG}: gpu, pinned`]);
      const chosen = await shown(timeline);
      await timeline.screenshot('groups-arranged');
      await expect.poll(() => page.evaluate("JSON.parse(sessionStorage.getItem('state') ?? '{}').lanes?.hidden?.length ?? 0")).toBe(1);
      await page.reload();
      await timeline.theme('vscode-dark');
      await open();
      await expect.poll(() => shown(timeline)).toEqual(chosen);
      await page.locator('.lanes-button').click();
      await page.getByRole('menuitem', { name: 'Reset' }).click();
      await expect.poll(() => shown(timeline)).toEqual(all);
    });
  });

  it('do all of that by keyboard', async () => {
    await withPage(TimelinePage.exported(browser, run, tall), async (timeline) => {
      const { page } = timeline;
      const press = async (...keys: string[]): Promise<void> => {
        for (const key of keys) await page.keyboard.press(key);
      };
      const before = await shown(timeline);
      await name(timeline, BIG).focus();
      await press('Enter');
      await expect.poll(() => shown(timeline)).toContain(`${BIG}, folded`);
      await press('Enter', 'Alt+ArrowDown');
      const order = async (): Promise<string[]> => (await shown(timeline)).filter((label) => label.startsWith('localhost'));
      await expect.poll(order).toEqual([SMALL, `${SMALL}: gpu`, BIG, `${BIG}: gpu`]);
      await press('Alt+ArrowUp', 'p');
      await expect.poll(async () => (await shown(timeline))[0]).toBe(`${BIG}, pinned`);
      await press('p');
      await expect.poll(() => shown(timeline)).toEqual(before);
      // Within its group only.
      await name(timeline, 'GPUs: GPU 1').focus();
      await press('Alt+ArrowUp', 'Alt+ArrowUp', 'Alt+ArrowUp');
      await expect.poll(async () => (await shown(timeline)).slice(-4)).toEqual(['GPUs: GPU 1', 'GPUs: GPU 0', 'GPUs: GPU 2', 'GPUs: GPU 3']);
      await press('Delete');
      await expect.poll(() => shown(timeline)).not.toContain('GPUs: GPU 1');
      // The menu brings it back.
      await page.locator('.lanes-button').focus();
      await press('Enter');
      await page.getByRole('menuitemcheckbox', { name: 'GPUs: GPU 1' }).focus();
      await press('Enter');
      await expect.poll(() => shown(timeline)).toContain('GPUs: GPU 1');
    });
  });

  it('are not there where there is one server and one GPU', async () => {
    await withPage(TimelinePage.exported(browser, groupedRun({ servers: [BIG], gpus: 1 })), async (timeline) => {
      expect(await shown(timeline)).toEqual(['request', 'agent', 'llm', 'tools', 'gpu', 'power']);
    });
  });
});
