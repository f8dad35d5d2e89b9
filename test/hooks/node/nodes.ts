/** Finds or installs the Node versions that the hook must work on. */
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

export const NODE_MAJORS = [20, 22, 24] as const;
export type NodeMajor = (typeof NODE_MAJORS)[number];

const run = promisify(execFile);
const root = join(dirname(fileURLToPath(import.meta.url)), '../../..');
const BINARY = process.platform === 'win32' ? 'node.exe' : 'node';

/**
 * Path of a `node` of that major version: one on PATH, the project's own, one installed before, or one that is installed now
 * from the npm registry. Each is asked for its version, so that a broken or interrupted installation is made again.
 */
export async function findNode(major: NodeMajor): Promise<string> {
  const onPath = (process.env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, BINARY));
  const cached = join(cacheFolder(), String(major));
  for (const candidate of [process.execPath, ...onPath, join(root, 'node_modules/node/bin', BINARY), binaryIn(cached)]) {
    if ((await majorOf(candidate)) === major) return candidate;
  }
  return install(major, cached);
}

function cacheFolder(): string {
  return join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'agent-cost-profiler', 'nodes');
}

function binaryIn(folder: string): string {
  return join(folder, 'node_modules/node/bin', BINARY);
}

async function majorOf(binary: string): Promise<number | null> {
  if (!existsSync(binary)) return null;
  try {
    const { stdout } = await run(binary, ['--version'], { env: { ...process.env, NODE_OPTIONS: '' } });
    return Number(/^v(\d+)\./.exec(stdout)?.[1] ?? Number.NaN);
  } catch {
    // Not a program that runs here.
    return null;
  }
}

/** Installs beside the final place and renames, so that nobody ever finds a half of it there. */
async function install(major: NodeMajor, folder: string): Promise<string> {
  const partial = `${folder}.${process.pid}.partial`;
  rmSync(partial, { recursive: true, force: true });
  mkdirSync(partial, { recursive: true });
  try {
    await run('npm', ['install', '--prefix', partial, '--no-audit', '--no-fund', '--no-save', `node@${major}`], {
      env: { ...process.env, NODE_OPTIONS: '' },
      shell: process.platform === 'win32',
    });
    const made = await majorOf(binaryIn(partial));
    if (made !== major) throw new Error(`npm installed Node ${made ?? '?'} where ${major} was asked for, in ${partial}`);
    if ((await majorOf(binaryIn(folder))) !== major) {
      rmSync(folder, { recursive: true, force: true });
      renameSync(partial, folder);
    }
    return binaryIn(folder);
  } finally {
    rmSync(partial, { recursive: true, force: true });
  }
}
