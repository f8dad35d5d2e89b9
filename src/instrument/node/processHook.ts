/**
 * Child processes that the user's code starts, as spans. Asynchronous ones are seen in `ChildProcess.prototype.spawn`, on
 * which `spawn`, `exec`, `execFile` and `fork` all end.
 */
import type { ChildProcess } from 'node:child_process';
import { basename } from 'node:path';
import { loadBuiltin } from './builtins.ts';
import { calledThrough, widenStacks } from './callSites.ts';
import { callerOf } from './context.ts';
import { SESSION_ENV } from './contract.ts';
import type { Runtime, Span } from './runtime.ts';
import { describeProcess, splitCommand } from './safeText.ts';
import { replaceMethod } from './wrapping.ts';

/** Program and first argument. */
type Command = [program: string, firstArgument: string | undefined];
/** Scope of the packages that run MCP. */
const MCP = '@modelcontextprotocol';
/** What brings the hooks into a process. */
const SESSION_VARIABLES = [SESSION_ENV, 'NODE_OPTIONS', 'PYTHONPATH'];
type SyncResult = { status: number | null; signal: string | null; error?: Error & { code?: string }; stdout?: unknown };

export function hookProcesses(runtime: Runtime): void {
  const childProcess = loadBuiltin('node:child_process');
  replaceMethod(childProcess.ChildProcess.prototype, 'spawn', (original) => {
    return function spawn(this: unknown, ...args: unknown[]): unknown {
      const span = attempt(() => openProcessSpan(runtime, asynchronousCommand(args[0]), spawn));
      attempt(() => passSessionOn(args[0], spawn));
      let started = false;
      const narrow = widenStacks();
      try {
        const result = Reflect.apply(original, this, args);
        started = true;
        if (span !== null) attempt(() => endWithProcess(this as ChildProcess, span));
        return result;
      } finally {
        narrow();
        if (!started) span?.end('error', 'could not be started', null);
      }
    };
  });
  hookSynchronous(runtime, childProcess, 'spawnSync', (result) => result as SyncResult);
  hookSynchronous(runtime, childProcess, 'execFileSync', succeeded);
  hookSynchronous(runtime, childProcess, 'execSync', succeeded);
}

/** `execSync` and `execFileSync` return only when the exit code was 0. */
function succeeded(stdout: unknown): SyncResult {
  return { status: 0, signal: null, stdout };
}

function hookSynchronous(runtime: Runtime, childProcess: object, name: 'spawnSync' | 'execFileSync' | 'execSync', outcome: (result: unknown) => SyncResult): void {
  replaceMethod(childProcess, name, (original) => {
    return function run(this: unknown, ...args: unknown[]): unknown {
      const span = attempt(() => openProcessSpan(runtime, synchronousCommand(name, args), run));
      runtime.flush();
      let result: SyncResult | null = null;
      const narrow = widenStacks();
      // Not `catch` and `throw`: a thrown error keeps its place in the host's source only when nobody throws it again.
      try {
        const returned = Reflect.apply(original, this, args);
        result = attempt(() => outcome(returned)) ?? succeeded(null);
        return returned;
      } finally {
        narrow();
        if (span !== null) endSynchronous(span, result);
      }
    };
  });
}

/** MCP starts its servers with little of the environment: what looks into them is added, where nothing else stands in its place. */
function passSessionOn(options: unknown, below: (...args: never[]) => unknown): void {
  const pairs = (options as { envPairs?: unknown }).envPairs;
  if (!Array.isArray(pairs) || pairs.some((pair) => String(pair).startsWith(`${SESSION_ENV}=`)) || !calledThrough(MCP, below)) return;
  for (const name of SESSION_VARIABLES) {
    const value = process.env[name];
    if (value !== undefined && !pairs.some((pair) => String(pair).startsWith(`${name}=`))) pairs.push(`${name}=${value}`);
  }
}

/** Null for what no code of the user's asked for, such as the service process of a build tool. */
function openProcessSpan(runtime: Runtime, command: Command | null, below: (...args: never[]) => unknown): Span | null {
  const caller = callerOf(below);
  if (command === null || caller.frames.length === 0) return null;
  return runtime.openSpan({
    // An MCP server runs for as long as its client: it is where tools live, not a tool's run.
    kind: calledThrough(MCP, below) ? 'other' : 'tool',
    name: caller.functionName ?? basename(command[0]),
    caller,
    source: 'process',
    detail: describeProcess(...command),
    callId: null,
  });
}

function asynchronousCommand(options: unknown): Command | null {
  const { file, args } = (options ?? {}) as { file?: unknown; args?: unknown };
  if (typeof file !== 'string') return null;
  // args[0] is the program's own name.
  const [, ...rest] = Array.isArray(args) ? args.map(String) : [];
  const last = rest.at(-1);
  if (last !== undefined && isShell(file) && rest.includes('-c')) return splitCommand(last);
  if (last !== undefined && /cmd(\.exe)?$/i.test(file) && rest.includes('/c')) return splitCommand(last);
  return [file, rest[0]];
}

function isShell(file: string): boolean {
  return /^(ba|z|da|k|fi)?sh$/.test(basename(file));
}

function synchronousCommand(name: string, args: readonly unknown[]): Command | null {
  const [program, list, options] = args;
  if (typeof program !== 'string') return null;
  const parameters = Array.isArray(list) ? list.map(String) : [];
  const { shell } = ((Array.isArray(list) ? options : list) ?? {}) as { shell?: unknown };
  return name === 'execSync' || shell ? splitCommand([program, ...parameters].join(' ')) : [program, parameters[0]];
}

/** A program that could not be started has no `exit`, only a `close`. The program's own `error` listeners are left alone. */
function endWithProcess(child: ChildProcess, span: Span): void {
  child.once('exit', (exitCode, signal) => {
    if (signal !== null) span.end('cancelled', `signal ${signal}`, null);
    else span.end(exitCode === 0 ? 'ok' : 'error', exitCode === 0 ? null : `exit code ${exitCode ?? '?'}`, null);
  });
  child.once('close', () => span.end('error', 'could not be started', null));
}

function endSynchronous(span: Span, result: SyncResult | null): void {
  if (result === null) span.end('error', 'failed', null);
  else if (result.error) span.end('error', result.error.code ?? 'failed', null);
  else if (result.signal) span.end('cancelled', `signal ${result.signal}`, null);
  else span.end(result.status === 0 ? 'ok' : 'error', result.status === 0 ? null : `exit code ${result.status}`, sizeOf(result.stdout));
}

function sizeOf(output: unknown): number | null {
  if (typeof output === 'string') return Buffer.byteLength(output);
  return output instanceof Uint8Array ? output.byteLength : null;
}

/** The host's process is started whatever happens to our account of it. */
function attempt<T>(work: () => T): T | null {
  try {
    return work();
  } catch {
    return null;
  }
}
