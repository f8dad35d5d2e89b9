import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { analyze } from '../../src/analysis/analyze.ts';
import { applyUpdate, updateBetween } from '../../src/analysis/diffDocuments.ts';
import { toPerfettoJson } from '../../src/profile/exportPerfetto.ts';
import { readRecording } from '../../src/profile/readRecording.ts';
import { timelineDocumentSchema, timelineUpdateSchema, type TimelineDocument } from '../../src/protocol/webview.ts';
import { arbitraryLines, arbitraryRecording } from './arbitraryRecording.ts';
import { call, callEnd, header, recordingText } from './recordingLines.ts';

/** Divisible by 40: fast-check never ends with a fraction of a run. */
const RUNS = 2000;

function sum(values: Iterable<number | null>): number {
  let total = 0;
  for (const value of values) total += value ?? 0;
  return total;
}

/** Equal within 0.1 %, the promise of the report. */
function close(actual: number, expected: number): boolean {
  return Math.abs(actual - expected) <= Math.abs(expected) * 1e-3 + 1e-9;
}

function atMost(actual: number, limit: number): boolean {
  return actual <= limit * 1.001 + 1e-9;
}

/** Paths of numbers that are NaN or infinite. */
function brokenNumbers(value: unknown, path = ''): string[] {
  if (typeof value === 'number') return Number.isFinite(value) ? [] : [path];
  return typeof value === 'object' && value !== null ? Object.entries(value).flatMap(([key, inner]) => brokenNumbers(inner, `${path}.${key}`)) : [];
}

/** What is wrong with a document, in words; nothing for a sound one. One list instead of thousands of `expect`, for speed. */
function problemsOf(document: TimelineDocument): string[] {
  const { report, gpu } = document;
  const { totals } = report;
  const problems: string[] = [];
  const need = (holds: boolean, what: string): void => {
    if (!holds) problems.push(what);
  };
  const parsed = timelineDocumentSchema.safeParse(document);
  need(parsed.success, `schema: ${parsed.error?.message ?? ''}`);
  problems.push(...brokenNumbers(document));

  const parts = [...Object.values(totals.agentMs), ...Object.values(totals.gpuMs)];
  need(close(sum(Object.values(totals.agentMs)), totals.wallMs), 'agent time does not sum to the run');
  need(close(sum(Object.values(totals.gpuMs)), totals.wallMs), 'GPU time does not sum to the run');
  need(close(sum(Object.values(totals.otherMs)), totals.agentMs.other), 'what the other time went into does not sum to it');
  need(parts.every((part) => (part ?? 0) >= 0), 'a part of the time is negative');

  let at = 0;
  for (const segment of gpu) {
    need(segment.startMs === at && segment.endMs > at, `GPU segment ${segment.startMs}–${segment.endMs} after ${at}`);
    at = segment.endMs;
  }
  need(at === totals.wallMs, 'the GPU track does not reach the end of the run');

  const { active, idle, foreign, total, grade } = totals.energyWh;
  const calls = report.spans.flatMap((span) => span.llm ?? []);
  need(active === null || grade === null || close(sum(calls.map((llm) => llm.energyWh.active)), active), 'the calls’ energy is not the active energy');
  if (total !== null) {
    need(close(sum([active, idle, foreign]), total), 'energy does not sum to its total');
    need(close(sum(gpu.map((segment) => ((segment.watts ?? 0) * (segment.endMs - segment.startMs)) / 3_600_000)), total), 'the track’s energy is not the total');
  }
  const tools = report.spans.flatMap((span) => span.tool ?? []);
  need(atMost(sum(report.functions.map((row) => row.idleBlameMs)), totals.gpuMs.idle ?? 0), 'more idle time blamed on functions than there was');
  need(report.functions.every((row) => row.calls === row.spans.length && atMost(row.totalMs, row.calls * row.meanMs) && atMost(row.p95Ms ?? 0, totals.wallMs) && row.selfMs >= 0), 'a function took longer than its runs, or one of these than the whole');
  need(atMost(sum(tools.map((tool) => tool.idleBlameMs)), totals.gpuMs.idle ?? 0), 'more idle time blamed than there was');
  need(idle === null || atMost(sum(tools.map((tool) => tool.idleEnergyWh)), idle), 'more idle energy blamed than there was');
  need(totals.costUsd === null || atMost(sum(calls.map((llm) => llm.costUsd)), totals.costUsd), 'calls cost more than the run');

  const ids = new Set(report.spans.map((span) => span.id));
  need(ids.size === report.spans.length, 'two spans have one id');
  const parents = new Map(report.spans.map((span) => [span.id, span.parent]));
  for (const span of report.spans) {
    const end = span.endMs ?? totals.wallMs;
    const roles = span.llm?.roles ?? null;
    let height = 0;
    for (let up: string | null = span.id; up !== null && height <= ids.size; up = parents.get(up) ?? null) height++;
    need(span.parent === null || ids.has(span.parent), `${span.id} has a parent that is not there`);
    need(height <= ids.size, `${span.id} is its own ancestor`);
    need(0 <= span.startMs && span.startMs <= end && end <= totals.wallMs, `${span.id} is not within the run`);
    need((span.site === null) === (span.unattributed !== null), `${span.id} has neither site nor reason, or both`);
    need(roles === null || sum([roles.instruction, roles.fewShot, roles.user, roles.llmHistory, roles.toolHistory]) === span.llm?.promptTokens, `${span.id}: roles do not sum to the prompt`);
  }
  need(sum(report.lines.map((line) => line.llmCalls)) === report.spans.filter((span) => span.kind === 'llm' && span.site !== null).length, 'a call is on no line, or on two');
  for (const { file, line, calls, llmCalls, energyWh, idleBlameMs, inclusive } of report.lines) {
    const place = `${file}:${line}`;
    need(inclusive.calls > 0 && inclusive.llmCalls >= llmCalls && (calls > 0 || inclusive.calls > calls), `${place} leads to fewer calls than are on it`);
    need(inclusive.wallMs <= totals.wallMs + 1e-6 && atMost(inclusive.wallMs, inclusive.llmMs + inclusive.toolMs), `${place} leads to more time than there was`);
    need(atMost(energyWh ?? 0, inclusive.energyWh ?? 0) && atMost(inclusive.energyWh ?? 0, active ?? Infinity), `${place}: energy`);
    need(atMost(idleBlameMs ?? 0, inclusive.idleBlameMs ?? 0), `${place}: blame`);
  }
  need([...report.lines, ...report.functions, ...report.findings].every((entry) => entry.spans.every((id) => ids.has(id))), 'a line or finding names a span that is not there');
  return problems;
}

