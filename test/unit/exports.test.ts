/** Exports hold what the report holds, in the words of each format, whatever was recorded. */
import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { parquetMetadata, parquetReadObjects, parquetSchema } from 'hyparquet';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { analyze } from '../../src/analysis/analyze.ts';
import { exportFormats as formatNames } from '../../src/contributions.ts';
import { csvRecords } from '../../src/experiments/table/csvRecords.ts';
import { costStacks, costWeights, WEIGHT_UNITS } from '../../src/profile/costStacks.ts';
import { exportedSpans, isInside } from '../../src/profile/exportedSpans.ts';
import { toFoldedStacks } from '../../src/profile/exportFolded.ts';
import { exportFormats, renderExport, type ExportOptions } from '../../src/profile/exportFormats.ts';
import { toOtlpJson } from '../../src/profile/exportOtlp.ts';
import { toSpanParquet } from '../../src/profile/exportParquet.ts';
import { toPerfettoJson } from '../../src/profile/exportPerfetto.ts';
import { toSpeedscopeJson } from '../../src/profile/exportSpeedscope.ts';
import { SPAN_COLUMNS, spanColumnsMarkdown, spanRows, toSpanCsv } from '../../src/profile/exportTable.ts';
import { readRecording } from '../../src/profile/readRecording.ts';
import type { Report } from '../../src/profile/report.ts';
import { LONE_SURROGATE } from '../../src/profile/visibleText.ts';
import { spanLanes } from '../../src/profile/spanLanes.ts';
import type { TimelineDocument } from '../../src/protocol/webview.ts';
import { bigRun, hostileRun, makeLlm, makeReport, makeSpan, reactRun } from '../fixtures/timelineDocuments.ts';
import { arbitraryRecording } from './arbitraryRecording.ts';

const documents: [string, TimelineDocument][] = [['a small run', reactRun()], ['eight agents at once', bigRun(600)], ['a hostile run', hostileRun()], ['an empty run', { report: makeReport([], 0), gpu: [] }]];
const options: ExportOptions = { page: () => ({ script: { text: '', gzip: null }, prompts: null }), weight: 'time', version: '1.2.3' };
const arbitraryDocument = arbitraryRecording.map((text) => analyze(readRecording(text)));
const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

describe('every format', () => {
  it('is known to the editor as well', () => {
    expect(Object.keys(exportFormats)).toEqual(formatNames);
  });

  it.each(documents)('writes %s', (_, document) => {
    for (const format of formatNames) expect(renderExport(document, format, options).length, format).toBeGreaterThan(format === 'folded' && document.report.spans.length === 0 ? -1 : 0);
  });

  it('writes whatever was recorded', () => {
    fc.assert(fc.property(arbitraryDocument, (document) => void formatNames.map((format) => renderExport(document, format, options))), { numRuns: 50 });
  });

  it('says what it cannot write', () => {
    const { report, gpu } = reactRun();
    expect(() => renderExport({ report: { ...report, run: { ...report.run, startedAt: 'yesterday' } }, gpu }, 'otlp', options)).toThrow('"yesterday", is no time');
  });
});

describe('lanes', () => {
  const check = (report: Report) => {
    const spans = exportedSpans(report);
    const lanes = spanLanes(spans);
    expect(lanes.flat()).toHaveLength(spans.length);
    for (const lane of lanes) {
      const open: typeof lane = [];
      for (const span of lane) {
        while (open.length > 0 && open.at(-1)!.endMs <= span.startMs) open.pop();
        const around = open.at(-1);
        if (around === undefined) expect(open).toEqual([]);
        else expect(isInside(span, around) && around.startMs <= span.startMs && span.endMs <= around.endMs).toBe(true);
        open.push(span);
      }
    }
  };

  it.each(documents)('hold every span of %s once, nested or apart', (_, { report }) => check(report));
  it('do so whatever was recorded', () => { fc.assert(fc.property(arbitraryDocument, ({ report }) => check(report)), { numRuns: 100 }); });

  it('keep a sequence in one, and take another for what runs at once or outlives what it is in', () => {
    const [a, b, c, d] = ([['a', null, 0, 100], ['b', 'a', 10, 60], ['c', 'a', 40, 80], ['d', 'a', 90, 120]] as const).map(([id, parent, startMs, endMs]) => makeSpan({ id, parent, kind: 'other', startMs, endMs }));
    expect(spanLanes(exportedSpans(makeReport([a!, b!, c!, d!], 200))).map((lane) => lane.map(({ span }) => span.id))).toEqual([['a', 'b'], ['c', 'd']]);
  });
});

