/**
 * Python interpreters and packages for the tests of the Python hook. Interpreters are those that the machine has;
 * packages go to virtual environments in a cache folder outside of the project, made once.
 */
import { execFile, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

/** An interpreter that the hook supports. */
export interface Python {
  /** `3.12` */
  version: string;
  executable: string;
}

/** What a virtual environment holds: the openai package of a major version, or the newest for its interpreter. */
export type Packages = 'openai-newest' | 'openai-1' | 'openai-2' | 'debugpy' | 'surroundings' | 'tracing' | 'http2' | 'servers' | 'nothing';

/** A virtual environment. */
export interface Environment {
  python: Python;
  packages: Packages;
  executable: string;
  /** `Python 3.12, openai 3.54.0` */
  title: string;
  /** Major version of the openai package; null without one. */
  openai: number | null;
}

const SUPPORTED = ['3.9', '3.10', '3.11', '3.12', '3.13'];
const OPENAI: Partial<Record<Packages, string>> = { 'openai-1': 'openai<2', 'openai-2': 'openai>=2,<3', tracing: 'openai>=2,<3' };
/** Beside the openai package and the HTTP library that it brings. */
const OTHERS = ['requests', 'aiohttp'];
/** What changes the objects of others: mocks of time and files, tracers, proxies. */
const ALTERING = ['coverage', 'freezegun', 'opentelemetry-instrumentation-httpx', 'opentelemetry-instrumentation-requests', 'opentelemetry-sdk', 'pyfakefs', 'sentry-sdk', 'wrapt'];
/** What programs run inside of. */
const SURROUNDINGS = ['httpx', 'ipykernel', 'jupyter_client', 'pytest', 'respx', 'vcrpy', 'gevent', 'uvloop', ...ALTERING];
/** Tracing of a program's own, by an exporter and instrumentations that others have written. */
const TRACING = ['opentelemetry-sdk', 'opentelemetry-exporter-otlp-proto-http', 'opentelemetry-instrumentation-httpx', 'openinference-instrumentation-openai'];
/** Where there is nothing else. */
const ALONE: Partial<Record<Packages, string[]>> = { debugpy: ['debugpy'], http2: ['httpx[http2]', 'httpx2[http2]'], servers: ['fastapi', 'uvicorn', 'flask', 'django', 'aiohttp'], nothing: [] };
/** Another process that installs the same gets this long. */
const INSTALL_MS = 10 * 60_000;
const cache = join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'agent-cost-profiler', 'python');
const run = promisify(execFile);

function candidates(): string[] {
  // pyenv's shims are slow scripts before what its own folders hold.
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '' && !/\bshims$/.test(folder));
  const pyenv = join(homedir(), '.pyenv', 'versions');
  if (existsSync(pyenv)) folders.push(...readdirSync(pyenv).map((version) => join(pyenv, version, 'bin')));
  const names = [...SUPPORTED.map((version) => `python${version}`), 'python3'];
  return folders.flatMap((folder) => names.map((name) => join(folder, name))).filter((file) => existsSync(file));
}

/**
 * One interpreter per supported version, oldest first.
 * @throws Error when the machine has none.
 */
export function findPythons(): Python[] {
  const found = new Map<string, Python>();
  for (const candidate of candidates()) {
    const named = /python(3\.\d+)$/.exec(candidate)?.[1];
    if (named !== undefined ? found.has(named) : [...found.values()].some((one) => dirname(one.executable) === dirname(candidate))) continue;
    // Half-installed interpreters answer with an error: no candidates.
    const answer = spawnSync(candidate, ['-I', '-c', 'import sys, venv, ensurepip; print("%d.%d" % sys.version_info[:2]); print(sys.executable)'], {
      encoding: 'utf8',
    });
    const [version, executable] = answer.stdout?.split('\n') ?? [];
    if (answer.status === 0 && version !== undefined && executable !== undefined && SUPPORTED.includes(version) && !found.has(version))
      found.set(version, { version, executable });
  }
  const pythons = SUPPORTED.flatMap((version) => found.get(version) ?? []);
  if (pythons.length === 0) throw new Error(`no Python of ${SUPPORTED[0]} to ${SUPPORTED.at(-1)} with venv was found: install one (Debian: python3-venv)`);
  return pythons;
}

