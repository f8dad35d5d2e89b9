import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { analyze } from '../../src/analysis/analyze.ts';
import { applyUpdate, updateBetween } from '../../src/analysis/diffDocuments.ts';
import { toPerfettoJson } from '../../src/profile/exportPerfetto.ts';
import { readRecording } from '../../src/profile/readRecording.ts';
import { timelineDocumentSchema, timelineUpdateSchema, type TimelineDocument } from '../../src/protocol/webview.ts';
import { arbitraryLines, arbitraryRecording } from './arbitraryRecording.ts';
import { recordingText } from './recordingLines.ts';

const RUNS = 3000;

function sum(values: Iterable<number | null>): number {
  let total = 0;
  for (const value of values) total += value ?? 0;
  return total;
}

/** Equal within 0.1 %, the promise of the report. */
function expectClose(actual: number, expected: number, what: string): void {
  expect(Math.abs(actual - expected), `${what}: ${actual} for ${expected}`).toBeLessThanOrEqual(Math.abs(expected) * 1e-3 + 1e-9);
}

/** Paths of numbers that are NaN or infinite. */
function brokenNumbers(value: unknown, path = ''): string[] {
  if (typeof value === 'number') return Number.isFinite(value) ? [] : [path];
  return typeof value === 'object' && value !== null ? Object.entries(value).flatMap(([key, inner]) => brokenNumbers(inner, `${path}.${key}`)) : [];
}

function checkDocument(document: TimelineDocument): void {
  const { report, gpu } = document;
  const { totals } = report;
  const parsed = timelineDocumentSchema.safeParse(document);
  expect(parsed.error?.message).toBeUndefined();
  expect(brokenNumbers(document)).toEqual([]);

  expectClose(sum(Object.values(totals.agentMs)), totals.wallMs, 'agent time');
  expectClose(sum(Object.values(totals.gpuMs)), totals.wallMs, 'GPU time');
  for (const part of [...Object.values(totals.agentMs), ...Object.values(totals.gpuMs)]) expect(part ?? 0).toBeGreaterThanOrEqual(0);

  let at = 0;
  for (const segment of gpu) {
    if (segment.startMs !== at || segment.endMs <= at) expect.fail(`GPU segment ${segment.startMs}–${segment.endMs} after ${at}`);
    at = segment.endMs;
  }
  expect(at).toBe(totals.wallMs);

  const { active, idle, foreign, total } = totals.energyWh;
  const calls = report.spans.flatMap((span) => span.llm ?? []);
  if (active !== null && totals.energyWh.grade !== null) expectClose(sum(calls.map((llm) => llm.energyWh.active)), active, 'energy of calls');
  if (total !== null) {
    expectClose(sum([active, idle, foreign]), total, 'energy');
    expectClose(sum(gpu.map((segment) => ((segment.watts ?? 0) * (segment.endMs - segment.startMs)) / 3_600_000)), total, 'energy of the track');
  }
  const tools = report.spans.flatMap((span) => span.tool ?? []);
  expect(sum(tools.map((tool) => tool.idleBlameMs))).toBeLessThanOrEqual((totals.gpuMs.idle ?? 0) * 1.001 + 1e-6);
  if (idle !== null) expect(sum(tools.map((tool) => tool.idleEnergyWh))).toBeLessThanOrEqual(idle * 1.001 + 1e-9);
  if (totals.costUsd !== null) expect(sum(calls.map((llm) => llm.costUsd))).toBeLessThanOrEqual(totals.costUsd * 1.001 + 1e-12);

  const ids = new Set(report.spans.map((span) => span.id));
  expect(ids.size).toBe(report.spans.length);
  for (const span of report.spans) {
    expect(span.parent === null || ids.has(span.parent)).toBe(true);
    expect(span.startMs).toBeGreaterThanOrEqual(0);
    expect(span.endMs ?? totals.wallMs).toBeGreaterThanOrEqual(span.startMs);
    expect(span.endMs ?? 0).toBeLessThanOrEqual(totals.wallMs);
    expect((span.site === null) === (span.unattributed !== null)).toBe(true);
    if (span.llm?.roles != null) {
      const { output: _output, ...prompt } = span.llm.roles;
      expect(sum(Object.values(prompt))).toBe(span.llm.promptTokens);
    }
  }
  const parents = new Map(report.spans.map((span) => [span.id, span.parent]));
  for (const id of ids) {
    let steps = 0;
    for (let up: string | null = id; up !== null; up = parents.get(up) ?? null) expect(++steps).toBeLessThanOrEqual(ids.size);
  }
  for (const line of report.lines) expect(line.spans.every((id) => ids.has(id))).toBe(true);
  for (const finding of report.findings) expect(finding.spans.every((id) => ids.has(id))).toBe(true);
}

describe('analysis of any recording', () => {
  it('sums to the run, conserves energy, and is a valid report', () => {
    fc.assert(
      fc.property(arbitraryRecording, (text) => {
        checkDocument(analyze(readRecording(text)));
      }),
      { numRuns: RUNS },
    );
  });

  it('does so while the recording is being written', () => {
    fc.assert(
      fc.property(arbitraryRecording, fc.integer({ min: 0, max: 6000 }), (text, nowMs) => {
        const document = analyze(readRecording(text), { live: true, nowMs });
        checkDocument(document);
        expect(document.report.totals.wallMs).toBeGreaterThanOrEqual(nowMs);
      }),
      { numRuns: RUNS / 3 },
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
      { numRuns: RUNS / 3 },
    );
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
