/** What a call's queue, prefill and decode took, against what the server's own histograms rose by when it was the only one. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { analyze } from '../../src/analysis/analyze.ts';
import { readRecording } from '../../src/profile/readRecording.ts';
import type { Report } from '../../src/profile/report.ts';
import { agentCost, newFolder, onlyRecording, reportOf, sum } from '../cli/agentCost.ts';
import { isMet, print, type Figure } from './figures.ts';
import { SERVED_MODEL } from './limits.ts';
import { watchReadings } from './readingWatch.ts';

const url = process.env['AGENT_COST_LIVE_URL']!;
const PHASES = ['queueMs', 'prefillMs', 'decodeMs'] as const;
type Phases = Record<(typeof PHASES)[number], number>;
/** Half of what the analysis lets a client's view of a call be off by: where they are further apart, others held the client up, and counters may be left aside. */
const ALIKE = { share: 0.05, atLeast: 15 };
/** Of a recording. */
type Line = Record<string, unknown>;
type LlmSpan = Report['spans'][number] & { llm: NonNullable<Report['spans'][number]['llm']> };
const LIMIT = { share: 0.05, atLeast: 5 };

let recording = '';
let report: Report;
let theirs: Phases[] = [];

beforeAll(async () => {
  const { origin } = new URL(url);
  const watch = await watchReadings(origin);
  const { file, stdout } = await runOf('alone.mjs', { METRICS_URL: `${origin}/metrics`, READ_URL: `${watch.url}/read` }, `${watch.url}/v1`);
  watch.close();
  theirs = stdout.trim().split('\n').map((line) => JSON.parse(line) as Phases);
  recording = readFileSync(file, 'utf8');
  report = await reportOf(file);
});

/** A run of a program of this folder: its recording, and what it printed. */
async function runOf(program: string, env: NodeJS.ProcessEnv, backend = url): Promise<{ file: string; stdout: string }> {
  const cwd = newFolder();
  const { stdout, stderr, code } = await agentCost(['run', '--backend', backend, '--', process.execPath, fileURLToPath(new URL(`programs/${program}`, import.meta.url))], { cwd, env: { MODEL: SERVED_MODEL, ...env } });
  expect(code, stderr).toBe(0);
  return { file: onlyRecording(cwd), stdout };
}

function calls({ spans }: Report): LlmSpan[] {
  return spans.filter((span): span is LlmSpan => span.llm !== null);
}

/** What would be known of a server that says less. */
function reportWithout(says: (line: Line) => Line, from = recording): Report {
  const lines = from.trim().split('\n').map((line) => JSON.stringify({ ...says(JSON.parse(line) as Line), crc: undefined }));
  return analyze(readRecording(`${lines.join('\n')}\n`)).report;
}

const withoutAnswers = (line: Line) => (line['type'] === 'callEnd' ? { ...line, server: null } : line);
const withoutCounters = (line: Line) => ({ ...line, counters: undefined });

function figures(found: Report, limit: Figure['limit'], told = theirs): Figure[] {
  return calls(found).flatMap(({ llm }, index) => {
    const server = told[index]!;
    return [
      ...PHASES.map((phase): Figure => ({ what: `call ${index + 1}, ${phase.slice(0, -2)}`, ours: llm[phase] ?? 0, theirs: server[phase], unit: 'ms', limit: null })),
      { what: `call ${index + 1}, together`, ours: sum(Object.fromEntries(PHASES.map((phase) => [phase, llm[phase]]))), theirs: sum(server), unit: 'ms', limit },
    ];
  });
}

/** Whether the client saw a call take as long as the server did, to its first token and to its end. */
function isSeenAlike({ startMs, endMs, llm }: LlmSpan, server: Phases): boolean {
  const near = (ours: number, theirs: number) => isMet({ what: '', ours, theirs, unit: 'ms', limit: ALIKE });
  const firstMs = llm.ttftMs;
  return near(endMs! - startMs, sum(server)) && (firstMs === null || near(firstMs, server.queueMs + server.prefillMs));
}

