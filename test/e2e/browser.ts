/** Finds a Chromium for page tests and starts it so that it asks nothing of the network. */
import { accessSync, constants, readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { chromium, type Browser } from 'playwright-core';

const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-dev-shm-usage',
  '--hide-scrollbars',
];

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
const CACHE = join(homedir(), '.cache', 'agent-cost-profiler');
/** Where a browser lies inside an unpacked folder of the cache. */
const INSIDE = ['chrome-linux/chrome', 'chrome-linux64/chrome', 'chrome-mac/Chromium.app/Contents/MacOS/Chromium', 'chrome-win/chrome.exe', 'chrome-win64/chrome.exe', 'chrome', 'chrome.exe'];

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    // Not there or not for us: the next place is tried.
    return false;
  }
}

function cached(): string[] {
  try {
    return readdirSync(CACHE)
      .filter((name) => name.startsWith('chromium'))
      .sort()
      .reverse()
      .flatMap((name) => INSIDE.map((inside) => join(CACHE, name, inside)));
  } catch {
    // No cache folder: nothing was downloaded.
    return [];
  }
}

/** The browser to use: AGENT_COST_CHROMIUM, else an installed one, else the one in the cache folder. Null when there is none. */
export function findBrowser(environment: NodeJS.ProcessEnv = process.env): string | null {
  const wanted = environment['AGENT_COST_CHROMIUM'];
  if (wanted !== undefined && wanted !== '') return wanted;
  const onPath = (environment['PATH'] ?? '').split(process.platform === 'win32' ? ';' : ':').flatMap((folder) => NAMES.map((name) => join(folder, name)));
  const candidates = [
    ...NAMES.map((name) => join('/usr/bin', name)),
    ...onPath,
    '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
    '/Applications/Chromium.app/Contents/MacOS/Chromium',
    ...[environment['PROGRAMFILES'], environment['PROGRAMFILES(X86)'], environment['LOCALAPPDATA']]
      .filter((folder) => folder !== undefined)
      .map((folder) => join(folder, 'Google', 'Chrome', 'Application', 'chrome.exe')),
    ...cached(),
  ];
  return candidates.find(isExecutable) ?? null;
}

/** Starts the browser; an error names what is missing and what to do. */
export async function launchBrowser(flags: readonly string[] = []): Promise<Browser> {
  const executablePath = findBrowser();
  if (executablePath === null) throw new Error('No Chromium found. Install one (Debian: apt install chromium), or set AGENT_COST_CHROMIUM to its path.');
  return chromium.launch({ executablePath, args: [...FLAGS, ...flags] });
}
