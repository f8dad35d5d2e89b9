/** A vLLM that we start, watch until it is ready, and stop when we are asked to. One that somebody else started is never touched. */
import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes, randomInt } from 'node:crypto';
import { createServer } from 'node:net';
import { homedir } from 'node:os';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { findExecutable } from '../instrument/findExecutable.ts';
import type { Milliseconds } from '../profile/units.ts';
import { RemoteProcess } from './remoteProcess.ts';
import { REMOTE_PORTS, remoteScript, sshCommand } from './remoteVllm.ts';
import { containerName, dockerCommand, programCommand, progressIn, reasonIn, refusedArgument, unknownFlags, type VllmChoice, type VllmWay } from './vllmCommand.ts';

const LOOK_EVERY_MS: Milliseconds = 500;
const HEALTH_TIMEOUT_MS: Milliseconds = 2000;
/** It frees the GPU and ends its workers; measured on a CPU, 2 to 3 s. */
const STOP_PATIENCE_MS: Milliseconds = 20_000;
/** That of the script on another host, which is as patient, and of the way there. */
const REMOTE_STOP_PATIENCE_MS: Milliseconds = 30_000;
/** Its workers notice by themselves that it is gone. */
const WORKERS_PATIENCE_MS: Milliseconds = 2000;
/** `ssh` ends with it when the trouble is its own. */
const SSH_FAILED = 255;
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
  /** The host to start it on, as the user's ssh knows it; its port is then brought to this machine's. Null: this machine. */
  host: string | null;
  /** `docker`, or the `vllm` to run, by name or path (there, where it is another host); null: `vllm` where there is one, else Docker. */
  program: string | null;
  /** Where relative paths are from. */
  cwd: string;
  env: NodeJS.ProcessEnv;
}

/** How it is run: what ends it, and what starts it where the process alone does not. */
interface Running {
  way: VllmWay | 'ssh';
  child: ChildProcess;
  remote: RemoteProcess | null;
  /** Ends it at once, workers included. */
  endNow(): void;
}

export class VllmServer {
  readonly url: string;
  /** How it is run. */
  readonly way: Running['way'];
  /** Resolves when it has ended, whoever ended it. */
  readonly ended: Promise<{ exitCode: number | null }>;
  /** We have asked it to end. */
  stopping = false;
  readonly #child: ChildProcess;
  readonly #lines: string[] = [];
  readonly #running: Running;

