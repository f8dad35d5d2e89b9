/** Other tools' traces as recordings: what they tell is there, what they do not is unknown, and what is none is refused. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { analyze } from '../../src/analysis/analyze.ts';
import { toOtlpJson } from '../../src/profile/exportOtlp.ts';
import { toPerfettoJson } from '../../src/profile/exportPerfetto.ts';
import { readRecording } from '../../src/profile/readRecording.ts';
import { recordingLineSchema } from '../../src/profile/recordingFormat.ts';
import type { Report, ReportSpan } from '../../src/profile/report.ts';
import { ImportError, isoNs } from '../../src/recorder/imports/foreignSpan.ts';
import { importedRecording } from '../../src/recorder/imports/importedRecording.ts';
import { readTrace } from '../../src/recorder/imports/readTraceFile.ts';
import { makeReport, makeSpan, reactRun } from '../fixtures/timelineDocuments.ts';
import { arbitraryRecording } from './arbitraryRecording.ts';
import { recordingText } from './recordingLines.ts';

const FILE_DATE = 1_700_000_000_000_000_000n;
const imported = (text: string) => {
  const { lines, ...counts } = importedRecording(readTrace(text, FILE_DATE), { name: 'run', id: 'x', file: 'trace.json', cwd: '/work', producer: { name: 'test', version: '1' }, toFile: (path) => (path.startsWith('/') ? path : `/work/${path}`) });
  for (const line of lines) recordingLineSchema.parse(line);
  return { ...counts, report: analyze(readRecording(recordingText(...lines))).report };
};
const json = (value: unknown) => imported(JSON.stringify(value)).report;
/** What every tool's trace has, from the first span on. */
const shapeOf = (spans: readonly ReportSpan[]) => {
  const from = Math.min(...spans.map(({ startMs }) => startMs));
  return spans.map(({ kind, startMs, endMs, status, site, llm }) => [kind, (startMs - from).toFixed(2), ((endMs ?? 0) - startMs).toFixed(2), status, site && [site.file, site.line], llm && [llm.promptTokens, llm.cachedTokens, llm.completionTokens, llm.ttftMs?.toFixed(2)]]);
};

describe('what we export ourselves', () => {
  const { report, gpu } = reactRun();
  // Steps that were inferred are inferred anew, from calls that are not told of here.
  const otlp = imported(toOtlpJson({ report }, { name: 'x', version: '1' }));
  const perfetto = imported(toPerfettoJson({ report, gpu }));

  it.each([['OTLP', otlp], ['Perfetto', perfetto]])('comes back from %s: kinds, times, lines, tokens and what is inside of what', (_, { report: back, calls, spans, leftOut }) => {
    expect({ calls, spans, leftOut }).toEqual({ calls: 9, spans: report.spans.length, leftOut: 0 });
    expect(shapeOf(back.spans).sort()).toEqual(shapeOf(report.spans).sort());
    const around = (of: Report) => of.spans.map((span) => [span.kind, of.spans.find(({ id }) => id === span.parent)?.kind ?? null]).sort();
    expect(around(back)).toEqual(around(report));
    expect(back.totals).toMatchObject({ llmCalls: 9, toolCalls: 6, requests: 3, promptTokens: report.totals.promptTokens, completionTokens: report.totals.completionTokens });
    expect(back.backend.simulated).toBe(true);
    expect(back.warnings).toContainEqual(expect.objectContaining({ code: 'imported' }));
    expect(back.warnings.map(({ code }) => code)).not.toContain('tracedCallsUnseen');
    // Whose energy it was is in the trace, but not how it came about: it is not made up again.
    expect(back.totals.energyWh.total).toBeNull();
  });

  it('has phases where the trace tells them', () => {
    const phases = (of: Report) => of.spans.flatMap(({ llm }) => (llm === null ? [] : [[llm.queueMs, llm.prefillMs, llm.decodeMs].map((ms) => ms?.toFixed(3))])).sort();
    expect(phases(otlp.report)).toEqual(phases(report));
    // Of a stream whose arrivals are not known the answer's end is the last one's.
    expect(perfetto.report.totals.gpuMs.decode).toBeGreaterThan(0.9 * report.totals.gpuMs.decode!);
  });

  it('comes back whatever was recorded', () => {
    fc.assert(fc.property(arbitraryRecording.map((text) => analyze(readRecording(text)).report), (any) => {
      fc.pre(any.spans.length > 0);
      const back = imported(toOtlpJson({ report: any }, { name: 'x', version: '1' }));
      expect(back.leftOut).toBe(0);
      expect(back.calls).toBeLessThanOrEqual(any.totals.llmCalls);
    }), { numRuns: 60 });
  });
});

