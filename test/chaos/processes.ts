/** Processes of a round: started, listened to, and found again wherever they went. */
import { spawn, type ChildProcess } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { markOf, type World } from './world.ts';

/** Everything that is waited for happens within this, on a busy machine too. */
export const PATIENCE_MS = 90_000;

/** One clock for all processes of the machine, in milliseconds. */
export const now = () => Number(process.hrtime.bigint()) / 1e6;

export interface Running {
  child: ChildProcess;
  pid: number;
  /** Lines of its stdout so far. */
  lines: string[];
  stderr: () => string;
  ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  isOver: () => boolean;
}

/** Starts a program with the world's environment, inside its namespaces where it has some. */
export function start(world: World, command: string[], env: NodeJS.ProcessEnv = {}): Running {
  const [program = '', ...args] = [...world.inside, ...command];
  const child = spawn(program, args, { cwd: world.folder, env: { ...world.env, ...env }, stdio: ['pipe', 'pipe', 'pipe'] });
  const lines: string[] = [];
  let rest = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const parts = (rest + text).split('\n');
    rest = parts.pop()!;
    lines.push(...parts);
    for (const line of parts) child.emit('line', line);
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr = (stderr + text).slice(-4000)));
  // Whoever was killed reads nothing any more.
  child.stdin.on('error', () => undefined);
  let over = false;
  const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      over = true;
      resolve({ code, signal });
    });
  });
  // Told to whoever waits for it.
  ended.catch(() => (over = true));
  return { child, pid: child.pid ?? -1, lines, stderr: () => stderr, ended, isOver: () => over };
}

/** Waits for a condition. @throws Error that names it */
export async function until(condition: () => boolean, what: string, patienceMs = PATIENCE_MS): Promise<void> {
  const deadline = now() + patienceMs;
  while (!condition()) {
    if (now() > deadline) throw new Error(`still waiting after ${Math.round(patienceMs / 1000)} s for ${what}`);
    await sleep(5);
  }
}

export function isThere(pid: number): boolean {
  try {
    // A process that has ended stays until its parent has looked: that is no process any more.
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

/** All processes of the world that are still there, as `pid command`. Linux only. */
export function processesOf(world: World): { pid: number; command: string }[] {
  const found = [];
  for (const name of readdirSync('/proc')) {
    const pid = Number(name);
    if (!pid || pid === process.pid || pid === world.holder) continue;
    try {
      if (!readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').includes(markOf(world)) || !isThere(pid)) continue;
      found.push({ pid, command: readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim().slice(0, 120) });
    } catch {
      // It ended while we looked.
    }
  }
  return found;
}

/** Sends a signal to a process that may be gone already. */
export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
