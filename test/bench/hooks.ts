/**
 * What the hooks cost the programs that they are in, against the bare run of the same program: bare and hooked in turns, in an
 * order drawn anew for each round, so that whatever else the machine does falls on both alike. Medians, each beside what it is to
 * stay below. The model's server stands where the profiler's proxy would: what that adds is measured by `bench:proxy`.
 *
 *     npm run bench:hooks [-- --rounds 15 --only node --rows calls,2ms]
 */
import { execFileSync, fork, spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { launchEnvironment } from '../../src/instrument/launch.ts';
import { newestEnvironment } from '../hooks/python/pythons.ts';

const programs = join(import.meta.dirname, 'programs');
const root = join(import.meta.dirname, '../..');
/** While a runtime gets used to code, the program's as much as the hooks', it takes several times as long: what that costs once is told by itself. */
const FIRST_CALLS = 100;
/** Answers at once, so that what the hooks add is most of what there is to see. */
const AT_ONCE = { model: 'after-0', first: FIRST_CALLS, calls: 1000 };
const QUICK = { model: 'after-2', first: 0, calls: 1000 };
const SLOW = { model: 'after-100', first: 0, calls: 12 };
const GAP_MS = 1500;
const LANGUAGES = ['node', 'python'] as const;
/** What is measured by programs of its own: start, calls answered at once, calls that take longer, an idle gap and fixed work in one. */
const ROWS = ['start', 'calls', '2ms', '100ms', 'gap'] as const;

interface Language {
  name: string;
  program: string;
  ending: 'mjs' | 'py';
  startLimitMs: number;
  /** Rounds of fixed work in a gap, some 300 ms of it. */
  gapWork: number;
}
interface Loop {
  model: string;
  first: number;
  calls: number;
}
/** Milliseconds: the first calls, all others, the processor's for those, its in an idle gap and for fixed work in one; at the end, memory. */
interface AgentFigures {
  firstMs: number;
  ms: number;
  cpuMs: number;
  idleMs: number;
  busyMs: number;
  rssMb: number;
}
type Environments = Record<'bare' | 'hooked', NodeJS.ProcessEnv>;

/** The model's server: each call is answered after the milliseconds that its model's name says. */
function serve(): void {
  const answer = JSON.stringify({ id: 'chatcmpl-1', object: 'chat.completion', created: 1, model: 'm', choices: [{ index: 0, message: { role: 'assistant', content: 'use word7 next' }, finish_reason: 'stop' }], usage: { prompt_tokens: 30, completion_tokens: 4, total_tokens: 34 } });
  const server = createServer({ noDelay: true, keepAliveTimeout: 600_000 }, (request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const [, delay = '0'] = /"after-(\d+)"/.exec(Buffer.concat(parts).toString()) ?? [];
      const send = () => response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(answer) }).end(answer);
      if (delay === '0') send();
      else setTimeout(send, Number(delay));
    });
  });
  server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port));
  process.on('disconnect', () => process.exit());
}

async function startServer(): Promise<{ child: ChildProcess; port: number }> {
  const child = fork(import.meta.filename, ['serve'], { stdio: 'inherit' });
  const port = await new Promise<number>((done, failed) => {
    child.once('message', (message) => done(message as number));
    child.once('exit', (code) => failed(new Error(`the server ended with ${String(code)}`)));
  });
  child.removeAllListeners('exit');
  return { child, port };
}

