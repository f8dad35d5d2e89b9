/** The packaged extension in the browser edition of VS Code, and what a person does there. */
import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Frame, Locator, Page } from 'playwright-core';
import { installExtension, quietSettings, startCodeServer, workbenchUrl, writeUserSettings } from '../../scripts/lib/editorHost.mjs';
import { reportSchema, type Report } from '../../src/profile/report.ts';
import { launchBrowser } from './browser.ts';

const exec = promisify(execFile);
const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

/** Where screenshots go, for people to look at. */
export const screenshots = join(root, 'test-results', 'e2e');

/** VS Code's own dark, light and high-contrast themes, with the class that each puts on the workbench. The first is there from the start, where nothing else is asked for. */
export const themes = [
  { theme: 'Default Dark Modern', name: 'dark', css: '.vs-dark' },
  { theme: 'Default Light Modern', name: 'light', css: '.vs' },
  { theme: 'Default High Contrast', name: 'high-contrast', css: '.hc-black' },
] as const;

/** A fresh VS Code on a small, busy machine. */
const START_TIMEOUT_MS = 90_000;

export interface Workbench {
  page: Page;
  /** The folder that is open. */
  folder: string;
  /** Where the extension was installed. */
  extension: string;
  /** What the page's console said against our content security policy or of our webviews' errors. */
  complaints: string[];
  /** Loads the window again with another colour theme, `css` being the workbench's class for it. */
  reload(theme: string, css: string): Promise<void>;
  dispose(): Promise<void>;
}

/**
 * Packs the extension, installs it into a fresh VS Code and opens a copy of the examples there.
 * @param options.trusted whether the folder is one that may run programs
 * @param options.look the colour theme that it begins with
 * @param options.prepare what to put into the folder before it is opened
 */