describe('analysis of any recording', () => {
  it('sums to the run, conserves energy, and is a valid report', () => {
    fc.assert(
      fc.property(arbitraryRecording, (text) => {
        expect(problemsOf(analyze(readRecording(text)))).toEqual([]);
      }),
      { numRuns: RUNS },
    );
  });

  it('does so while the recording is being written', () => {
    fc.assert(
      fc.property(arbitraryRecording, fc.integer({ min: 0, max: 6000 }), (text, nowMs) => {
        const document = analyze(readRecording(text), { live: true, nowMs });
        expect(problemsOf(document)).toEqual([]);
        const paused = document.report.run.pauses.reduce((total, { ms }) => total + ms, 0);
        expect(document.report.totals.wallMs + paused).toBeGreaterThan(nowMs - 1e-6);
      }),
      { numRuns: RUNS / 4 },
    );
  });

  it('ends every span of a finished report', () => {
    fc.assert(
      fc.property(arbitraryRecording, (text) => {
        expect(analyze(readRecording(text)).report.spans.every((span) => span.endMs !== null)).toBe(true);
      }),
      { numRuns: RUNS / 10 },
    );
  });

  it('does not depend on the order in which ended calls and spans were written', () => {
    const shuffled = arbitraryLines.chain((lines) => fc.tuple(fc.constant(lines), fc.shuffledSubarray(lines.slice(1), { minLength: lines.length - 1, maxLength: lines.length - 1 })));
    fc.assert(
      fc.property(shuffled, ([lines, order]) => {
        const [head = {}] = lines;
        // A start has to stand before its end, and equal times keep their order; the rest may come as it likes.
        const firsts = (all: object[]): object[] => [...all.filter((line) => isStart(line)), ...all.filter((line) => !isStart(line))];
        const distinct = new Set(lines.map((line) => ('t' in line ? line.t : -1)));
        fc.pre(distinct.size === lines.length);
        const plain = analyze(readRecording(recordingText(head, ...firsts(lines.slice(1)))));
        expect(analyze(readRecording(recordingText(head, ...firsts(order))))).toEqual(plain);
      }),
      { numRuns: RUNS / 10 },
    );
  });

  it('updates a live document to exactly the next one', () => {
    fc.assert(
      fc.property(arbitraryLines, fc.double({ min: 0, max: 1, noNaN: true }), (lines, share) => {
        const cut = 1 + Math.floor(share * (lines.length - 1));
        const before = analyze(readRecording(recordingText(...lines.slice(0, cut))), { live: true });
        const after = analyze(readRecording(recordingText(...lines)));
        const update = updateBetween(before, after);
        expect(timelineUpdateSchema.safeParse(update).success).toBe(true);
        expect(applyUpdate(before, update)).toEqual(after);
        expect(updateBetween(after, after)).toMatchObject({ spans: [], removed: [], gpu: [] });
      }),
      { numRuns: RUNS / 4 },
    );
  });

  it('puts a span that came later in its place among those that began with it', () => {
    const later = [header(), call('b', 10), callEnd('b', 20)];
    const before = analyze(readRecording(recordingText(...later)));
    const after = analyze(readRecording(recordingText(...later, call('a', 10), callEnd('a', 20))));
    expect(after.report.spans.filter((span) => span.kind === 'llm').map((span) => span.id)).toEqual(['a', 'b']);
    expect(applyUpdate(before, updateBetween(before, after))).toEqual(after);
  });

  it('exports slices that nest within their lane', () => {
    fc.assert(
      fc.property(arbitraryRecording, (text) => {
        const trace = JSON.parse(toPerfettoJson(analyze(readRecording(text)))) as { traceEvents: { ph: string; pid: number; tid: number; ts: number; dur: number }[] };
        const lanes = new Map<string, [number, number][]>();
        for (const event of trace.traceEvents) {
          if (event.ph !== 'X') continue;
          const key = `${event.pid}/${event.tid}`;
          lanes.set(key, [...(lanes.get(key) ?? []), [event.ts, event.ts + event.dur]]);
        }
        for (const slices of lanes.values()) {
          const open: number[] = [];
          for (const [start, stop] of slices) {
            while ((open.at(-1) ?? Infinity) <= start + 0.002) open.pop();
            expect(stop).toBeLessThanOrEqual((open.at(-1) ?? Infinity) + 0.002);
            open.push(stop);
          }
        }
      }),
      { numRuns: RUNS / 10 },
    );
  });
});

function isStart(line: object): boolean {
  return 'type' in line && (line.type === 'call' || line.type === 'span');
}