/** Runs a program to its end. Its text, and milliseconds from its start to its end. */
async function runOnce(program: string, args: string[], env: NodeJS.ProcessEnv): Promise<{ text: string; ms: number }> {
  const began = performance.now();
  const child = spawn(program, args, { env, cwd: programs, stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (part: string) => (text += part));
  const code = await new Promise<number | null>((done, failed) => {
    child.on('error', failed);
    child.on('close', done);
  });
  if (code !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${String(code)}`);
  return { text, ms: performance.now() - began };
}

/** Bare and hooked in turns: what `measure` says of each. */
async function inTurns<T>(rounds: number, environments: Environments, measure: (env: NodeJS.ProcessEnv) => Promise<T>): Promise<Record<'bare' | 'hooked', T[]>> {
  const found: Record<'bare' | 'hooked', T[]> = { bare: [], hooked: [] };
  // The first of each warms up what the system keeps of files.
  for (let round = -1; round < rounds; round += 1) {
    const order = Math.random() < 0.5 ? (['bare', 'hooked'] as const) : (['hooked', 'bare'] as const);
    for (const which of order) {
      const figure = await measure(environments[which]);
      if (round >= 0) found[which].push(figure);
    }
  }
  return found;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

const missed: string[] = [];

/** `limit` null: shown, and no promise. */
function row(name: string, bare: string, hooked: string, found: number, limit: number | null, unit: string): void {
  const isMet = limit === null || found <= limit;
  if (!isMet) missed.push(name);
  const sign = unit === '×' ? '' : found < 0 ? '−' : '+';
  const text = (value: number, digits: number): string => `${Math.abs(value).toFixed(digits)} ${unit}`;
  const digits = unit === '×' ? 3 : unit === 'µs' ? 0 : 1;
  console.log(`${name.padEnd(44)}${bare.padStart(12)}${hooked.padStart(12)}${`${sign}${text(found, digits)}`.padStart(13)}${(limit === null ? '' : `≤ ${text(limit, unit === '×' ? 3 : 0)}`).padStart(13)}   ${limit === null ? '' : isMet ? 'met' : 'NOT MET'}`);
}

async function measureLanguage(language: Language, environments: Environments, rounds: number, rows: ReadonlySet<string>): Promise<void> {
  const { name, program, ending } = language;
  const label = (text: string): string => `${name}: ${text}`;
  const agent = (loop: Loop, gapMs: number, gapWork: number) => async (env: NodeJS.ProcessEnv) =>
    JSON.parse((await runOnce(program, [`agent.${ending}`], { ...env, FIRST_CALLS: String(loop.first), CALLS: String(loop.calls), MODEL: loop.model, GAP_MS: String(gapMs), GAP_WORK: String(gapWork) })).text) as AgentFigures;
  const of = (found: Record<'bare' | 'hooked', AgentFigures[]>, key: keyof AgentFigures) => ({ bare: median(found.bare.map((each) => each[key])), hooked: median(found.hooked.map((each) => each[key])) });
  if (rows.has('start')) {
    const start = await inTurns(rounds * 2, environments, (env) => runOnce(program, [`start.${ending}`], env));
    const times = { bare: median(start.bare.map(({ ms }) => ms)), hooked: median(start.hooked.map(({ ms }) => ms)) };
    row(label('start to end of a small program'), `${times.bare.toFixed(1)} ms`, `${times.hooked.toFixed(1)} ms`, times.hooked - times.bare, language.startLimitMs, 'ms');
  }
  if (rows.has('calls')) {
    const atOnce = await inTurns(rounds, environments, agent(AT_ONCE, 0, 0));
    for (const [what, key, calls, limit] of [
      [`the first ${FIRST_CALLS} calls, each`, 'firstMs', FIRST_CALLS, null],
      ['a model call answered at once', 'ms', AT_ONCE.calls, 150],
      ['processor for such a call', 'cpuMs', AT_ONCE.calls, 150],
    ] as const) {
      const { bare, hooked } = of(atOnce, key);
      const each = (ms: number): number => (ms / calls) * 1000;
      row(label(what), `${each(bare).toFixed(0)} µs`, `${each(hooked).toFixed(0)} µs`, each(hooked - bare), limit, 'µs');
    }
    const memory = of(atOnce, 'rssMb');
    row(label(`memory after ${AT_ONCE.first + AT_ONCE.calls} calls`), `${memory.bare.toFixed(1)} MB`, `${memory.hooked.toFixed(1)} MB`, memory.hooked - memory.bare, 20, 'MB');
  }
  for (const [which, loop, limit] of [['2ms', QUICK, 1.05], ['100ms', SLOW, 1.005]] as const) {
    if (!rows.has(which)) continue;
    const { bare, hooked } = of(await inTurns(rounds, environments, agent(loop, 0, 0)), 'ms');
    row(label(`an agent of calls that take ${loop.model.slice('after-'.length)} ms`), `${bare.toFixed(1)} ms`, `${hooked.toFixed(1)} ms`, hooked / bare, limit, '×');
  }
  if (rows.has('gap')) {
    const gaps = await inTurns(Math.ceil(rounds / 2), environments, agent({ ...SLOW, calls: 2 }, GAP_MS, language.gapWork));
    const idle = of(gaps, 'idleMs');
    row(label('processor in an idle gap, of its length'), `${idle.bare.toFixed(1)} ms`, `${idle.hooked.toFixed(1)} ms`, ((idle.hooked - idle.bare) / GAP_MS) * 100, 2, '%');
    const busy = of(gaps, 'busyMs');
    row(label('processor for fixed work in a gap'), `${busy.bare.toFixed(1)} ms`, `${busy.hooked.toFixed(1)} ms`, (busy.hooked / busy.bare - 1) * 100, 2, '%');
  }
}

/** The words of an option, each one of those that it takes. */
function chosen(option: string, value: string, known: readonly string[]): ReadonlySet<string> {
  const words = value.split(',').map((word) => word.trim());
  const unknown = words.find((word) => !known.includes(word));
  if (unknown !== undefined) throw new Error(`--${option} takes ${known.join(', ')}, with commas between several; '${unknown}' is none of them`);
  return new Set(words);
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { rounds: { type: 'string', default: '15' }, only: { type: 'string', default: LANGUAGES.join() }, rows: { type: 'string', default: ROWS.join() } } });
  const rounds = Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1) throw new Error('--rounds takes a number of rounds, such as 15');
  const only = chosen('only', values.only, LANGUAGES);
  const rows = chosen('rows', values.rows, ROWS);
  const folder = mkdtempSync(join(tmpdir(), 'bench-hooks-'));
  const { child, port } = await startServer();
  try {
    execFileSync(process.execPath, [join(root, 'scripts/build.mjs'), '--production', '--out', folder], { stdio: 'inherit' });
    const routeUrl = `http://127.0.0.1:${port}/TOKEN`;
    const sessionFile = join(folder, 'session.json');
    writeFileSync(sessionFile, JSON.stringify({ version: 1, id: 'bench', routeUrl, eventsDir: folder, backend: 'sim', fallbackUrl: null, profilerPid: process.pid }));
    const kept = Object.entries(process.env).filter(([name]) => !/^(NODE_|PYTHON|OPENAI_|AGENT_COST_|npm_)/.test(name));
    const base: NodeJS.ProcessEnv = { ...Object.fromEntries(kept), OPENAI_API_KEY: 'test-key', PYTHONDONTWRITEBYTECODE: '' };
    const environments: Environments = {
      bare: { ...base, OPENAI_BASE_URL: `${routeUrl}/v1` },
      hooked: { ...base, ...launchEnvironment({ base, sessionFile, routeUrl, backend: 'sim', hooks: true, tracing: false, announce: null, instrumentDir: join(folder, 'instrument') }) },
    };
    console.log(`Medians of ${rounds} rounds, each bare and hooked in turns.\n`);
    console.log(`${''.padEnd(44)}${'bare'.padStart(12)}${'hooked'.padStart(12)}${'difference'.padStart(13)}${'limit'.padStart(13)}`);
    if (only.has('node')) await measureLanguage({ name: `Node ${process.versions.node}`, program: process.execPath, ending: 'mjs', startLimitMs: 40, gapWork: 30 }, environments, rounds, rows);
    if (only.has('python')) {
      const { executable, python } = await newestEnvironment();
      await measureLanguage({ name: `Python ${python.version}`, program: executable, ending: 'py', startLimitMs: 50, gapWork: 30 }, environments, rounds, rows);
    }
    console.log(missed.length === 0 ? '\nAll limits are met.' : `\nNot met: ${missed.join('; ')}.`);
    process.exitCode = missed.length === 0 ? 0 : 1;
  } finally {
    child.disconnect();
    rmSync(folder, { recursive: true, force: true });
  }
}

if (process.argv[2] === 'serve') serve();
else await main();
