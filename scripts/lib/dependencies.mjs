// The packages of package-lock.json in `node_modules`: complete, of the locked versions, or installed again.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { alone } from './lock.mjs';
import { npm } from './process.mjs';
import { root } from './paths.mjs';
import { SetupError, step } from './steps.mjs';

/**
 * Why `node_modules` is not what package-lock.json says, or null when it is.
 *
 * npm writes `node_modules/.package-lock.json` last, after the packages' own install scripts, so an interrupted
 * installation has none or an old one.
 */
export function dependenciesFault() {
  const installedLock = join(root, 'node_modules', '.package-lock.json');
  if (!existsSync(join(root, 'node_modules'))) return 'not installed yet';
  if (!existsSync(installedLock)) return 'the last installation was interrupted';
  let installed;
  try {
    installed = JSON.parse(readFileSync(installedLock, 'utf8')).packages;
  } catch {
    return 'the last installation was interrupted';
  }
  const wanted = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages;
  for (const [path, { version, optional, link }] of Object.entries(wanted)) {
    if (path === '' || link) continue;
    const has = installed[path];
    // npm leaves out optional packages for other systems.
    if (!has && optional) continue;
    if (has?.version !== version) return 'package-lock.json has changed';
    if (!existsSync(join(root, path, 'package.json'))) return `${path} is missing`;
  }
  const node = process.platform === 'win32' ? 'node.exe' : 'node';
  if (wanted['node_modules/node'] && !existsSync(join(root, 'node_modules', 'node', 'bin', node))) return 'Node 24 is missing';
  return null;
}

/** Installs the dependencies when they are missing, incomplete or stale. */
export async function ensureDependencies() {
  if (!dependenciesFault()) return;
  await alone('install dependencies', async (hold) => {
    const fault = dependenciesFault();
    if (!fault) return;
    await step(`install dependencies with npm ci (${fault})`, async () => {
      const { code, output } = await npm(['ci', '--no-audit', '--no-fund'], { cwd: root, onStart: hold });
      if (code !== 0) throw new SetupError(`npm ci failed with exit code ${code}:\n${output.trimEnd()}`);
      const left = dependenciesFault();
      if (left) throw new SetupError(`npm ci ended well, but ${left}. Does your npm run install scripts (npm config get ignore-scripts)?`);
    });
  });
}
