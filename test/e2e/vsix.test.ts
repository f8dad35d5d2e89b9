/**
 * The packaged extension as a user has it: installed from the .vsix into a real VS Code, agents profiled with the play
 * button, lenses and timelines clicked. Leaves screenshots in three themes under `test-results/e2e/`.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { root } from '../../scripts/lib/paths.mjs';
import { formatLens } from '../../src/profile/formatValue.ts';
import type { Report, ReportLine } from '../../src/profile/report.ts';
import { COMPARED_FILE, COMPARED_LINES, writeComparedRuns } from './comparedRuns.ts';
import { cursorLine, experiments, finishedReport, goToLine, lensLink, lensTexts, openFile, openRun, openWorkbench, paintedCanvases, plain, playButton, runCommand, screenshots, themes, timelines, type Workbench } from './workbench.ts';

let workbench: Workbench;
beforeAll(async () => {
  workbench = await openWorkbench({ prepare: writeComparedRuns });
});
afterAll(async () => {
  await workbench?.dispose();
});

afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') await workbench?.page.screenshot({ path: join(screenshots, `failed-${task.id}.png`) });
});

/** A whole run on a small, busy machine. */
const RUN_TIMEOUT_MS = 90_000;

/** Presses the play button of a file and waits for the end of its run. */
async function profile(file: string, language: string): Promise<Report> {
  await openFile(workbench.page, file);
  // The title's buttons are for the file that the editor was drawn for, which is the old one for a moment.
  await workbench.page.locator('#status\\.editor\\.mode', { hasText: language }).waitFor();
  await playButton(workbench.page).click();
  const name = file.replace(/\.\w+$/, '');
  let report: Report | null = null;
  await expect.poll(async () => (report = await finishedReport(workbench.folder, name)) !== null, { timeout: RUN_TIMEOUT_MS, interval: 500 }).toBe(true);
  return report as unknown as Report;
}

/** The file's lines in the report, from top to bottom, as lenses stand in the editor. */
const linesOf = (report: Report, file: string): ReportLine[] => report.lines.filter((line) => basename(line.file) === file && line.calls > 0).sort((a, b) => a.line - b.line);

const lensOf = (line: ReportLine): string => plain(formatLens(line, { show: 'perCall', cost: 'energy' }));

/** Selected entries of all timelines' lists, as screen readers hear them. */
async function selectedSpans(): Promise<string[]> {
  const texts: string[] = [];
  for (const frame of await timelines(workbench.page))
    for (const item of await frame.locator('.calls [aria-selected=true]').all()) texts.push((await item.getAttribute('aria-label')) ?? '');
  return texts;
}

const agents = [
  { file: 'simple_http_agent.py', language: 'Python' },
  { file: 'agent.ts', language: 'TypeScript' },
];

describe('the package', () => {
  it('holds what the extension runs on, and nothing else', () => {
    const files = readdirSync(workbench.extension, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(workbench.extension.length + 1));
    for (const needed of ['dist/extension.cjs', 'dist/profiler.cjs', 'dist/instrument/node/hook.cjs', 'dist/instrument/node/transform.cjs', 'dist/webview/timeline.js', 'dist/experiments.cjs', 'dist/analysis.cjs', 'dist/contents.cjs', 'dist/webview/experiment.js', 'package.nls.json', 'package.nls.de.json', 'l10n/bundle.l10n.json', 'l10n/bundle.l10n.de.json']) expect(files).toContain(needed);
    const strays = files.filter((file) => !/^(dist\/(extension|profiler|experiments|analysis|contents)\.cjs|dist\/(instrument|webview)\/|media\/|l10n\/bundle\.l10n(\.[\w-]+)?\.json$|(package(\.nls(\.[\w-]+)?)?\.json|\.vsixmanifest|readme\.md|changelog\.md|license(\.txt|\.md)?)$)/i.test(file));
    expect(strays).toEqual([]);
    expect(files.filter((file) => /\.(map|pyc|ts)$/.test(file))).toEqual([]);
  });

  it('analyses as the command line in a clone says of itself, so that runs of that open at once', () => {
    const [packed, cloned] = [workbench.extension, root].map((folder) => readFileSync(join(folder, 'dist/analysis.cjs')));
    expect(packed!.equals(cloned!)).toBe(true);
  });
});

