/** Runs one program of a sweep to its end, with what it writes kept and not shown. */
import { spawn } from 'node:child_process';

export interface ProgramOptions {
  command: readonly string[];
  environment: NodeJS.ProcessEnv;
  /** On its stdin; null for none. */
  input: string | null;
  timeoutMs: number | null;
  /** Its stderr goes to ours as well. */
  verbose: boolean;
  /** Aborted: it gets what Ctrl-C sends, and some seconds later is killed. */
  stop: AbortSignal;
}

export interface ProgramEnded {
  code: number | null;
  signal: NodeJS.Signals | null;
  /** The end of each, where it is long. */
  stdout: string;
  stderr: string;
  timedOut: boolean;
  startedAt: number;
}

const MOST_OUTPUT = 1_000_000;
const MOST_SAID = 16_000;
/** For what it does at its end. */
const GRACE_MS = 5000;
const IS_WINDOWS = process.platform === 'win32';

/** @throws Error with what the system says when it cannot be started */
export function runToEnd({ command: [program = '', ...args], environment, input, timeoutMs, verbose, stop }: ProgramOptions): Promise<ProgramEnded> {
  return new Promise((resolve, reject) => {
    const startedAt = Date.now();
    // A group of its own, so that what it started ends with it. Never through a shell: questions are anybody's text.
    const child = spawn(program, args, { env: environment, stdio: [input === null ? 'ignore' : 'pipe', 'pipe', 'pipe'], detached: !IS_WINDOWS });
    let stdout = '';
    let stderr = '';
    let timedOut = false;
    let killer: NodeJS.Timeout | undefined;
    const send = (signal: NodeJS.Signals): void => {
      try {
        if (IS_WINDOWS || child.pid === undefined) child.kill(signal);
        else process.kill(-child.pid, signal);
      } catch {
        // It has just ended.
      }
    };
    const end = (signal: NodeJS.Signals): void => {
      send(signal);
      killer ??= setTimeout(() => send('SIGKILL'), GRACE_MS);
    };
    const interrupt = (): void => end('SIGINT');
    const timer = timeoutMs === null ? undefined : setTimeout(() => ((timedOut = true), end('SIGTERM')), timeoutMs);
    // However we end.
    const kill = (): void => send('SIGKILL');
    process.once('exit', kill);
    stop.addEventListener('abort', interrupt);
    if (stop.aborted) interrupt();
    const settle = (): void => {
      clearTimeout(timer);
      clearTimeout(killer);
      stop.removeEventListener('abort', interrupt);
      process.off('exit', kill);
    };
    child.stdout?.setEncoding('utf8').on('data', (text: string) => (stdout = (stdout + text).slice(-MOST_OUTPUT)));
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      stderr = (stderr + text).slice(-MOST_SAID);
      if (verbose) process.stderr.write(text);
    });
    // A program that does not read it has its own reasons.
    child.stdin?.on('error', () => undefined).end(input);
    child.once('error', (error) => {
      settle();
      reject(error);
    });
    let exit: [number | null, NodeJS.Signals | null] = [null, null];
    child.once('exit', (code, signal) => {
      exit = [code, signal];
      // What it left behind must not keep its output open, and us waiting.
      killer ??= setTimeout(() => send('SIGKILL'), GRACE_MS);
    });
    child.once('close', () => {
      settle();
      const [code, signal] = exit;
      resolve({ code, signal, stdout, stderr, timedOut, startedAt });
    });
  });
}