describe('phases', () => {
  it('by answer', () => {
    expect(calls(report)).toHaveLength(theirs.length);
    expect(new Set(calls(report).map(({ llm }) => `${llm.phaseSource}, ${llm.phaseEvidence}`))).toEqual(new Set(['answer, measured']));
    const rows = figures(report, LIMIT);
    print('Queue, prefill and decode of calls on their own, by what the answers say', rows);
    expect(rows.filter((row) => !isMet(row))).toEqual([]);
  });

  it('by counters', () => {
    const found = calls(reportWithout(withoutAnswers));
    expect(found).toHaveLength(theirs.length);
    const counted = found.map(({ llm }) => llm.phaseSource === 'counters');
    const alike = calls(report).map((call, index) => isSeenAlike(call, theirs[index]!));
    expect(alike).toContain(true);
    expect(counted.map((isCounted, index) => isCounted || !alike[index])).toEqual(theirs.map(() => true));
    expect(new Set(found.filter((_, index) => counted[index]).map(({ llm }) => llm.phaseEvidence))).toEqual(new Set(['inferred']));
    const rows = figures(reportWithout(withoutAnswers), LIMIT).filter((_, index) => counted[Math.floor(index / (PHASES.length + 1))]);
    print('Queue, prefill and decode of calls on their own, by what its counters say, had the answers been silent', rows);
    expect(rows.filter((row) => !isMet(row))).toEqual([]);
  });

  it('by the server’s trace are those of its answers, also of calls at once', async () => {
    const { file } = await runOf('traced.mjs', { RELAY_URL: process.env['AGENT_COST_TRACE_RELAY'] });
    const text = readFileSync(file, 'utf8');
    const answered = calls(reportWithout((line) => line, text));
    expect(answered.map(({ llm }) => llm.phaseSource)).toEqual(answered.map(() => 'answer'));
    const found = reportWithout((line) => withoutCounters(withoutAnswers(line)), text);
    expect(calls(found).map(({ llm }) => `${llm.phaseSource}, ${llm.phaseEvidence}`)).toEqual(Array(6).fill('trace, measured'));
    const told = answered.map(({ llm }) => Object.fromEntries(PHASES.map((phase) => [phase, llm[phase] ?? 0])) as Phases);
    const rows = figures(found, LIMIT, told);
    print('Queue, prefill and decode by the server’s trace, had the answers been silent, beside what these say', rows);
    expect(rows.filter((row) => !isMet(row))).toEqual([]);
  });

  it('by the stream alone say that they are inferred, for they have the network in them', () => {
    const found = reportWithout((line) => withoutCounters(withoutAnswers(line)));
    // An answer in one piece shows nothing of its inside.
    const streamed = calls(found).map(({ llm }) => llm.phaseSource !== null);
    expect(streamed).toEqual(theirs.map((_, index) => index % 2 === 0));
    expect(new Set(calls(found).map(({ llm }) => llm.phaseEvidence))).toEqual(new Set(['inferred', null]));
    print('Queue, prefill and decode of calls on their own, by what the streams show, had the server said nothing (inferred: no limit)', figures(found, null).filter((_, index) => streamed[Math.floor(index / (PHASES.length + 1))]));
  });

  it('are no more than the call, and the run is the sum of its parts', () => {
    for (const { llm, startMs, endMs } of calls(report)) {
      expect(llm.completionTokens).toBeGreaterThan(0);
      expect(sum(Object.fromEntries(PHASES.map((phase) => [phase, llm[phase]])))).toBeLessThanOrEqual(endMs! - startMs);
    }
    expect(sum(report.totals.gpuMs)).toBeCloseTo(report.totals.wallMs, 3);
    expect(sum(report.totals.agentMs)).toBeCloseTo(report.totals.wallMs, 3);
  });
});