/** Where each file last calls the model. */
const callingLines = new Map<string, ReportLine>();

describe.each(agents)('a $language agent', ({ file, language }) => {
  let report: Report;
  let lines: ReportLine[];
  /** The last of the file's lines that call the model. */
  const callingLine = (): ReportLine => lines.findLast((line) => line.llmCalls > 0)!;

  it('is profiled by the play button, its calls attributed to its lines', async () => {
    report = await profile(file, language);
    lines = linesOf(report, file);
    callingLines.set(file, callingLine());
    expect(report.run.exitCode).toBe(0);
    expect(report.backend.simulated).toBe(true);
    expect(report.totals.llmCalls).toBeGreaterThanOrEqual(2);
    const attributed = lines.reduce((sum, line) => sum + line.llmCalls, 0);
    expect(attributed).toBe(report.totals.llmCalls);
  });

  it('shows above its lines what the report says', async () => {
    expect(lines.length).toBeGreaterThan(0);
    for (const line of lines) {
      await goToLine(workbench.page, line.line);
      await expect.poll(() => lensTexts(workbench.page)).toContain(lensOf(line));
    }
    // The figures once more, apart from the formatter that lens and expectation share.
    const line = callingLine();
    await goToLine(workbench.page, line.line);
    const shown = (await lensTexts(workbench.page)).find((text) => text === lensOf(line)) ?? '';
    const [, value, unit] = /([\d.]+) (µs|ms|s|min)/.exec(shown) ?? [];
    const shownMs = Number(value) * { µs: 0.001, ms: 1, s: 1000, min: 60_000 }[unit as 'ms'];
    expect(shownMs / (line.llmMs / line.llmCalls)).toBeCloseTo(1, 1);
    expect(shown).toContain('sim');
  });

  it('is on a timeline beside the terminal, too', async () => {
    const { page } = workbench;
    const tabs = page.locator('.part.panel .composite-bar .action-item');
    const shown = async (): Promise<number> => (await timelines(page)).length;
    await expect.poll(shown).toBe(1);
    await tabs.filter({ hasText: /agent cost timeline/i }).click();
    await expect.poll(shown).toBe(2);
    for (const frame of await timelines(page)) await expect.poll(() => paintedCanvases(frame)).toBeGreaterThan(0);
    await page.screenshot({ path: join(screenshots, 'panel.png') });
    await tabs.filter({ hasText: /terminal/i }).click();
    await expect.poll(shown).toBe(1);
  });

  it('selects the line’s calls on the timeline when the lens is clicked', async () => {
    const line = callingLine();
    await goToLine(workbench.page, line.line);
    await lensLink(workbench.page, lensOf(line)).click();
    await expect.poll(selectedSpans).toContainEqual(expect.stringContaining(`${file}:${line.line}`));
  });

  it('shows the source line of a call that is clicked on the timeline', async () => {
    const span = report.spans.findLast((each) => each.kind === 'llm' && each.site !== null && basename(each.site.file) === file)!;
    await openFile(workbench.page, 'README.md');
    const frame = (await timelines(workbench.page))[0]!;
    await frame.locator(`.calls [aria-label*="${file}:${span.site!.line}"]`).last().click();
    await expect.poll(() => workbench.page.locator('.tab.active').getAttribute('data-resource-name')).toBe(file);
    await expect.poll(() => cursorLine(workbench.page)).toBe(span.site!.line);
    // What it said comes from the recording, when it is looked at.
    await expect.poll(() => frame.locator('.details').textContent()).toMatch(/Prompt · \d+ messages?The server had .* tokens cached/s);
  });
});

