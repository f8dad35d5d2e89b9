/** Starts a program in a confinement and ends it, whatever it does. */
import { spawn } from 'node:child_process';
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Milliseconds } from '../benchmark.ts';
import type { Confinement } from './confinement.ts';
import type { SandboxLimits } from './limits.ts';
import type { Python } from './python.ts';

export interface SandboxedRun {
  /** `time`: it had to be killed. `signal`: something killed it, such as a limit. */
  end: 'exit' | 'signal' | 'time';
  exitCode: number | null;
  stdout: string;
  stderr: string;
  /** It wrote more than was kept. */
  cut: boolean;
  wallMs: Milliseconds;
}

/**
 * Runs a Python program.
 * @throws Error when the confinement's own program cannot be started; the signal's reason when it is aborted
 */
export async function launch(confinement: Confinement, python: Python, program: string, limits: SandboxLimits, signal: AbortSignal): Promise<SandboxedRun> {
  signal.throwIfAborted();
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'agent-sandbox-')));
  try {
    const { command, args } = await confinement.commandLine(python, limits, folder);
    const run = await supervise(command, args, program, folder, limits, signal);
    signal.throwIfAborted();
    return run;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function supervise(command: string, args: string[], program: string, folder: string, limits: SandboxLimits, signal: AbortSignal): Promise<SandboxedRun> {
  return new Promise((resolve, reject) => {
    const started = performance.now();
    // Nothing of this process's environment: no key, no hook, no virtual environment.
    const env = { PATH: process.env.PATH ?? '/usr/bin:/bin', LANG: 'C.UTF-8', HOME: '/nonexistent' };
    const child = spawn(command, args, { cwd: folder, env, detached: true, stdio: 'pipe' });
    // The whole group; in a namespace of processes this ends every one in it, also those that left the group.
    const kill = () => {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
      } catch {
        // It has ended by itself.
      }
    };
    let timedOut = false;
    const timer = setTimeout(() => {
      timedOut = true;
      kill();
    }, limits.wallMs);
    signal.addEventListener('abort', kill, { once: true });
    const stdout = keep(child.stdout, limits.outputBytes);
    const stderr = keep(child.stderr, limits.outputBytes);
    // A program that ends before it has read its own text.
    child.stdin.on('error', () => undefined);
    child.stdin.end(program);
    const finish = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', kill);
    };
    child.once('error', (error) => {
      finish();
      reject(new Error(`${command} cannot be started: ${error.message}`, { cause: error }));
    });
    // Its children may hold the pipes open.
    child.once('exit', kill);
    child.once('close', (exitCode, ending) => {
      finish();
      const end = timedOut ? 'time' : ending === null && (exitCode ?? 0) <= 128 ? 'exit' : 'signal';
      resolve({ end, exitCode, stdout: stdout.text(), stderr: stderr.text(), cut: stdout.isCut() || stderr.isCut(), wallMs: performance.now() - started });
    });
  });
}

/** Reads all, so that the writer never waits, and keeps the beginning. */
function keep(stream: NodeJS.ReadableStream, limit: number) {
  const chunks: Buffer[] = [];
  let kept = 0;
  let isCut = false;
  stream.on('data', (chunk: Buffer) => {
    if (kept + chunk.length > limit) isCut = true;
    if (kept < limit) chunks.push(chunk.subarray(0, limit - kept));
    kept += Math.min(chunk.length, Math.max(0, limit - kept));
  });
  return { text: () => Buffer.concat(chunks).toString('utf8'), isCut: () => isCut };
}
