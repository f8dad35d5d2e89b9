/** Installs each framework into a folder of its own in the cache, once. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { findPythons, locked } from '../hooks/python/pythons.ts';
import type { Framework } from './frameworks.ts';

const run = promisify(execFile);
const cache = join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'agent-cost-profiler', 'frameworks');
/** Releases of the day are looked for once a day. */
const FRESH_FOR_MS = 24 * 60 * 60 * 1000;
const INSTALL_MS = 15 * 60_000;
/** What most frameworks support best. */
const PREFERRED_PYTHON = '3.12';

export interface FrameworkEnvironment {
  /** Program that runs the framework's programs. */
  executable: string;
  /** Folder whose `node_modules` they need; null for Python. */
  folder: string | null;
  /** Version of the framework's own package. */
  version: string;
}

/**
 * @param current the newest releases, instead of those that the project was last tested with
 * @throws Error when it cannot be installed, with what the installer said
 */
export async function environmentOf(framework: Framework, current: boolean): Promise<FrameworkEnvironment> {
  const wanted = framework.packages.map(({ name, tested, major }) => {
    if (!current) return `${name}${framework.language === 'python' ? '==' : '@'}${tested}`;
    if (major === undefined) return name;
    return framework.language === 'python' ? `${name}==${major}.*` : `${name}@${major}`;
  });
  const python = framework.language === 'python' ? choosePython() : null;
  const key = createHash('sha256').update([python?.executable ?? process.version, ...wanted].join('\n')).digest('hex').slice(0, 8);
  const folder = join(cache, `${framework.id}-${current ? 'current' : 'tested'}-${key}`);
  const stamp = join(folder, 'complete.json');
  const isThere = () => existsSync(stamp) && (!current || Date.now() - (JSON.parse(readFileSync(stamp, 'utf8')) as { at: number }).at < FRESH_FOR_MS);
  mkdirSync(cache, { recursive: true });
  await locked(`${folder}.lock`, INSTALL_MS, isThere, async () => {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    process.stderr.write(`installing ${wanted.join(' ')} into ${folder}\n`);
    const own = framework.packages[0]!.name.replace(/\[.*/, '');
    const version = python !== null ? await installPython(python.executable, folder, wanted, own) : await installNode(folder, wanted, own);
    writeFileSync(stamp, JSON.stringify({ version, at: Date.now() }));
  });
  const { version } = JSON.parse(readFileSync(stamp, 'utf8')) as { version: string };
  return python !== null ? { executable: pythonIn(folder), folder: null, version } : { executable: process.execPath, folder, version };
}

function choosePython(): { executable: string } {
  const pythons = findPythons();
  return pythons.find(({ version }) => version === PREFERRED_PYTHON) ?? pythons.at(-1)!;
}

function pythonIn(folder: string): string {
  return process.platform === 'win32' ? join(folder, 'Scripts', 'python.exe') : join(folder, 'bin', 'python');
}

async function installPython(python: string, folder: string, wanted: string[], own: string): Promise<string> {
  await run(python, ['-m', 'venv', folder]);
  await run(pythonIn(folder), ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...wanted], { maxBuffer: 1 << 26, env: { ...process.env, PYTHONPATH: '' } });
  const { stdout } = await run(pythonIn(folder), ['-c', 'import importlib.metadata, sys; print(importlib.metadata.version(sys.argv[1]))', own]);
  return stdout.trim();
}

async function installNode(folder: string, wanted: string[], own: string): Promise<string> {
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'framework-under-test', private: true, type: 'module' }));
  await run('npm', ['install', '--no-audit', '--no-fund', '--no-package-lock', '--ignore-scripts', ...wanted], { cwd: folder, maxBuffer: 1 << 26, shell: process.platform === 'win32', env: { ...process.env, NODE_OPTIONS: '' } });
  return (JSON.parse(readFileSync(join(folder, 'node_modules', own, 'package.json'), 'utf8')) as { version: string }).version;
}