describe('Langfuse', () => {
  const observation = (id: string, type: string, start: number, end: number | null, over: object = {}) => ({ id, traceId: 't', type, name: id, parentObservationId: null, startTime: `2026-01-01T00:00:0${start}.250Z`, endTime: end === null ? null : `2026-01-01T00:00:0${end}.250Z`, level: 'DEFAULT', ...over });
  const observations = [
    observation('agent', 'SPAN', 0, 9),
    observation('ask', 'GENERATION', 1, 3, { parentObservationId: 'agent', model: 'gpt-4o', completionStartTime: '2026-01-01T00:00:01.750Z', usageDetails: { input: 60, input_cached_tokens: 40, output: 20, total: 120 } }),
    observation('search', 'TOOL', 3, 6, { parentObservationId: 'agent', input: { q: 'x' }, level: 'ERROR', statusMessage: 'no such page' }),
    observation('answer', 'GENERATION', 6, 9, { parentObservationId: 'agent', model: 'gpt-4o', usage: { input: 200, output: 30 } }),
  ];

  it.each([['a trace', { id: 't', name: 'trip', observations }], ['a list of observations', { data: observations }], ['an export', { trace: { id: 't' }, observations }]])('is read from %s', (_, value) => {
    const report = json(value);
    expect(report.run.startedAt).toBe('2026-01-01T00:00:00.250Z');
    expect(report.spans.map(({ kind, startMs, endMs }) => [kind, startMs, endMs])).toEqual([['agent', 0, 9000], ['llm', 1000, 3000], ['tool', 3000, 6000], ['llm', 6000, 9000]]);
    expect(report.totals).toMatchObject({ requests: 1, llmCalls: 2, promptTokens: 300, completionTokens: 50 });
    expect(report.spans[1]!.llm).toMatchObject({ model: 'gpt-4o', promptTokens: 100, cachedTokens: 40, completionTokens: 20, ttftMs: 500 });
    expect(report.spans[2]).toMatchObject({ name: 'search', status: 'error', error: { message: 'no such page' } });
    expect(report.backend).toMatchObject({ kind: 'unknown', model: 'gpt-4o', simulated: false });
  });

  it('leaves open what has no end', () => {
    const report = json({ observations: [...observations.slice(0, 3), observation('answer', 'GENERATION', 6, null, { parentObservationId: 'agent', model: 'gpt-4o' })] });
    expect(report.spans[3]).toMatchObject({ kind: 'llm', status: 'incomplete' });
    expect(report.warnings.find(({ code }) => code === 'imported')?.message).toContain('Of 1 spans the end is not in it');
  });
});

describe('LangSmith', () => {
  const run = (id: string, type: string, start: string, end: string, over: object = {}) => ({ id, name: id, run_type: type, trace_id: 'root', parent_run_id: id === 'root' ? null : 'root', start_time: start, end_time: end, error: null, inputs: {}, outputs: {}, extra: {}, ...over });
  const llm = run('ChatOpenAI', 'llm', '2026-01-01T00:00:01.000250', '2026-01-01T00:00:02', { extra: { metadata: { ls_model_name: 'gpt-4o' } }, outputs: { usage_metadata: { input_tokens: 90, output_tokens: 10, input_token_details: { cache_read: 64 } } } });
  const tool = run('search', 'tool', '2026-01-01T00:00:02', '2026-01-01T00:00:03.5', { error: 'timeout' });
  const root = run('root', 'chain', '2026-01-01T00:00:00', '2026-01-01T00:00:04');

  it.each([['a list', [root, llm, tool]], ['a run with those inside', { ...root, child_runs: [llm, tool] }], ['an answer of the API', { runs: [root, llm, tool] }]])('is read from %s', (_, value) => {
    const report = json(value);
    expect(report.spans.map(({ kind, name, startMs, endMs, status }) => [kind, name, startMs, endMs, status])).toEqual([['agent', 'root', 0, 4000, 'ok'], ['llm', 'gpt-4o', 1000.25, 2000, 'ok'], ['tool', 'search', 2000, 3500, 'error']]);
    expect(report.totals).toMatchObject({ llmCalls: 1, promptTokens: 90, cachedTokens: 64, completionTokens: 10 });
  });

  it('is read from a file of lines', () => {
    expect(imported([root, llm, tool].map((line) => JSON.stringify(line)).join('\n')).report.totals.llmCalls).toBe(1);
  });
});

