/** One round's folder and processes: a model server, what starts the profiler, agents, and what each of them noted. */
import { randomUUID } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { launchEnvironment } from '../../src/instrument/launch.ts';
import type { ProfilerOptions } from '../../src/protocol/profiler.ts';
import { answerParts, askedText, type Asked, type Moment } from './asked.ts';
import { processesOf, signal, start, until, type Running } from './processes.ts';

const root = join(import.meta.dirname, '../..');
const programs = join(import.meta.dirname, 'programs');

export interface Note {
  e: 'up' | 'begin' | 'end' | 'done' | 'in' | 'out' | 'cut';
  id: string;
  t: number;
  ok?: boolean;
  error?: string;
}

export interface Agent extends Running {
  name: string;
  language: 'Node' | 'Python';
  asked: Asked[];
  notes: () => Note[];
}

export interface ReadyProfiler {
  host: Running;
  pid: number;
  routeUrl: string;
  sessionFile: string;
  out: string;
}

export interface UpstreamOptions {
  moment?: Moment;
  port?: number;
  host?: string;
  through?: string[];
  onStarted?: (pid: number) => void | Promise<void>;
}

export const markOf = (world: World) => `AGENT_COST_CHAOS=${world.id}`;

export class World {
  readonly id = randomUUID();
  readonly folder = mkdtempSync(join(tmpdir(), 'chaos-'));
  /** Folder for temporary files of all its processes. */
  readonly temporary = join(this.folder, 'tmp');
  /** The command that leads into its namespaces, and the process that holds them. */
  inside: string[] = [];
  holder: number | null = null;
  readonly agents: Agent[] = [];
  readonly #python: string;
  readonly #upstreamLog = join(this.folder, 'upstream.ndjson');
  #count = 0;

  constructor(python: string) {
    this.#python = python;
    mkdirSync(this.temporary);
  }

  get env(): NodeJS.ProcessEnv {
    const [name, value] = markOf(this).split('=');
    const own = { TMPDIR: this.temporary, [name!]: value, NO_COLOR: '1', OPENAI_API_KEY: 'k', NODE_DISABLE_COMPILE_CACHE: '1', PYTHONDONTWRITEBYTECODE: '1' };
    return { PATH: process.env['PATH'], HOME: process.env['HOME'], ...own };
  }

  /**
   * Starts the model server. @returns its process and the base URL that programs are given
   * @param through a command that becomes it, and `onStarted` is told its process meanwhile
   */
  async startUpstream({ moment, port = 0, host = '127.0.0.1', through = [], onStarted = () => undefined }: UpstreamOptions = {}): Promise<{ running: Running; url: string; port: number }> {
    const running = start(this, [...through, process.execPath, join(programs, 'upstream.ts'), this.#upstreamLog, String(port), host, ...(moment === undefined ? [] : [JSON.stringify(moment)])]);
    await onStarted(running.pid);
    await until(() => running.lines.length > 0 || running.isOver(), 'the model server to listen');
    if (running.lines[0] === undefined) throw new Error(`the model server did not start: ${running.stderr()}`);
    return { running, url: `http://${host}:${running.lines[0]}/v1`, port: Number(running.lines[0]) };
  }

  /**
   * Starts the profiler by a process that stands in for the editor.
   * @param shell what a shell does before it becomes the profiler: `ulimit -n 64`; `nodeArguments` come before the bundle's path
   */
  async startProfiler(backendUrl: string, { out = join(this.folder, 'run', 'a.agentcost'), shell = '', nodeArguments = [] as string[], script = join(root, 'dist/profiler.cjs') } = {}): Promise<ReadyProfiler> {
    const options: ProfilerOptions = {
      out, name: 'chaos', command: ['agent'], cwd: this.folder, capture: 'full', redact: [], backend: { kind: 'url', url: backendUrl }, model: null, gpu: null, gpuCount: 1, listen: '127.0.0.1', port: 0, gpuIndexes: null, telemetry: { kind: 'off' },
    };
    const node = join(this.folder, 'node.sh');
    const quoted = [process.execPath, ...nodeArguments].map((word) => `'${word}'`).join(' ');
    writeFileSync(node, `#!/bin/sh\n${shell}\nexec ${quoted} "$@"\n`);
    chmodSync(node, 0o700);
    const host = start(this, [process.execPath, join(programs, 'host.ts'), JSON.stringify(options), script, node]);
    await until(() => host.lines.some((line) => line.includes('"ready"')) || host.isOver(), 'the profiler to be ready');
    const line = host.lines.find((text) => text.includes('"ready"'));
    if (line === undefined) throw new Error(`the profiler did not start: ${host.stderr()}`);
    return { host, out, ...(JSON.parse(line) as Pick<ReadyProfiler, 'pid' | 'routeUrl' | 'sessionFile'>) };
  }

  /** The environment that leads an agent to the profiler, as a run from the editor has it. */
  launchEnv({ sessionFile, routeUrl }: Pick<ReadyProfiler, 'sessionFile' | 'routeUrl'>): Record<string, string> {
    return launchEnvironment({ base: this.env, hooks: true, tracing: false, announce: null, instrumentDir: join(root, 'dist/instrument'), sessionFile, routeUrl, backend: 'fixed' });
  }

  /** An agent's command, with its plan written: so many lanes, each with calls one after the other. */
  agentCommand(language: Agent['language'], lanes: Asked[][]): { name: string; command: string[]; notes: () => Note[] } {
    const name = `${language.toLowerCase()}-${++this.#count}`;
    const plan = join(this.folder, `${name}.plan.json`);
    const log = join(this.folder, `${name}.ndjson`);
    writeFileSync(plan, JSON.stringify(lanes.map((lane) => lane.map((asked) => ({ ...asked, text: askedText(asked), expected: answerParts(asked).join('') })))));
    const program = language === 'Node' ? [process.execPath, join(programs, 'agent.mjs')] : [this.#python, join(programs, 'agent.py')];
    return { name, command: [...program, plan, log, join(this.folder, 'go')], notes: () => readNotes(log) };
  }

  async startAgent(language: Agent['language'], lanes: Asked[][], profiler: Pick<ReadyProfiler, 'sessionFile' | 'routeUrl'>): Promise<Agent> {
    const { name, command, notes } = this.agentCommand(language, lanes);
    const agent: Agent = { ...start(this, command, this.launchEnv(profiler)), name, language, asked: lanes.flat(), notes };
    this.agents.push(agent);
    await until(() => notes().length > 0 || agent.isOver(), `${name} to be up`);
    if (agent.isOver()) throw new Error(`${name} did not start: ${agent.stderr()}`);
    return agent;
  }

  /** Lets the agents begin. */
  go(): void {
    writeFileSync(join(this.folder, 'go'), '');
  }

  upstreamNotes(): Note[] {
    return readNotes(this.#upstreamLog);
  }

  /** Ends what is left, and removes the folder. */
  close(): void {
    for (const { pid } of processesOf(this)) {
      signal(pid, 'SIGKILL');
      signal(pid, 'SIGCONT');
    }
    if (this.holder !== null) signal(this.holder, 'SIGKILL');
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** Whole lines only: who was killed may have left half of one. */
function readNotes(path: string): Note[] {
  if (!existsSync(path)) return [];
  return readFileSync(path, 'utf8').split('\n').slice(0, -1).map((line) => JSON.parse(line) as Note);
}