/** The environments that are tested: the newest openai everywhere, versions 1 and 2 on one interpreter each. */
export async function environments(pythons: Python[]): Promise<Environment[]> {
  const made: Environment[] = [];
  for (const python of pythons) made.push(await environment(python, 'openai-newest'));
  const first = pythons[0];
  const second = pythons.find((python) => python.version === '3.12') ?? pythons.at(-1);
  if (first !== undefined) made.push(await environment(first, 'openai-1'));
  if (second !== undefined) made.push(await environment(second, 'openai-2'));
  return made;
}

/** The newest interpreter's environment, for tests of what does not depend on versions. */
export async function newestEnvironment(packages: Packages = 'openai-newest'): Promise<Environment> {
  const newest = findPythons().at(-1);
  if (newest === undefined) throw new Error('no Python');
  return environment(newest, packages);
}

/** A virtual environment with these packages, made if it is not there yet. */
export async function environment(python: Python, packages: Packages): Promise<Environment> {
  const wanted = ALONE[packages] ?? [OPENAI[packages] ?? 'openai', ...OTHERS, ...(packages === 'surroundings' ? SURROUNDINGS : []), ...(packages === 'tracing' ? TRACING : [])];
  // The interpreter is part of the name: the same version from elsewhere has another path inside the environment.
  const key = createHash('sha256').update(`${python.executable}\n${wanted.join('\n')}`).digest('hex').slice(0, 8);
  const folder = join(cache, `${python.version}-${packages}-${key}`);
  const stamp = join(folder, 'complete.json');
  const executable = process.platform === 'win32' ? join(folder, 'Scripts', 'python.exe') : join(folder, 'bin', 'python');
  mkdirSync(cache, { recursive: true });
  await locked(`${folder}.lock`, INSTALL_MS, () => existsSync(stamp), () => install(python, folder, executable, wanted, stamp));
  const version = (JSON.parse(readFileSync(stamp, 'utf8')) as { openai: string | null }).openai;
  const title = version === null ? `Python ${python.version}` : `Python ${python.version}, openai ${version}`;
  return { python, packages, executable, title, openai: version === null ? null : Number(version.split('.')[0]) };
}

async function install(python: Python, folder: string, executable: string, wanted: string[], stamp: string): Promise<void> {
  // Without its stamp it is the rest of an interrupted installation.
  rmSync(folder, { recursive: true, force: true });
  process.stderr.write(`installing ${wanted.join(', ') || 'nothing'} for Python ${python.version} into ${folder}\n`);
  await run(python.executable, ['-m', 'venv', folder]);
  if (wanted.length > 0) await run(executable, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...wanted], { maxBuffer: 1 << 24 });
  const printVersion = 'import importlib.metadata as m; print(m.version("openai"))';
  const openai = wanted.some((name) => name.startsWith('openai')) ? (await run(executable, ['-c', printVersion])).stdout.trim() : null;
  writeFileSync(stamp, JSON.stringify({ openai }));
}

/** Runs `work` while holding a lock that other test processes respect, unless it is done; a lock whose holder is gone is taken over. */
export async function locked(lock: string, patienceMs: number, done: () => boolean, work: () => Promise<void>): Promise<void> {
  const deadline = Date.now() + patienceMs;
  while (!done()) {
    try {
      writeFileSync(lock, String(process.pid), { flag: 'wx' });
    } catch {
      // Another process installs: wait for it, unless it died.
      if (!holderLives(lock)) rmSync(lock, { force: true });
      if (Date.now() > deadline) throw new Error(`gave up waiting for ${lock}`);
      await sleep(200);
      continue;
    }
    try {
      if (!done()) await work();
    } finally {
      rmSync(lock, { force: true });
    }
  }
}

function holderLives(lock: string): boolean {
  try {
    const holder = Number(readFileSync(lock, 'utf8'));
    // Created and not yet written: its maker lives.
    if (!Number.isInteger(holder) || holder === 0) return true;
    process.kill(holder, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