describe('Chrome’s format', () => {
  it('is read from any program: nested by thread, in pairs or whole, and torn', () => {
    const events = '[{"name":"main","ph":"B","pid":1,"tid":1,"ts":1000},{"name":"work","cat":"x","ph":"X","pid":1,"tid":1,"ts":2000,"dur":500},{"ph":"M","name":"thread_name","pid":1,"tid":1,"args":{"name":"worker"}},{"ph":"E","pid":1,"tid":1,"ts":4000},{"name":"other","ph":"X","pid":1,"tid":2,"ts":1500,"dur":100},';
    const { report } = imported(events);
    expect(report.spans.map(({ name, kind, startMs, endMs, thread }) => [name, kind, startMs, endMs, thread])).toEqual([['main', 'other', 0, 3, 'worker'], ['other', 'other', 0.5, 0.6, 'main'], ['work', 'other', 1, 1.5, 'worker']]);
    expect(report.spans[2]!.parent).toBe(report.spans[0]!.id);
    expect(report.totals.llmCalls).toBe(0);
    expect(report.warnings.find(({ code }) => code === 'imported')?.message).toContain('does not say when it was recorded');
  });
});

describe('what cannot be imported', () => {
  it.each([
    ['text', 'hello', 'it is not JSON: '],
    ['another object', '{"a":1}', 'it is JSON, but no trace that is known here (OTLP, Chrome trace, Langfuse, LangSmith)'],
    ['nothing', '[]', 'it is JSON, but no trace'],
    ['spans without times', '{"resourceSpans":[{"scopeSpans":[{"spans":[{"name":"x"}]}]}]}', 'no span in it has valid ids and times'],
  ])('%s is refused', (_, text, message) => {
    expect(() => imported(text)).toThrow(ImportError);
    expect(() => imported(text)).toThrow(message);
  });

  it('any JSON is read or refused', () => {
    const odd = fc.jsonValue({ maxDepth: 4 });
    const likely = fc.oneof(odd, fc.record({ traceEvents: fc.array(fc.record({ ph: fc.constantFrom('X', 'B', 'E', 'M'), ts: odd, dur: odd, name: odd, args: odd })) }), fc.record({ observations: fc.array(fc.record({ id: fc.string(), type: fc.string(), startTime: fc.constant('2026-01-01T00:00:00Z'), endTime: odd, usage: odd, input: odd })) }));
    fc.assert(fc.property(likely, (value) => {
      try {
        imported(JSON.stringify(value));
      } catch (error) {
        expect(error).toBeInstanceOf(ImportError);
      }
    }), { numRuns: 300 });
  });

  it('a call inside of another that tells the same is one', () => {
    const inner = makeSpan({ id: 'in', parent: 'out', kind: 'llm', startMs: 1, endMs: 9, llm: { ...reactRun().report.spans.find(({ llm }) => llm !== null)!.llm! } });
    const report = makeReport([makeSpan({ ...inner, id: 'out', parent: null, startMs: 0, endMs: 10 }), inner], 10);
    expect(imported(toOtlpJson({ report }, { name: 'x', version: '1' })).calls).toBe(1);
  });

  it('times keep their digits, whatever the zone', () => {
    expect(isoNs('2026-01-01T00:00:00.123456789Z')! - isoNs('2026-01-01 01:00:00.1234567+01:00')!).toBe(89n);
    expect([isoNs('2026-13-01T00:00:00Z'), isoNs('yesterday'), isoNs(5)]).toEqual([null, null, null]);
  });
});