describe.each(themes)('in $theme', ({ theme, name, css }) => {
  it('shows lens, side panel and full timeline', async () => {
    const { page } = workbench;
    // The first theme is shown as the runs have left it, the others after the run is opened again in a fresh window.
    if (theme !== themes[0].theme) {
      await workbench.reload(theme, css);
      await runCommand(page, 'View: Close All Editor Groups');
      await openRun(page, 'agent');
    }
    await openFile(page, 'agent.ts');
    const calling = callingLines.get('agent.ts')!;
    await goToLine(page, calling.line);
    await lensLink(page, lensOf(calling)).click();
    await expect.poll(async () => (await selectedSpans()).length).toBeGreaterThan(0);
    await page.screenshot({ path: join(screenshots, `lens-${name}.png`) });
    await page.locator('.part.sidebar').screenshot({ path: join(screenshots, `side-panel-${name}.png`) });

    // The whole window for the timeline; fresh windows keep the panel hidden.
    if (theme === themes[0].theme) await runCommand(page, 'View: Toggle Panel Visibility');
    await runCommand(page, 'Agent Cost: Show Timeline');
    await page.locator('.tab', { hasText: 'Agent Cost Timeline' }).click();
    await runCommand(page, 'View: Toggle Maximize Editor Group');
    await expect.poll(async () => Promise.all((await timelines(page)).map(paintedCanvases))).toEqual([expect.any(Number), expect.any(Number)]);
    for (const frame of await timelines(page)) expect(await paintedCanvases(frame)).toBeGreaterThan(0);
    // A timeline that is opened later shows what was chosen before.
    for (const frame of await timelines(page)) await expect.poll(() => frame.locator('.calls [aria-selected=true]').count()).toBeGreaterThan(0);
    await page.screenshot({ path: join(screenshots, `timeline-${name}.png`) });
  });

  it('shows what changed since the runs before, and a function between the calls, with hovers that tell the rest', async () => {
    const { page } = workbench;
    await runCommand(page, 'View: Close All Editor Groups');
    await openRun(page, 'compared-20260105');
    await openFile(page, COMPARED_FILE);
    await goToLine(page, COMPARED_LINES.call);
    await expect.poll(() => lensTexts(page)).toEqual(['ƒ other: parse_results 130 ms per call · 3 calls', expect.stringMatching(/3 calls ▲ 54 %$/)]);
    for (const [what, line, text] of [['history', COMPARED_LINES.call, 'Last 5 runs ▆▆▅▆█'], ['function', COMPARED_LINES.parse, 'between the calls of models and tools']] as const) {
      await goToLine(page, line);
      await runCommand(page, 'Show or Focus Hover');
      await page.locator('.monaco-hover:visible', { hasText: text }).first().waitFor();
      await page.screenshot({ path: join(screenshots, `${what}-${name}.png`) });
      await page.keyboard.press('Escape');
    }
  });
});

describe('an experiment', () => {
  it('is chosen, run and shown with its charts', async () => {
    const { page } = workbench;
    await runCommand(page, 'View: Close All Editor Groups');
    await runCommand(page, 'Agent Cost: Open Experiment…');
    await page.locator('.quick-input-widget input').first().fill('Fig 15');
    await page.locator('.quick-input-list .monaco-list-row', { hasText: 'worked examples' }).first().click();
    await expect.poll(async () => (await experiments(page)).length).toBe(1);
    const [frame] = await experiments(page);
    await frame!.locator('article h2', { hasText: 'Fig 15: worked examples' }).waitFor({ timeout: RUN_TIMEOUT_MS });
    await expect.poll(() => frame!.locator('.progress > *').count(), { timeout: RUN_TIMEOUT_MS }).toBe(0);
    expect(await paintedCanvases(frame!)).toBe(1);
    expect(await frame!.locator('tbody tr').count()).toBe(6);
    await page.screenshot({ path: join(screenshots, 'experiment.png') });
  });
});

it('complains of nothing in the console', () => {
  expect(workbench.complaints).toEqual([]);
});
