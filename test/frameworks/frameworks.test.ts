/** Calls found = calls served, tokens equal, sites right, tools found with their durations: for each framework. */
import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { Report, ReportSpan } from '../../src/profile/report.ts';
import { agentCost, newFolder, onlyRecording, reportOf, runProcess } from '../cli/agentCost.ts';
import { environmentOf, type FrameworkEnvironment } from './environments.ts';
import { frameworks, type Framework } from './frameworks.ts';
import { writeResults, type FrameworkResult } from './results.ts';
import { ScriptedModel, type Served } from './scriptedModel.ts';

/** `core`: the set of `npm test`, with the releases that the project was last tested with. */
const core = process.env['AGENT_COST_FRAMEWORKS'] === 'core';
const chosen = core ? frameworks.filter((framework) => framework.core) : frameworks;
const programs = join(import.meta.dirname, 'programs');
const results: FrameworkResult[] = [];

interface ToolTime {
  name: string;
  /** When it began, on the wall clock. */
  at?: number;
  ms: number;
  /** It raised. */
  failed?: boolean;
}

interface Run {
  report: Report;
  served: Served[];
  tools: ToolTime[];
  /** Of the program's own code. */
  files: string[];
}

/** A folder like a user's project: the program, what it imports, and its packages. */
function projectOf(framework: Framework, environment: FrameworkEnvironment): { folder: string; file: string; files: string[] } {
  const folder = newFolder();
  cpSync(join(programs, dirname(framework.program)), folder, { recursive: true });
  if (environment.folder !== null) {
    symlinkSync(join(environment.folder, 'node_modules'), join(folder, 'node_modules'));
    cpSync(join(environment.folder, 'package.json'), join(folder, 'package.json'));
  }
  const [file, ...others] = [framework.program, ...(framework.others ?? [])].map((path) => join(folder, basename(path)));
  return { folder, file: file!, files: [file!, ...others] };
}

function commandOf(environment: FrameworkEnvironment, file: string): string[] {
  if (!file.endsWith('.ts')) return [environment.executable, file];
  return [environment.executable, join(dirname(file), 'node_modules', 'tsx', 'dist', 'cli.mjs'), file];
}

function environmentFor(framework: Framework): NodeJS.ProcessEnv {
  return { OPENAI_API_KEY: 'test-key', ANTHROPIC_API_KEY: 'test-key', PYTHONDONTWRITEBYTECODE: '1', PYTHONIOENCODING: 'utf-8', ANONYMIZED_TELEMETRY: 'false', ...framework.env };
}

async function bare(framework: Framework, environment: FrameworkEnvironment): Promise<{ stdout: string; code: number | null }> {
  const model = await ScriptedModel.start(framework.model);
  try {
    const { folder, file } = projectOf(framework, environment);
    const [program = '', ...args] = commandOf(environment, file);
    const { stdout, stderr, code } = await runProcess(program, args, { cwd: folder, env: { ...environmentFor(framework), OPENAI_BASE_URL: model.url, OPENAI_API_BASE: model.url, ANTHROPIC_BASE_URL: model.url.replace(/\/v1$/, '') } });
    expect(code, stderr).toBe(0);
    return { stdout, code };
  } finally {
    await model.stop();
  }
}

type FinishedRun = Run & { stdout: string; code: number | null; stderr: string };

async function profiled(framework: Framework, environment: FrameworkEnvironment): Promise<FinishedRun> {
  const model = await ScriptedModel.start(framework.model);
  try {
    const { folder, file, files } = projectOf(framework, environment);
    const log = join(folder, 'tools.jsonl');
    const { stdout, stderr, code } = await agentCost(['run', '--backend', model.url, '--', ...commandOf(environment, file)], { cwd: folder, env: { ...environmentFor(framework), TOOL_LOG: log } });
    expect(code, stderr).toBe(0);
    const tools = existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n').map((line) => JSON.parse(line) as ToolTime) : [];
    return { report: await reportOf(onlyRecording(folder)), served: model.served, tools, files, stdout, code, stderr };
  } finally {
    await model.stop();
  }
}

interface Marks {
  llm: string[];
  /** Where tools of another process are asked for. */
  asks: string[];
  tools: Map<string, string>;
}

