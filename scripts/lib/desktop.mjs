// May the in-editor tests run on desktop VS Code? Only where it can be downloaded (or has been) and shown.
import { existsSync, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { root } from './paths.mjs';
import { SetupError } from './steps.mjs';

/** A machine without a way out says so at once or never: this long is waited for VS Code's update service. */
const ASK_TIMEOUT_MS = 2_500;

/** The program's full path, or null. */
export function findOnPath(program) {
  const names = process.platform === 'win32' ? [`${program}.cmd`, `${program}.exe`] : [program];
  for (const folder of (process.env.PATH ?? '').split(delimiter))
    for (const name of names) if (folder && existsSync(join(folder, name))) return join(folder, name);
  return null;
}

export const hasDisplay = () => process.platform !== 'linux' || Boolean(process.env.DISPLAY || process.env.WAYLAND_DISPLAY);

async function canBeDownloaded() {
  const cache = join(root, '.vscode-test');
  if (existsSync(cache) && readdirSync(cache).some((name) => existsSync(join(cache, name, 'is-complete')))) return true;
  const { fetchStableVersions } = await import('@vscode/test-electron/out/download.js');
  try {
    await fetchStableVersions(true, ASK_TIMEOUT_MS);
    return true;
  } catch {
    // Offline, or a closed network: the browser edition does it there.
    return false;
  }
}

/**
 * Which VS Code runs the in-editor tests: `desktop`, or `server` (the browser edition, driven by Chromium).
 * AGENT_COST_TEST_VSCODE=desktop|server|auto decides; `auto` is the default.
 *
 * @returns {Promise<{ host: 'desktop' | 'server', launcher: string[] }>} `launcher`: put before the command line, where a display must be made.
 */
export async function chooseVscode() {
  const wanted = process.env.AGENT_COST_TEST_VSCODE || 'auto';
  if (!['desktop', 'server', 'auto'].includes(wanted)) throw new SetupError(`AGENT_COST_TEST_VSCODE is ${wanted}; it must be desktop, server or auto.`);
  if (wanted === 'server') return { host: 'server', launcher: [] };
  const xvfb = hasDisplay() ? null : findOnPath('xvfb-run');
  const canShow = hasDisplay() || xvfb !== null;
  if (wanted === 'desktop' && !canShow) throw new SetupError('AGENT_COST_TEST_VSCODE=desktop needs a display, or xvfb-run: sudo apt-get install -y xvfb');
  if (wanted === 'auto' && !(canShow && (await canBeDownloaded()))) return { host: 'server', launcher: [] };
  return { host: 'desktop', launcher: xvfb ? [xvfb, '-a'] : [] };
}