export async function openWorkbench({ trusted = true, look = themes[0], prepare }: { trusted?: boolean; look?: (typeof themes)[number]; prepare?: (folder: string) => void | Promise<void> } = {}): Promise<Workbench> {
  mkdirSync(screenshots, { recursive: true });
  const profile = mkdtempSync(join(tmpdir(), 'packaged-'));
  const vsix = join(profile, 'agent-cost-profiler.vsix');
  await exec(process.execPath, [join(root, 'scripts', 'package.mjs'), '--out', vsix], { cwd: root });
  // Inside the repository, so that the TypeScript example finds the openai package.
  const folder = mkdtempSync(join(root, 'test-results', 'workspace-'));
  cpSync(join(root, 'examples'), folder, { recursive: true });
  await prepare?.(folder);
  const userData = join(profile, 'user');
  const extensions = join(profile, 'extensions');
  const chooseTheme = (theme: string) =>
    writeUserSettings(userData, {
      ...quietSettings,
      'workbench.secondarySideBar.defaultVisibility': 'hidden',
      'workbench.colorTheme': theme,
      'window.autoDetectColorScheme': false,
      'editor.minimap.enabled': false,
      'security.workspace.trust.startupPrompt': 'never',
    });
  chooseTheme(look.theme);
  await installExtension({ vsix, userData, extensions });
  const installed = readdirSync(extensions).find((name) => name.startsWith('agent-cost.agent-cost-profiler'));
  if (!installed) throw new Error(`the extension is not among ${readdirSync(extensions).join(', ')}`);

  const server = await startCodeServer({ userData, extensions, trust: !trusted });
  const browser = await launchBrowser();
  const page = await browser.newPage({ viewport: { width: 1600, height: 1000 } });
  const complaints: string[] = [];
  page.on('console', (message) => {
    const text = message.text();
    const ours = message.location().url.includes('agent-cost.agent-cost-profiler') && message.type() === 'error';
    if (ours || text.includes('Content Security Policy')) complaints.push(text);
  });
  const ready = (css: string) => page.locator(`.monaco-workbench${css} .part.statusbar #status\\.host`).waitFor({ timeout: START_TIMEOUT_MS });
  await page.goto(workbenchUrl(server.url, folder));
  await ready(look.css);

  return {
    page,
    folder,
    extension: join(extensions, installed),
    complaints,
    reload: async (theme, css) => {
      chooseTheme(theme);
      await page.reload();
      await ready(css);
    },
    dispose: async () => {
      await browser.close();
      await server.stop();
      rmSync(profile, { recursive: true, force: true });
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

const TRIES = 6;
const TRY_MS = 5_000;

/**
 * Opens VS Code's quick input with a key, types, and picks the first entry with a text. Tried again when the key was lost, as happens
 * while a webview has the focus, when the list was made before an extension's commands were there, or when the list changed under the
 * click so that what should then be seen is not.
 */
async function pick(page: Page, key: string, typed: string, entry: string, seenThen?: Locator): Promise<void> {
  for (let tries = 1; ; tries++) {
    await page.keyboard.press(key);
    try {
      await page.locator('.quick-input-widget input').first().fill(typed, { timeout: TRY_MS });
      await page.locator('.quick-input-list .monaco-list-row', { hasText: entry }).first().click({ timeout: TRY_MS });
      await seenThen?.waitFor({ timeout: TRY_MS });
      return;
    } catch (error) {
      if (tries === TRIES) throw error;
      // Where no list came up, the key would go to what has the focus: a timeline gives up its selection for it.
      if (await page.locator('.quick-input-widget').isVisible()) await page.keyboard.press('Escape');
    }
  }
}

/** What the command palette lists for a text, from the top. */
export async function listedCommands(page: Page, typed: string): Promise<string[]> {
  await page.keyboard.press('F1');
  await page.locator('.quick-input-widget input').first().fill(`>${typed}`);
  const rows = page.locator('.quick-input-list .monaco-list-row');
  await rows.filter({ hasText: typed }).first().waitFor();
  const titles = await rows.locator('.label-name').allTextContents();
  await page.keyboard.press('Escape');
  return titles.map(plain).filter((title) => title.startsWith(typed));
}

/** Opens a file of the folder by name. */
export async function openFile(page: Page, name: string): Promise<void> {
  await pick(page, 'Control+P', name, name, page.locator(`.tab.active[data-resource-name="${name}"]`));
}

/** Runs a command from the palette by its title. */
export const runCommand = (page: Page, title: string): Promise<void> => pick(page, 'F1', `>${title}`, title);

/** Puts the cursor on a line, which scrolls it into view: VS Code makes lenses only for lines that can be seen. */
export async function goToLine(page: Page, line: number): Promise<void> {
  await page.locator('.editor-instance .view-lines').first().click();
  await pick(page, 'Control+G', `:${line}`, `line ${line}`, page.locator('#status\\.editor\\.selection', { hasText: `Ln ${line},` }));
}

/** The play button of the active editor. */
export const playButton = (page: Page): Locator => page.locator('.editor-actions').getByRole('button', { name: /^Profile Active File/ }).first();

/** Texts of the lenses in the active editor, from top to bottom, as a person reads them. */
export async function lensTexts(page: Page): Promise<string[]> {
  const texts = await page.locator('.editor-instance .codelens-decoration a').allTextContents();
  return texts.map(plain).filter((text) => text.length > 0);
}

/** The lens with this text, as a person reads it. */
export const lensLink = (page: Page, text: string): Locator =>
  page.locator('.editor-instance .codelens-decoration a', { hasText: new RegExp(text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replace(/ /g, '[\\s\u00a0]+')) });

/** Spaces of all kinds are one to the reader. */
export const plain = (text: string): string => text.replace(/[\s\u00a0]+/g, ' ').trim();

/** The line of the cursor, as the status bar shows it. */
export async function cursorLine(page: Page): Promise<number | null> {
  const text = await page.locator('#status\\.editor\\.selection').textContent();
  const line = /Ln (\d+)/.exec(text ?? '')?.[1];
  return line === undefined ? null : Number(line);
}

/** Frames that show a timeline: the side panel's, and the tab's. */
export const timelines = (page: Page): Promise<Frame[]> => framesWith(page, 'main.app');

/** Frames that show an experiment. */
export const experiments = (page: Page): Promise<Frame[]> => framesWith(page, 'main.experiment');

async function framesWith(page: Page, selector: string): Promise<Frame[]> {
  const found: Frame[] = [];
  for (const frame of page.frames()) {
    // Frames come and go while VS Code lays out its webviews.
    const shows = await frame.locator(selector).count().catch(() => 0);
    if (shows > 0) found.push(frame);
  }
  return found;
}

/** How many of a timeline's canvases show anything: one that cannot be looked through has a colour before anything is drawn on it. */
export const paintedCanvases = (frame: Frame): Promise<number> =>
  frame.evaluate<number>(
    `[...document.querySelectorAll('canvas')].filter((c) => c.width > 0 && c.height > 0 && c.getContext('2d').getImageData(0, 0, c.width, c.height).data.some((value, at, all) => value !== all[at % 4])).length`,
  );

/** Shows an earlier run by its row in the side panel: a run that has not been read yet goes by its file's name, which ends with its date. */
export async function openRun(page: Page, name: string): Promise<void> {
  await runCommand(page, 'Agent Cost: Focus on Runs View');
  await page.locator('.part.sidebar .monaco-list-row .label-name', { hasText: new RegExp(`^${name}(-\\d|$)`) }).first().click();
}

/** The report of a file's newest recording, by the command line; null while there is none, or it is still being written. */
export async function finishedReport(folder: string, name: string): Promise<Report | null> {
  const recordings = join(folder, '.agent-cost');
  let names: string[];
  try {
    names = readdirSync(recordings);
  } catch {
    // The first run makes the folder.
    return null;
  }
  const newest = names.filter((file) => file.startsWith(name) && file.endsWith('.agentcost')).sort().at(-1);
  if (newest === undefined) return null;
  const { stdout } = await exec(process.execPath, [join(root, 'dist', 'cli.cjs'), 'report', '--json', join(recordings, newest)], { maxBuffer: 50_000_000 });
  const report = reportSchema.parse(JSON.parse(stdout));
  return report.run.complete && !report.run.live ? report : null;
}
