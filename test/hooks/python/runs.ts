/** Runs fixture programs bare and under the hook. */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, realpathSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SESSION_ENV, hookEventSchema, type HookEvent, type SessionFile } from '../../../src/protocol/hook.ts';
import { vi } from 'vitest';
import type { Environment } from './pythons.ts';

// An import of the openai package alone takes many seconds on a busy machine, and a test makes several.
vi.setConfig({ testTimeout: 300_000 });

export const hookFolder = join(import.meta.dirname, '../../../src/instrument/python');
export const programs = join(import.meta.dirname, '../../fixtures/python-programs');

/** How a program ended. */
export interface Outcome {
  stdout: string;
  stderr: string;
  /** Exit code, or the signal's name. */
  exit: number | string | null;
}

/** A session as the profiler makes one, in a folder of its own. */
export class Session {
  readonly folder = realpathSync(mkdtempSync(join(tmpdir(), 'python-hook-')));
  readonly file = join(this.folder, 'session.json');

  constructor(values: Partial<SessionFile> & { routeUrl: string }) {
    const session: SessionFile = { version: 1, id: 's', eventsDir: this.folder, backend: 'sim', fallbackUrl: null, profilerPid: process.pid, ...values };
    writeFileSync(this.file, JSON.stringify(session));
  }

  /** Environment that puts a process under the hook. `more` is added in front of the hook's path entries. */
  env(): Record<string, string> {
    return { [SESSION_ENV]: this.file, PYTHONPATH: hookFolder };
  }

  eventFiles(): string[] {
    return readdirSync(this.folder)
      .filter((name) => name.startsWith('events-'))
      .map((name) => join(this.folder, name));
  }

  /** The events of each file, in order. Fails on any line that is not of the protocol. */
  eventsByFile(): HookEvent[][] {
    return this.eventFiles().map((file) => {
      if ((statSync(file).mode & 0o077) !== 0) throw new Error(`${file} is readable by others`);
      const text = readFileSync(file, 'utf8');
      if (!text.endsWith('\n')) throw new Error(`${file} ends in the middle of a line`);
      return text
        .trimEnd()
        .split('\n')
        .map((line) => hookEventSchema.parse(JSON.parse(line)));
    });
  }

  events(): HookEvent[] {
    return this.eventsByFile().flat();
  }

  /** Tools, agents and the like: all but the program's own functions. */
  spans(): SpanPair[] {
    return this.#pairs((start) => start.source !== 'function' && start.source !== 'sampled');
  }

  /** The program's own functions, measured or sampled. */
  functions(): SpanPair[] {
    return this.#pairs((start) => start.source === 'function' || start.source === 'sampled');
  }

  #pairs(chosen: (start: SpanStart) => boolean): SpanPair[] {
    const events = this.events();
    return events
      .filter((event) => event.type === 'span')
      .filter(chosen)
      .map((start) => ({ start, ends: events.filter((event) => event.type === 'spanEnd').filter((end) => end.id === start.id) }));
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

type SpanStart = Extract<HookEvent, { type: 'span' }>;
type SpanEnd = Extract<HookEvent, { type: 'spanEnd' }>;
/** A span and all ends that were reported for it. */
export interface SpanPair {
  start: SpanStart;
  ends: SpanEnd[];
}

/** Runs an interpreter in a clean environment plus `env`. */
export async function python(executable: string, args: string[], env: Record<string, string>): Promise<Outcome> {
  const keep = Object.fromEntries(['PATH', 'HOME', 'TMPDIR', 'SystemRoot'].flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])));
  const child = spawn(executable, args, {
    cwd: tmpdir(),
    env: { ...keep, PYTHONDONTWRITEBYTECODE: '1', PYTHONIOENCODING: 'utf-8', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output.stderr += text));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ ...output, exit: code ?? signal }));
  });
}

/** Runs a fixture program. */
export function program(environment: Environment, name: string, env: Record<string, string>): Promise<Outcome> {
  return python(environment.executable, [join(programs, name)], env);
}

/** The lines of a fixture program that are marked `# site: LABEL`, by label, top to bottom. */
export function markedLines(name: string): Map<string, number[]> {
  const marked = new Map<string, number[]>();
  readFileSync(join(programs, name), 'utf8')
    .split('\n')
    .forEach((line, index) => {
      for (const [, label] of line.matchAll(/# site: (\S+)/g)) if (label !== undefined) marked.set(label, [...(marked.get(label) ?? []), index + 1]);
    });
  return marked;
}
