/** Starts the profiler process and talks to it: used by the command line and by the extension. */
import { spawn, type ChildProcess } from 'node:child_process';
import { fromProfilerSchema, type FromProfiler, type ProfilerOptions, type ToProfiler } from '../protocol/profiler.ts';
import type { Bytes, Milliseconds } from '../profile/units.ts';
import { ProfilerError } from './profilerError.ts';

export { ProfilerError } from './profilerError.ts';

/** How long a stop may take, with a slow disk, before the process is ended by force. */
const STOP_PATIENCE_MS: Milliseconds = 20_000;
/** Variables that would change what runs in the profiler itself. */
const NOT_INHERITED = ['NODE_OPTIONS', 'AGENT_COST_SESSION', 'NODE_V8_COVERAGE', 'VSCODE_INSPECTOR_OPTIONS'];

export interface ProfilerHost {
  /** Absolute path of `dist/profiler.cjs`. */
  profilerPath: string;
  onMessage?(message: FromProfiler): void;
  /** Variables to set on top of this process's own. */
  env?: Readonly<Record<string, string>>;
  /** What the process says on stderr, line by line. */
  log?(line: string): void;
}

export interface Profiler {
  readonly ready: Extract<FromProfiler, { type: 'ready' }>;
  readonly pid: number;
  /** Resolves when the process has ended, for whatever reason; with the recording's length if it said so. */
  readonly onClosed: Promise<{ bytes: Bytes | null; exitCode: number | null }>;
  /** A debugger holds the program, or lets it go on. */
  setHeld(held: boolean): void;
  /** Ends the recording; resolves when the process has ended. Safe to call again. */
  stop(end: { exitCode: number | null; signal: string | null }): Promise<void>;
  /** Lets this process end without waiting for the profiler, which then closes by itself. */
  unref(): void;
}

/**
 * Starts a profiler in a process group of its own, so that a Ctrl-C in the terminal is the program's alone.
 * @throws ProfilerError when it cannot serve
 */
export async function startProfiler(options: ProfilerOptions, host: ProfilerHost): Promise<Profiler> {
  const env: NodeJS.ProcessEnv = { ...process.env, ...host.env, ELECTRON_RUN_AS_NODE: '1' };
  for (const name of NOT_INHERITED) delete env[name];
  const child = spawn(process.execPath, [host.profilerPath], { detached: true, stdio: ['pipe', 'pipe', 'pipe'], env, windowsHide: true });
  let bytes: Bytes | null = null;
  const onClosed = new Promise<{ bytes: Bytes | null; exitCode: number | null }>((resolve) => {
    child.once('close', (exitCode) => resolve({ bytes, exitCode }));
  });
  // A profiler that has died closes the pipe; that it is gone is told by `close`.
  child.stdin.on('error', () => undefined);
  const stderr: string[] = [];
  lines(child.stderr, (line) => {
    stderr.push(line);
    if (stderr.length > 20) stderr.shift();
    host.log?.(line);
  });
  const ready = await new Promise<Extract<FromProfiler, { type: 'ready' }>>((resolve, reject) => {
    child.once('error', (error) => reject(new ProfilerError('notStarted', `The profiler could not be started (${host.profilerPath}): ${error.message}.`)));
    lines(child.stdout, (line) => {
      const message = parse(line);
      if (message === null) {
        host.log?.(`a message of the profiler was not understood: ${line.slice(0, 200)}`);
        return;
      }
      if (message.type === 'closed') bytes = message.bytes;
      if (message.type === 'fatal') reject(new ProfilerError(message.code, message.message));
      host.onMessage?.(message);
      if (message.type === 'ready') resolve(message);
    });
    void onClosed.then(({ exitCode }) => reject(new ProfilerError('notStarted', `The profiler ended before it was ready (exit code ${String(exitCode)}). ${stderr.join('\n')}`.trim())));
    child.stdin.write(`${JSON.stringify(options)}\n`);
  }).catch((error: unknown) => {
    child.stdin.end();
    throw error;
  });
  return {
    ready,
    pid: child.pid!,
    onClosed,
    setHeld: (held) => send(child, { type: 'held', held }),
    stop: (end) => stop(child, onClosed, end),
    unref: () => {
      child.unref();
      for (const stream of child.stdio) if (stream !== null && stream !== undefined && 'unref' in stream) (stream as unknown as { unref(): void }).unref();
    },
  };
}

function send(child: ChildProcess, message: ToProfiler): void {
  if (child.stdin?.writable === true) child.stdin.write(`${JSON.stringify(message)}\n`);
}

async function stop(child: ChildProcess, closed: Promise<unknown>, end: { exitCode: number | null; signal: string | null }): Promise<void> {
  const message: ToProfiler = { type: 'stop', ...end };
  if (child.stdin?.writable === true) child.stdin.end(`${JSON.stringify(message)}\n`);
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_PATIENCE_MS);
  await closed;
  clearTimeout(timer);
}

function parse(line: string): FromProfiler | null {
  try {
    return fromProfilerSchema.parse(JSON.parse(line));
  } catch {
    // The caller logs it: a message that is not understood must not end the run.
    return null;
  }
}

function lines(stream: NodeJS.ReadableStream, onLine: (line: string) => void): void {
  let rest = '';
  stream.setEncoding('utf8');
  stream.on('data', (text: string) => {
    const parts = (rest + text).split('\n');
    rest = parts.pop()!;
    for (const part of parts) onLine(part);
  });
}