/** Places (`FILE:LINE`) with a mark, by the mark's text: `# llm`, `// tool: search`, `# asks`. */
function marks(files: readonly string[]): Marks {
  const found: Marks = { llm: [], asks: [], tools: new Map() };
  for (const file of files) {
    for (const [index, text] of readFileSync(file, 'utf8').split('\n').entries()) {
      const place = `${file}:${index + 1}`;
      if (/(#|\/\/) llm\b/.test(text)) found.llm.push(place);
      if (/(#|\/\/) asks\b/.test(text)) found.asks.push(place);
      for (const [, name] of text.matchAll(/(?:#|\/\/) tool: (\S+)/g)) found.tools.set(name!, place);
    }
  }
  return found;
}

const placeOf = ({ site, unattributed }: ReportSpan): string => (site === null ? String(unattributed) : `${site.file}:${site.line}`);

/** What is around a span, the nearest first. */
function aroundIn(report: Report): (span: ReportSpan) => ReportSpan[] {
  const byId = new Map(report.spans.map((span) => [span.id, span]));
  const around = (span: ReportSpan): ReportSpan[] => {
    const parent = span.parent === null ? undefined : byId.get(span.parent);
    return parent === undefined ? [] : [parent, ...around(parent)];
  };
  return around;
}

function expectCalls({ report, served, files }: Run): void {
  const calls = report.spans.filter((span) => span.kind === 'llm');
  expect(calls.map((span) => span.llm!.path)).toEqual(served.map(({ path }) => path));
  expect(calls.map(({ llm }) => [llm!.promptTokens, llm!.cachedTokens ?? 0, llm!.completionTokens ?? 0])).toEqual(served.map((each) => [each.promptTokens, each.cachedTokens, each.completionTokens]));
  expect([...new Set(calls.map(placeOf))].sort()).toEqual(marks(files).llm.sort());
}

/** Of a run that two processes saw, the server's: the client's is around it, on the line that asked. */
function runsOfTools({ report, files }: Run): ReportSpan[] {
  const found = report.spans.filter((span) => span.kind === 'tool');
  const byId = new Map(found.map((span) => [span.id, span]));
  const askers = new Set(found.flatMap(({ name, parent }) => (parent !== null && byId.get(parent)?.name === name ? parent : [])));
  const { asks } = marks(files);
  for (const id of askers) expect(asks).toContain(placeOf(byId.get(id)!));
  return found.filter(({ id }) => !askers.has(id));
}

function expectTools(run: Run, provided: Record<string, number>): void {
  const { report, tools, files } = run;
  const found = runsOfTools(run);
  const unlogged = Object.entries(provided).flatMap(([name, count]) => Array.from({ length: count }, () => name));
  // Each run of each tool once, none besides.
  expect(found.map(({ name }) => name).sort()).toEqual([...tools.map(({ name }) => name), ...unlogged].sort());
  expect(found.filter(({ name, evidence, status }) => name in provided && !(evidence === 'measured' && status === 'ok'))).toEqual([]);
  const around = aroundIn(report);
  const isPart = (span: ReportSpan) => {
    const [outer] = around(span).filter(({ kind, name }) => kind === 'agent' || (kind === 'tool' && name !== span.name));
    return outer?.kind === 'tool';
  };
  expect(report.totals.toolCalls).toBe(found.filter((span) => !isPart(span)).length);
  const lines = marks(files).tools;
  for (const name of new Set(tools.map((tool) => tool.name))) {
    const spans = found.filter((span) => span.name === name);
    const runs = tools.filter((tool) => tool.name === name);
    expect(spans.map(({ evidence }) => evidence)).toEqual(spans.map(() => 'measured'));
    expect(spans.map(({ status }) => status).sort(), name).toEqual(runs.map(({ failed }) => (failed === true ? 'error' : 'ok')).sort());
    expect(spans.map(placeOf)).toEqual(spans.map(() => lines.get(name)));
    for (const { tool, status, error } of spans) {
      expect(tool!.argumentBytes).toBeGreaterThan(0);
      if (status === 'error') expect(error?.message).toMatch(/\S/);
      else expect(tool!.resultBytes).toBeGreaterThan(0);
    }
  }
}

/** Tools that are shown to take another time than they took by their own account. */
function toolsOff(run: Run): string[] {
  const shown = runsOfTools(run);
  return [...new Set(run.tools.map(({ name }) => name))].flatMap((name) => {
    const times = run.tools.filter((tool) => tool.name === name).map(({ ms }) => ms).sort((a, b) => a - b);
    const durations = shown.filter((span) => span.name === name).map((span) => span.endMs! - span.startMs).sort((a, b) => a - b);
    return times.flatMap((ms, index) => (Math.abs((durations[index] ?? NaN) - ms) <= 5 + 0.03 * ms ? [] : [`${name}: ${durations[index]} ms shown, ${ms} ms taken`]));
  });
}

/** What the hooks make longer is longer each time; what other programs on the machine do, now and then. */
const MOST_RUNS = 3;

async function profiledUndisturbed(framework: Framework, environment: FrameworkEnvironment): Promise<FinishedRun> {
  for (let count = 1; ; count += 1) {
    const run = await profiled(framework, environment);
    const off = toolsOff(run);
    if (off.length === 0) return run;
    if (count === MOST_RUNS) expect(off).toEqual([]);
  }
}

/** Runs that overlap by more than this ran at once; those that do by less may have, with edges that are off by a little. */
const CLEARLY_AT_ONCE_MS = 50;

/** How many runs of tools overlapped by more than `least` milliseconds. */
function overlapping(runs: { from: number; until: number }[], least: number): number {
  return runs.reduce((count, run, index) => count + runs.slice(0, index).filter((other) => Math.min(run.until, other.until) - Math.max(run.from, other.from) > least).length, 0);
}

function expectNesting(run: Run, framework: Framework): void {
  const { report, tools } = run;
  const around = aroundIn(report);
  const measured = report.spans.filter(({ evidence, kind }) => evidence === 'measured' && kind !== 'other');
  // Agents and steps have ended, and what is inside something is inside of its time.
  const mayFail = ({ kind, name }: ReportSpan) => kind === 'tool' || (kind === 'step' && framework.failingSteps?.includes(name) === true);
  expect(measured.filter((span) => span.status === 'incomplete' || (span.status !== 'ok' && !mayFail(span))).map(({ kind, name, status, error }) => [kind, name, status, error])).toEqual([]);
  for (const span of measured) {
    for (const { name, startMs, endMs } of around(span).slice(0, 1)) {
      expect(span.startMs, `${span.name} inside ${name}`).toBeGreaterThanOrEqual(startMs - 5);
      expect(span.endMs, `${span.name} inside ${name}`).toBeLessThanOrEqual(endMs! + 5);
    }
  }
  const named = (kind: ReportSpan['kind']) => measured.filter((span) => span.kind === kind).map(({ name }) => name);
  for (const name of framework.agents ?? []) expect(named('agent')).toContain(name);
  for (const name of framework.steps ?? []) expect(named('step')).toContain(name);
  if (framework.requests !== undefined) expect(report.totals.requests).toBe(framework.requests);
  for (const [tool, agent] of Object.entries(framework.inside ?? {})) {
    const runs = measured.filter(({ kind, name }) => kind === 'tool' && name === tool);
    expect(runs.map((span) => around(span).find(({ kind }) => kind === 'agent')?.name), tool).toEqual(runs.map(() => agent));
    expect(runs.length, tool).toBeGreaterThan(0);
  }
  if (tools.every(({ at }) => at !== undefined)) {
    const found = runsOfTools(run)
      .filter(({ name }) => !(name in (framework.provided ?? {})))
      .map(({ startMs, endMs }) => ({ from: startMs, until: endMs! }));
    const logged = tools.map(({ at, ms }) => ({ from: at!, until: at! + ms }));
    expect(overlapping(found, CLEARLY_AT_ONCE_MS), 'tools shown to run at once').toBeLessThanOrEqual(overlapping(logged, 0));
    expect(overlapping(logged, CLEARLY_AT_ONCE_MS), 'tools that ran at once').toBeLessThanOrEqual(overlapping(found, 0));
  }
}

describe.each(chosen)('$title', (framework) => {
  let environment: FrameworkEnvironment;
  const result: FrameworkResult = { id: framework.id, title: framework.title, language: framework.language, version: null, calls: null, tools: null, agents: null, passed: false };
  results.push(result);

  it('is found out about by nobody and shows what it did', async () => {
    environment = await environmentOf(framework, !core);
    result.version = environment.version;
    const run = await profiledUndisturbed(framework, environment);
    const { report, served, tools } = run;
    result.calls = `${report.totals.llmCalls}/${served.length}`;
    const agents = report.spans.filter((span) => span.kind === 'agent' && span.evidence === 'measured').map(({ name }) => name);
    result.tools = `${runsOfTools(run).filter(({ name, evidence }) => evidence === 'measured' && !(name in (framework.provided ?? {}))).length}/${tools.length}`;
    result.agents = framework.agents === undefined ? null : `${framework.agents.filter((name) => agents.includes(name)).length}/${framework.agents.length}`;
    expectCalls(run);
    expectTools(run, framework.provided ?? {});
    expectNesting(run, framework);
    expect({ stdout: run.stdout, code: run.code }).toEqual(await bare(framework, environment));
    result.passed = true;
  });
});

afterAll(() => {
  mkdirSync(join(import.meta.dirname, '../../test-results'), { recursive: true });
  writeResults(results, { whole: !core && chosen.length === frameworks.length });
});