describe('speedscope', () => {
  const require = createRequire(import.meta.url);
  // The schema that speedscope publishes, from its own package.
  const schema = z.fromJSONSchema(JSON.parse(readFileSync(require.resolve('speedscope/dist/release/file-format-schema.json'), 'utf8')) as Parameters<typeof z.fromJSONSchema>[0]);
  interface File {
    shared: { frames: { name: string; file?: string; line?: number }[] };
    profiles: ({ type: 'evented'; name: string; endValue: number; events: { type: 'O' | 'C'; frame: number; at: number }[] } | { type: 'sampled'; name: string; unit: string; endValue: number; samples: number[][]; weights: number[] })[];
  }
  const fileOf = (document: TimelineDocument) => {
    const file = JSON.parse(toSpeedscopeJson(document, 'agent-cost test')) as File;
    expect(schema.safeParse(file).error).toBeUndefined();
    return file;
  };

  it('has a schema that refuses what is wrong', () => {
    const file = fileOf(reactRun());
    expect(schema.safeParse({ ...file, shared: {} }).success).toBe(false);
    expect(schema.safeParse({ ...file, profiles: [{ ...file.profiles[0], unit: 'hours' }] }).success).toBe(false);
  });

  const check = (document: TimelineDocument) => {
    const { shared, profiles } = fileOf(document);
    for (const profile of profiles) {
      if (profile.type === 'sampled') {
        expect(profile.samples).toHaveLength(profile.weights.length);
        expect(sum(profile.weights)).toBe(profile.endValue);
        for (const frame of profile.samples.flat()) expect(shared.frames[frame]).toBeDefined();
        continue;
      }
      const open: number[] = [];
      let before = 0;
      for (const { type, frame, at } of profile.events) {
        expect(at).toBeGreaterThanOrEqual(before);
        before = at;
        if (type === 'O') open.push(frame);
        else expect(open.pop()).toBe(frame);
        expect(shared.frames[frame]).toBeDefined();
      }
      expect(open).toEqual([]);
      expect(before).toBeLessThanOrEqual(profile.endValue);
    }
  };

  it.each(documents)('files of %s are by the schema, and every frame that opens closes', (_, document) => check(document));
  it('files are, whatever was recorded', () => { fc.assert(fc.property(arbitraryDocument, check), { numRuns: 100 }); });

  it('has the run by time, the GPU, and what each line cost', () => {
    const { shared, profiles } = fileOf(reactRun());
    expect(profiles.map(({ name }) => name)).toEqual(['agent', 'GPU (simulated)', 'time by line', 'tokens by line', 'energy by line, in µJ (simulated)', 'money by line, in n$ (simulated)']);
    expect(shared.frames).toContainEqual({ name: 'think agent.ts:57', file: '/home/dev/my-agent/agent.ts', line: 57, col: 3 });
    const tokens = profiles[3] as File['profiles'][number] & { type: 'sampled' };
    const { totals } = reactRun().report;
    expect(tokens.endValue).toBe(totals.promptTokens! + totals.completionTokens!);
  });
});

describe('folded stacks', () => {
  it('have a line for each stack, and sum to what was spent', () => {
    const { report } = reactRun();
    const time = toFoldedStacks({ report }, 'time');
    for (const line of time.trimEnd().split('\n')) expect(line).toMatch(/^[^;]+(;[^;]+)* \d+$/);
    const calls = report.spans.filter(({ kind }) => kind === 'llm' || kind === 'tool');
    const spent = (kind: string) => sum(time.split('\n').filter((line) => line.includes(`;${kind} `)).map((line) => Number(/ (\d+)$/.exec(line)?.[1])));
    for (const kind of ['llm', 'tool']) expect(spent(kind) / 1000).toBeCloseTo(sum(calls.filter((span) => span.kind === kind).map(({ startMs, endMs }) => endMs! - startMs)), 1);
    expect(time).toMatch(/^main agent\.ts:131;solve agent\.ts:88;think agent\.ts:57;llm chat;decode \d+$/m);
    expect(time).toMatch(/^act agent\.ts:71;search tools\.ts:21;tool search \d+$/m);
    const energy = toFoldedStacks({ report }, 'energy').trimEnd().split('\n').map((line) => Number(line.split(' ').at(-1)));
    const wattHours = report.totals.energyWh.active! + sum(calls.map(({ tool }) => tool?.idleEnergyWh ?? 0));
    expect(sum(energy) / WEIGHT_UNITS.energy.perUnit).toBeCloseTo(wattHours, 6);
    expect(sum(toFoldedStacks({ report }, 'tokens').trimEnd().split('\n').map((line) => Number(line.split(' ').at(-1))))).toBe(report.totals.promptTokens! + report.totals.completionTokens!);
  });

  it('leave out what ran inside, and what is not known', () => {
    const site = { file: '/a.py', line: 3, column: null, function: 'f' };
    const outer = makeSpan({ id: 'o', kind: 'tool', name: 'outer; with a semicolon', startMs: 0, endMs: 100, frames: [site] });
    const inner = [[10, 40], [30, 50], [90, 130]].map(([startMs, endMs], index) => makeSpan({ id: `i${index}`, parent: 'o', kind: 'tool', name: 'inner', startMs: startMs!, endMs: endMs! }));
    const call = makeSpan({ id: 'c', kind: 'llm', name: 'chat', startMs: 200, endMs: 300, llm: makeLlm({}) });
    const report = makeReport([outer, ...inner, call], 400);
    expect(toFoldedStacks({ report }, 'time')).toBe('f a.py:3;tool outer, with a semicolon 50000\ntool inner 90000\nllm chat 100000\n');
    for (const weight of costWeights) if (weight !== 'time') expect(costStacks(report, weight)).toEqual([]);
  });
});