  private constructor(running: Running, url: string, listener: VllmListener) {
    const { child, remote } = running;
    this.#child = child;
    this.#running = running;
    this.way = running.way;
    this.url = url;
    for (const stream of [child.stdout, child.stderr]) {
      if (stream === null) continue;
      createInterface({ input: stream }).on('line', (line) => {
        if (remote?.takes(line) === true) return;
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
          endGroup(child);
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
    const { host } = launch;
    const found = host === null ? findVllm(launch) : { way: 'ssh' as const, executable: findSsh(launch) };
    await needFreePort(launch.port);
    const without: string[] = [];
    for (;;) {
      const running = found.way === 'ssh' ? runThere(found.executable, host ?? '', launch, without, listener) : runHere(found.executable, found.way, launch, without, listener);
      const server = new VllmServer(running, `http://127.0.0.1:${launch.port}/v1`, listener);
      const exit = await server.#untilReady(signal);
      if (exit === null) return server;
      if (signal.aborted) throw new VllmError('vLLM was stopped before it was ready.');
      if (host !== null && exit.exitCode === SSH_FAILED) throw new VllmError(`vLLM was not started on ${host}: ${sentence(reasonIn(server.#lines) ?? 'ssh gives no reason')} Look whether "ssh ${host} true" runs in a terminal without asking for anything.`);
      const unknown = unknownFlags(server.#lines).filter((flag) => !without.includes(flag));
      if (unknown.length === 0) {
        const reason = reasonIn(server.#lines);
        throw new VllmError(`vLLM ended before it was ready (exit code ${exit.exitCode ?? 'none'})${reason === null ? '' : `: ${sentence(reason)}`} Its log says more.`);
      }
      without.push(...unknown);
      listener.onLog(`This vLLM is too old for ${unknown.join(' and ')}: started again without.`);
    }
  }

  /** Asks it to end, and sees to it that it does. */
  async stop(): Promise<void> {
    if (this.stopping) {
      await this.ended;
      return;
    }
    this.stopping = true;
    if (this.#running.remote === null) this.#child.kill('SIGTERM');
    else this.#running.remote.end();
    const patience = new AbortController();
    const late = delay(this.#running.remote === null ? STOP_PATIENCE_MS : REMOTE_STOP_PATIENCE_MS, 'late' as const, { signal: patience.signal }).catch(() => 'done' as const);
    if ((await Promise.race([this.ended.then(() => 'done' as const), late])) === 'late') {
      this.kill();
      endGroup(this.#child);
    }
    patience.abort();
    await this.ended;
  }

  /** Ends it at once, workers included: for an editor that closes. */
  kill(): void {
    this.stopping = true;
    this.#running.endNow();
  }

  /**
   * Null once it answers; how it ended where that came first.
   * @throws VllmError where the port on another host is somebody's
   */
  async #untilReady(signal: AbortSignal): Promise<{ exitCode: number | null } | null> {
    const health = this.url.replace(/\/v1$/, '/health');
    const abort = (): void => void this.stop();
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    try {
      if ((await this.#running.remote?.begin(health, this.ended)) === 'taken') {
        this.kill();
        throw new VllmError('The port that was chosen on the other host is somebody’s. Start it again: another one is chosen.');
      }
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

/** In a group of its own, so that Ctrl-C in a terminal reaches us first, and its workers end with it. */
function runHere(executable: string, way: VllmWay, launch: VllmLaunch, without: readonly string[], listener: VllmListener): Running {
  const { env, cwd, port } = launch;
  const [program = '', ...args] = way === 'docker' ? dockerCommand(executable, launch, without, { home: homedir(), hasHubToken: Boolean(env['HF_TOKEN']) }) : programCommand(executable, launch, without);
  listener.onLog(`$ ${[program, ...args].join(' ')}`);
  listener.onProgress(`starting ${way === 'docker' ? 'vLLM in Docker' : 'vLLM'}`);
  const child = spawn(program, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'], detached: process.platform !== 'win32', windowsHide: true });
  const endNow = (): void => {
    if (way === 'docker') spawn(program, ['rm', '-f', containerName(port)], { stdio: 'ignore', windowsHide: true }).once('error', () => undefined);
    endGroup(child);
  };
  return { way, child, remote: null, endNow };
}

/** On another host. Its input stays open: its end is that of the server there, too, should we be killed. */
function runThere(ssh: string, host: string, launch: VllmLaunch, without: readonly string[], listener: VllmListener): Running {
  const { env, cwd, port } = launch;
  const there = randomInt(REMOTE_PORTS.from, REMOTE_PORTS.to + 1);
  const choice = { ...launch, port: there, container: `agent-cost-vllm-${randomBytes(4).toString('hex')}` };
  const [program = '', ...args] = sshCommand(ssh, host, { here: port, there }, remoteScript(choice, without));
  listener.onLog(`$ ssh -L ${port}:127.0.0.1:${there} ${host} ${programCommand(launch.program ?? 'vllm', choice, without).join(' ')}`);
  listener.onProgress(`starting vLLM on ${host}`);
  const child = spawn(program, args, { cwd, env, stdio: ['pipe', 'pipe', 'pipe'], detached: process.platform !== 'win32', windowsHide: true });
  const remote = new RemoteProcess(child);
  return { way: 'ssh', child, remote, endNow: () => remote.endNow() };
}

function endGroup(child: ChildProcess): void {
  if (process.platform === 'win32') {
    child.kill('SIGKILL');
    return;
  }
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // Nothing of it is left.
  }
}

function sentence(text: string): string {
  return text.replace(/\.?$/, '.');
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

/** @throws VllmError */
function findSsh({ env, cwd }: VllmLaunch): string {
  const ssh = findExecutable('ssh', env, cwd);
  if (ssh === null) throw new VllmError('There is no ssh on the path. Install OpenSSH, or start vLLM on this machine.');
  return ssh;
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
