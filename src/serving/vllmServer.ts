/** A vLLM that we start, watch until it is ready, and stop when we are asked to. One that somebody else started is never touched. */
import { spawn, type ChildProcess } from 'node:child_process';
import { createServer } from 'node:net';
import { homedir } from 'node:os';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { findExecutable } from '../instrument/findExecutable.ts';
import type { Milliseconds } from '../profile/units.ts';
import { containerName, dockerCommand, programCommand, progressIn, reasonIn, refusedArgument, unknownFlags, type VllmChoice, type VllmWay } from './vllmCommand.ts';

const LOOK_EVERY_MS: Milliseconds = 500;
const HEALTH_TIMEOUT_MS: Milliseconds = 2000;
/** It frees the GPU and ends its workers; measured on a CPU, 2 to 3 s. */
const STOP_PATIENCE_MS: Milliseconds = 20_000;
/** Its workers notice by themselves that it is gone. */
const WORKERS_PATIENCE_MS: Milliseconds = 2000;
/** Of its log, for the reason of an early end. */
const KEPT_LINES = 200;

/** Raised when it cannot be started; the message says what, why and what to do. */
export class VllmError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'VllmError';
  }
}

export interface VllmListener {
  /** Each line of its log, and what is typed to start it. */
  onLog(line: string): void;
  /** How far it is, while it starts. */
  onProgress(text: string): void;
}

export interface VllmLaunch extends VllmChoice {
  /** `docker`, or the `vllm` to run, by name or path; null: `vllm` where there is one, else Docker. */
  program: string | null;
  /** Where relative paths are from. */
  cwd: string;
  env: NodeJS.ProcessEnv;
}

export class VllmServer {
  readonly url: string;
  /** How it is run. */
  readonly way: VllmWay;
  /** Resolves when it has ended, whoever ended it. */
  readonly ended: Promise<{ exitCode: number | null }>;
  /** We have asked it to end. */
  stopping = false;
  readonly #child: ChildProcess;
  readonly #lines: string[] = [];
  readonly #stopContainer: (() => void) | null;