describe('Perfetto', () => {
  interface Event { name: string; ph: string; pid: number; tid: number; ts: number; dur?: number; id?: number; bp?: string; args?: { id?: string; batch?: number } }
  const eventsOf = (document: TimelineDocument) => (JSON.parse(toPerfettoJson(document)) as { traceEvents: Event[] }).traceEvents;

  it.each(documents)('flows of %s begin once and end once, each at a slice', (_, document) => {
    const events = eventsOf(document);
    const slices = events.filter(({ ph }) => ph === 'X');
    const starts = events.filter(({ ph }) => ph === 's');
    const ends = new Map(events.filter(({ ph }) => ph === 'f').map((event) => [event.id, event]));
    expect(ends.size).toBe(starts.length);
    expect(new Set(starts.map(({ id }) => id)).size).toBe(starts.length);
    const bound = ({ pid, tid, ts }: Event) => slices.some((slice) => slice.pid === pid && slice.tid === tid && slice.ts <= ts && ts <= slice.ts + slice.dur! + 0.002);
    for (const start of starts) {
      const end = ends.get(start.id)!;
      expect([bound(start), bound(end), end.bp, end.ts >= start.ts]).toEqual([true, true, 'e', true]);
    }
  });

  it('leads from parents to children, from failed calls to retries, and from calls to the GPU', () => {
    const document = reactRun();
    const events = eventsOf(document);
    const flows = (name: string) => events.filter((event) => event.ph === 's' && event.name === name);
    expect(flows('inside')).toHaveLength(document.report.spans.filter(({ parent }) => parent !== null).length);
    expect(flows('on the GPU')).toHaveLength(9);
    const failed = makeSpan({ id: 'x', kind: 'llm', startMs: 0, endMs: 10, status: 'error', llm: makeLlm({}) });
    const retry = makeSpan({ id: 'y', kind: 'llm', startMs: 20, endMs: 30, llm: makeLlm({ retryOf: 'x', attempt: 2 }) });
    expect(eventsOf({ report: makeReport([failed, retry], 40), gpu: [] }).filter(({ name }) => name === 'retry').map(({ ph, ts }) => [ph, ts])).toEqual([['s', 10_000], ['f', 20_000]]);
  });
});

describe('the table of spans', () => {
  it('comes back from CSV and Parquet as it was', async () => {
    for (const [, document] of documents) {
      const rows = spanRows(document.report);
      const [head, ...records] = csvRecords(toSpanCsv(document));
      expect(head!.map(({ text }) => text)).toEqual(SPAN_COLUMNS.map(({ name }) => name));
      expect(records.map((record) => record.map(({ text, quoted }) => (text === '' && !quoted ? null : text)))).toEqual(rows.map((row) => row.map((cell) => (cell === null ? null : String(cell)))));
      const { buffer } = toSpanParquet(document);
      expect(parquetSchema(parquetMetadata(buffer as ArrayBuffer)).children.map(({ element }) => element.name)).toEqual(SPAN_COLUMNS.map(({ name }) => name));
      const read = await parquetReadObjects({ file: buffer as ArrayBuffer });
      const plain = (value: unknown) => (typeof value === 'bigint' ? Number(value) : value instanceof Date ? value.toISOString() : (value ?? null));
      const wellFormed = (value: unknown) => (typeof value === 'string' ? value.replace(LONE_SURROGATE, '\ufffd') : value);
      expect(read.map((row) => SPAN_COLUMNS.map(({ name }) => plain(row[name])))).toEqual(rows.map((row) => row.map(wellFormed)));
    }
  });

  it('says what belongs to which request, and sums to the report’s totals', () => {
    const { report } = reactRun();
    const column = (name: string) => spanRows(report).map((row) => row[SPAN_COLUMNS.findIndex((each) => each.name === name)]);
    expect(new Set(column('request'))).toEqual(new Set(['request-1', 'request-2', 'request-3']));
    expect(sum(column('prompt_tokens').map(Number))).toBe(report.totals.promptTokens);
    expect(sum(column('active_energy_wh').map(Number))).toBeCloseTo(report.totals.energyWh.active!, 9);
    expect(column('started_at')[0]).toBe('2026-11-22T14:12:00.012Z');
  });

  it('is documented column by column, as the code has it', () => {
    const documented = readFileSync(new URL('../../docs/exports.md', import.meta.url), 'utf8');
    expect(documented).toContain(spanColumnsMarkdown());
    for (const [name, { ending }] of Object.entries(exportFormats)) expect(documented).toContain(`| \`${name}\` | \`${ending}\` |`);
  });
});

describe('OTLP', () => {
  it('tells nothing of prompts and answers', () => {
    const { report } = reactRun();
    const text = toOtlpJson({ report }, { name: 'x', version: '1' });
    expect(text).not.toContain('Finish[');
    expect(text).not.toContain('Kiss and Tell (1945 film)\\"}');
  });
});
