/** What is exported for speedscope, read by speedscope itself: its own page, from its package, in a browser. */
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import type { Browser, Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { toFoldedStacks } from '../../src/profile/exportFolded.ts';
import { toPerfettoJson } from '../../src/profile/exportPerfetto.ts';
import { toSpeedscopeJson } from '../../src/profile/exportSpeedscope.ts';
import { hostileRun, reactRun } from '../fixtures/timelineDocuments.ts';
import { launchBrowser } from './browser.ts';

const page = pathToFileURL(createRequire(import.meta.url).resolve('speedscope/dist/release/index.html')).href;
let browser: Browser;

beforeAll(async () => {
  browser = await launchBrowser();
});
afterAll(() => browser.close());

/** Opens a file there; shows the table of frames, with total and own cost of each. */
async function opened(name: string, text: string): Promise<{ page: Page; failures: string[] }> {
  const speedscope = await browser.newPage();
  const failures: string[] = [];
  speedscope.on('pageerror', (error) => failures.push(error.message));
  speedscope.on('dialog', (dialog) => {
    failures.push(dialog.message());
    void dialog.dismiss();
  });
  await speedscope.goto(page);
  await speedscope.locator('input[type=file]').setInputFiles({ name, mimeType: 'application/json', buffer: Buffer.from(text) });
  await speedscope.getByText('Sandwich').click();
  await table(speedscope).first().waitFor();
  return { page: speedscope, failures };
}

/** The rows of the table of frames, which is the last: others are its head and the list of the file's profiles. */
function table(speedscope: Page): Locator {
  return speedscope.locator('table').last().locator('tr');
}

/** Each frame's row: total, own, name. */
async function rows(speedscope: Page): Promise<string[]> {
  return (await table(speedscope).allInnerTexts()).map((text) => text.replace(/\s+/g, ' ').trim());
}

it('opens a run: lanes by time, and the cost of each line', async () => {
  const { page: speedscope, failures } = await opened('run.speedscope.json', toSpeedscopeJson(reactRun(), 'agent-cost test'));
  await speedscope.getByText('(1/6)').waitFor();
  await expect.poll(() => rows(speedscope)).toContainEqual(expect.stringMatching(/llm chat$/));
  // The next profiles are the GPU's states, and time by line.
  await speedscope.keyboard.press('n');
  await expect.poll(() => rows(speedscope)).toContainEqual(expect.stringMatching(/GPU decode$/));
  await speedscope.keyboard.press('n');
  await expect.poll(() => rows(speedscope)).toContainEqual(expect.stringMatching(/think agent\.ts:57$/));
  expect(failures).toEqual([]);
});

it('opens folded stacks and the trace for Perfetto, too', async () => {
  const folded = await opened('run.folded', toFoldedStacks(reactRun(), 'tokens'));
  await expect.poll(() => rows(folded.page)).toContainEqual(expect.stringMatching(/llm chat$/));
  // The outermost frame holds all tokens.
  const { totals } = reactRun().report;
  const all = (await rows(folded.page)).find((row) => row.endsWith('main agent.ts:131'))!;
  expect(all.replaceAll(',', '')).toContain(String(totals.promptTokens! + totals.completionTokens!));
  const trace = await opened('run.perfetto.json', toPerfettoJson(reactRun()));
  await expect.poll(() => rows(trace.page)).not.toEqual([]);
  expect([...folded.failures, ...trace.failures]).toEqual([]);
});

it('opens hostile names as text', async () => {
  const { page: speedscope, failures } = await opened('run.speedscope.json', toSpeedscopeJson(hostileRun(), 'agent-cost test'));
  expect((await rows(speedscope)).length).toBeGreaterThan(1);
  expect(await speedscope.evaluate('window.pwned')).toBeUndefined();
  expect(failures).toEqual([]);
});