  private constructor(child: ChildProcess, way: VllmWay, url: string, listener: VllmListener, stopContainer: (() => void) | null) {
    this.#child = child;
    this.way = way;
    this.url = url;
    this.#stopContainer = stopContainer;
    for (const stream of [child.stdout, child.stderr]) {
      if (stream === null) continue;
      createInterface({ input: stream }).on('line', (line) => {
        this.#lines.push(line);
        if (this.#lines.length > KEPT_LINES) this.#lines.shift();
        listener.onLog(line);
        const progress = progressIn(line);
        if (progress !== null) listener.onProgress(progress);
      });
    }
    this.ended = new Promise((resolve) => {
      child.once('error', (error) => {
        this.#lines.push(error.message);
        resolve({ exitCode: null });
      });
      child.once('exit', (exitCode) => {
        // Its log ends when its workers do, too; what is left of them then would keep the GPU.
        const rest = setTimeout(() => done(), WORKERS_PATIENCE_MS);
        const done = (): void => {
          clearTimeout(rest);
          this.#endGroup();
          resolve({ exitCode });
        };
        child.once('close', done);
      });
    });
  }

  /**
   * Starts one and waits until it answers. Where it is too old for a flag of ours, it is started again without.
   * @param signal aborted: what was started is stopped
   * @throws VllmError when it cannot be started, or ends before it is ready, or was aborted
   */
  static async start(launch: VllmLaunch, listener: VllmListener, signal: AbortSignal): Promise<VllmServer> {
    const refused = refusedArgument(launch.arguments);
    if (refused !== null) throw new VllmError(refused);
    const { way, executable } = findVllm(launch);
    await needFreePort(launch.port);
    const without: string[] = [];
    for (;;) {
      const argv = way === 'docker' ? dockerCommand(executable, launch, without, { home: homedir(), hasHubToken: Boolean(launch.env['HF_TOKEN']) }) : programCommand(executable, launch, without);
      listener.onLog(`$ ${argv.join(' ')}`);
      listener.onProgress(`starting ${way === 'docker' ? 'vLLM in Docker' : 'vLLM'}`);
      const server = VllmServer.#spawn(argv, way, launch, listener);
      const exit = await server.#untilReady(signal);
      if (exit === null) return server;
      if (signal.aborted) throw new VllmError('vLLM was stopped before it was ready.');
      const unknown = unknownFlags(server.#lines).filter((flag) => !without.includes(flag));
      if (unknown.length === 0) {
        const reason = reasonIn(server.#lines);
        throw new VllmError(`vLLM ended before it was ready (exit code ${exit.exitCode ?? 'none'})${reason === null ? '' : `: ${reason.replace(/\.?$/, '.')}`} Its log says more.`);
      }
      without.push(...unknown);
      listener.onLog(`This vLLM is too old for ${unknown.join(' and ')}: started again without.`);
    }
  }

  static #spawn(argv: readonly string[], way: VllmWay, { cwd, env, port }: VllmLaunch, listener: VllmListener): VllmServer {
    const [program = '', ...args] = argv;
    // In a group of its own, so that Ctrl-C in a terminal reaches us first, and its workers end with it.
    const child = spawn(program, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'], detached: process.platform !== 'win32', windowsHide: true });
    const stopContainer = way === 'docker' ? () => void spawn(program, ['rm', '-f', containerName(port)], { stdio: 'ignore', windowsHide: true }).once('error', () => undefined) : null;
    return new VllmServer(child, way, `http://127.0.0.1:${port}/v1`, listener, stopContainer);
  }

  /** Asks it to end, and sees to it that it does. */
  async stop(): Promise<void> {
    if (this.stopping) {
      await this.ended;
      return;
    }
    this.stopping = true;
    this.#child.kill('SIGTERM');
    const patience = new AbortController();
    const late = delay(STOP_PATIENCE_MS, 'late' as const, { signal: patience.signal }).catch(() => 'done' as const);
    if ((await Promise.race([this.ended.then(() => 'done' as const), late])) === 'late') this.kill();
    patience.abort();
    await this.ended;
  }

  /** Ends it at once, workers included: for an editor that closes. */
  kill(): void {
    this.stopping = true;
    this.#stopContainer?.();
    if (process.platform === 'win32') this.#child.kill('SIGKILL');
    else this.#endGroup();
  }

  #endGroup(): void {
    const { pid } = this.#child;
    if (pid === undefined || process.platform === 'win32') return;
    try {
      process.kill(-pid, 'SIGKILL');
    } catch {
      // Nothing of it is left.
    }
  }

  /** Null once it answers; how it ended where that came first. */
  async #untilReady(signal: AbortSignal): Promise<{ exitCode: number | null } | null> {
    const health = this.url.replace(/\/v1$/, '/health');
    const abort = (): void => void this.stop();
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    try {
      for (;;) {
        const exit = await Promise.race([this.ended, delay(LOOK_EVERY_MS, null)]);
        if (exit !== null) return exit;
        if (!signal.aborted && (await answers(health))) return null;
      }
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }
}

async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(HEALTH_TIMEOUT_MS), redirect: 'manual' });
    await response.body?.cancel();
    return response.ok;
  } catch {
    // Not listening yet.
    return false;
  }
}

/** @throws VllmError */
function findVllm({ program, env, cwd }: VllmLaunch): { way: VllmWay; executable: string } {
  const docker = () => findExecutable('docker', env, cwd);
  if (program === 'docker') {
    const executable = docker();
    if (executable === null) throw new VllmError('There is no docker on the path. Install Docker, or start vLLM by its own program (pip install vllm).');
    return { way: 'docker', executable };
  }
  const own = findExecutable(program ?? 'vllm', env, cwd);
  if (own !== null) return { way: 'program', executable: own };
  if (program !== null) throw new VllmError(`There is no program ${program}. Give the path of a vllm, such as .venv/bin/vllm, or docker.`);
  const executable = docker();
  if (executable === null) throw new VllmError('There is neither vllm nor docker on the path. Install vLLM (pip install vllm), name the vllm of a virtual environment by its path, or install Docker.');
  return { way: 'docker', executable };
}

/** @throws VllmError when something listens there already: that is somebody's, and stays as it is */
async function needFreePort(port: number): Promise<void> {
  const free = await new Promise<boolean>((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
  });
  if (!free) throw new VllmError(`Port ${port} is taken. If a model server runs there already, use it as it is: --backend http://127.0.0.1:${port}/v1. Else choose another port.`);
}
