// The frameworks of the core set, in environments of their own in the cache folder.
import { join } from 'node:path';
import { root, toolNode } from './paths.mjs';
import { run } from './process.mjs';

const INSTALL_MS = 15 * 60_000;

/** Installs what is missing, and says so. One that cannot be installed fails its own test, not those of the others. */
export async function ensureCoreFrameworks() {
  const tsx = join(root, 'node_modules', 'tsx', 'dist', 'cli.mjs');
  await run(toolNode(), [tsx, join('test', 'frameworks', 'install.ts')], { cwd: root, timeoutMs: INSTALL_MS, show: true });
}
