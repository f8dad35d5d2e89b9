/** Installs the load engines into the cache folder, once. */
import { execFile, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { findPythons, locked } from '../hooks/python/pythons.ts';

/** Those that the formats were made for last. */
const AIPERF = '0.13.0';
const K6 = '1.8.1';
const INSTALL_MS = 30 * 60_000;
const AIPERF_PYTHONS = ['3.10', '3.11', '3.12', '3.13'];
const cache = join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'agent-cost-profiler', 'engines');
const run = promisify(execFile);

/** @returns the `aiperf` to run. @throws Error naming what the machine lacks, or with what the installer said */
export async function installedAiperf(): Promise<string> {
  const python = findPythons().findLast(({ version }) => AIPERF_PYTHONS.includes(version));
  if (python === undefined) throw new Error(`AIPerf needs a Python of ${AIPERF_PYTHONS[0]} to ${AIPERF_PYTHONS.at(-1)}, with venv: install one.`);
  const folder = join(cache, `aiperf-${AIPERF}-${python.version}`);
  return installed(folder, join(folder, 'bin', 'aiperf'), async () => {
    await run(python.executable, ['-m', 'venv', folder]);
    await run(join(folder, 'bin', 'python'), ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', `aiperf==${AIPERF}`], { maxBuffer: 1 << 26, env: { ...process.env, PYTHONPATH: '' } });
  });
}

/** @returns the `k6` to run, be it that of the variable `K6`. @throws Error naming what the machine lacks, or with what the installer said */
export async function installedK6(): Promise<string> {
  const own = process.env['K6'];
  if (own !== undefined) return own;
  if (spawnSync('go', ['version']).status !== 0) throw new Error('k6 is built with Go, which was not found: install it, or name a k6 by K6=/path/to/k6.');
  const folder = join(cache, `k6-${K6}`);
  return installed(folder, join(folder, 'k6'), async () => {
    await run('go', ['install', `go.k6.io/k6@v${K6}`], { maxBuffer: 1 << 26, env: { ...process.env, GOBIN: folder } });
  });
}

async function installed(folder: string, program: string, install: () => Promise<void>): Promise<string> {
  const stamp = join(folder, 'complete.json');
  mkdirSync(cache, { recursive: true });
  await locked(`${folder}.lock`, INSTALL_MS, () => existsSync(stamp), async () => {
    // Without its stamp it is the rest of an interrupted installation.
    rmSync(folder, { recursive: true, force: true });
    process.stderr.write(`installing into ${folder}\n`);
    await install();
    writeFileSync(stamp, '{}');
  });
  return program;
}
