/** Runs small programs bare and with the hook in them, and reads what the hook wrote. */
import { build } from 'esbuild';
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll } from 'vitest';
import { launchEnvironment } from '../../../src/instrument/launch.ts';
import { hookEventSchema, type HookEvent, type SessionFile } from '../../../src/protocol/hook.ts';
import { ModelServer } from './modelServer.ts';
import { NODE_MAJORS, findNode, type NodeMajor } from './nodes.ts';

export const root = join(dirname(fileURLToPath(import.meta.url)), '../../..');
export const programs = join(root, 'test/fixtures/node-programs');

export interface Outcome {
  stdout: string;
  stderr: string;
  /** Exit code, or the signal's name. */
  code: number | string | null;
}

/** A bundled hook and a session folder, removed together. The folder's name has a space and a quote in it. */
export class HookedRuns {
  readonly folder = mkdtempSync(join(tmpdir(), 'agent cost "hook" '));
  readonly #sessions = new Map<string, string>();

  /** Bundles the hook as scripts/build.mjs does. */
  async build(): Promise<void> {
    await build({
      absWorkingDir: root,
      entryPoints: { hook: 'src/instrument/node/hook.ts', transform: 'src/instrument/node/transform/instrumentSource.ts' },
      outdir: join(this.folder, 'instrument/node'),
      outExtension: { '.js': '.cjs' },
      bundle: true,
      platform: 'node',
      target: 'node20',
      format: 'cjs',
      minify: true,
      logLevel: 'warning',
    });
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** The environment of a program launched in a fresh session. */
  environment(routeUrl: string, changes: Partial<SessionFile> = {}, base: NodeJS.ProcessEnv = bareEnvironment()): Record<string, string> {
    const eventsDir = mkdtempSync(join(this.folder, 'session-'));
    const session: SessionFile = { version: 1, id: 'test', routeUrl, eventsDir, backend: 'sim', fallbackUrl: null, profilerPid: process.pid, ...changes };
    const sessionFile = join(eventsDir, 'session.json');
    writeFileSync(sessionFile, JSON.stringify(session));
    this.#sessions.set(sessionFile, session.eventsDir);
    const set = launchEnvironment({ base, sessionFile, routeUrl, backend: session.backend, hooks: true, tracing: false, announce: null, instrumentDir: join(this.folder, 'instrument') });
    return { ...definedOnly(base), ...set };
  }

  /** All events of the session that an environment belongs to, by file name. */
  eventFiles(environment: Record<string, string>): Map<string, HookEvent[]> {
    const folder = this.#sessions.get(environment['AGENT_COST_SESSION'] ?? '') ?? '';
    const files = readdirSync(folder).filter((name) => name.startsWith('events-'));
    return new Map(files.map((name) => [name, readLines(join(folder, name))]));
  }

  events(environment: Record<string, string>): HookEvent[] {
    return [...this.eventFiles(environment).values()].flat();
  }
}

/** What a file of tests needs that runs programs with the hook in them: the bundled hook, the Nodes, and a model's server. */
export interface HookedSuite {
  runs: HookedRuns;
  /** The programs, by major version. */
  nodes: ReadonlyMap<NodeMajor, string>;
  /** There once the tests have begun. */
  readonly server: ModelServer;
}

/** Makes it before the file's tests, and takes it down after them. */
export function hookedSuite(): HookedSuite {
  const runs = new HookedRuns();
  const nodes = new Map<NodeMajor, string>();
  let server: ModelServer | null = null;
  beforeAll(async () => {
    await runs.build();
    server = await ModelServer.start();
    for (const major of NODE_MAJORS) nodes.set(major, await findNode(major));
  }, 600_000);
  afterAll(async () => {
    await server?.close();
    runs.remove();
  });
  return {
    runs,
    nodes,
    get server() {
      if (server === null) throw new Error('the tests have not begun');
      return server;
    },
  };
}

function readLines(file: string): HookEvent[] {
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => hookEventSchema.parse(JSON.parse(line)));
}

/** The test's own environment without what would reach into the programs. */
export function bareEnvironment(): Record<string, string> {
  const kept = Object.entries(definedOnly(process.env)).filter(([name]) => !/^(NODE_|VITEST|OPENAI_|AGENT_COST_|npm_|TEST$|FORCE_COLOR|.*_proxy$|.*_PROXY$)/.test(name));
  return { ...Object.fromEntries(kept), OPENAI_API_KEY: 'test-key', NO_COLOR: '1' };
}

function definedOnly(environment: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(Object.entries(environment).filter((entry): entry is [string, string] => entry[1] !== undefined));
}

export async function runProgram(command: string, args: readonly string[], env: Record<string, string>, cwd: string = programs): Promise<Outcome> {
  const child = spawn(command, args, { env, cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const code = await new Promise<number | string | null>((done, failed) => {
    child.on('error', failed);
    child.on('close', (exitCode, signal) => done(exitCode ?? signal));
  });
  return { stdout, stderr, code };
}

/**
 * Without what differs from one bare run to the next: ids, ports, and the frames of Node's own under what waited for a timer, which are
 * there where another timer is due by then (as on a busy machine). And without the one frame that Node 20 and 22 themselves add once
 * a program uses AsyncLocalStorage.
 */
export function comparable({ stdout, stderr, code }: Outcome): Outcome {
  const plain = (text: string) =>
    text
      .replace(/\(node:\d+\)/g, '(node:PID)')
      .replace(/127\.0\.0\.1:\d+/g, '127.0.0.1:PORT')
      .replace(/\n +at \w+\.callbackTrampoline \(node:internal\/async_hooks:\d+:\d+\)/g, '')
      .replace(/\n +at runNextTicks \(node:internal\/process\/task_queues:\d+:\d+\)(?:\n +at (?:process\.processTimers|listOnTimeout) \(node:internal\/timers:\d+:\d+\))*/g, '');
  return { stdout: plain(stdout), stderr: plain(stderr), code };
}

/** Line (1-based) of the comment `site: NAME` in a file of the fixtures. */
export function lineOf(file: string, name: string): number {
  const lines = readFileSync(join(programs, file), 'utf8').split('\n');
  const found = lines.flatMap((line, index) => (new RegExp(`// site: ${name}$`).test(line.trimEnd()) ? [index + 1] : []));
  if (found.length !== 1) throw new Error(`${file} has ${found.length} lines marked "site: ${name}"`);
  return found[0] ?? 0;
}

export function spansOf(events: readonly HookEvent[]) {
  const ends = new Map(events.flatMap((event) => (event.type === 'spanEnd' ? [[event.id, event] as const] : [])));
  return events.flatMap((event) => (event.type === 'span' ? [{ ...event, ended: ends.get(event.id) ?? null }] : []));
}

/** Without the program's own functions and their waits: what began in one of them began in what is around it. */
export function withoutFunctions<Span extends ReturnType<typeof spansOf>[number]>(spans: readonly Span[]): Span[] {
  return spans.filter(({ source }) => source !== 'function' && source !== 'wait' && source !== 'sampled').map((span) => ({ ...span, parent: parentOf(spans, span.parent) }));
}

/** Of spans: the innermost that is `id`, or around it, and is none of the program's own functions. */
export function parentOf(spans: readonly ReturnType<typeof spansOf>[number][], id: string | null): string | null {
  const span = spans.find((each) => each.id === id);
  return span?.source === 'function' ? parentOf(spans, span.parent) : id;
}
