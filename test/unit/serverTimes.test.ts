/** Where a call's queue, prefill and decode are known from: the answer, the server's trace, its counters, or the stream alone. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { analyze } from '../../src/analysis/analyze.ts';
import { readRecording } from '../../src/profile/readRecording.ts';
import type { RecordingLine, SampleLine, ServerCounters, TraceSpanLine } from '../../src/profile/recordingFormat.ts';
import { readExport } from '../../src/recorder/otlp/intake.ts';
import { call, callEnd, end, header, recordingText, sample } from './recordingLines.ts';

const llmsOf = (...lines: object[]) => analyze(readRecording(recordingText(header(), ...lines, end(60_000)))).report.spans.flatMap(({ llm }) => (llm === null ? [] : [llm]));
const [{ name, ...span }] = z.tuple([z.looseObject({ name: z.string() })]).rest(z.unknown()).parse(JSON.parse(readFileSync(join(import.meta.dirname, '../fixtures/otlp/vllm-llm_request.json'), 'utf8')) as unknown);

/** vLLM's own span of a request, as it was captured, by way of an export. */
function captured(over: { requestId?: string; parent?: string; traceId?: string; drop?: string[]; add?: object[] } = {}): TraceSpanLine {
  const { requestId, parent, traceId, drop = [], add = [] } = over;
  const attributes = [...(span['attributes'] as { key: string; value: object }[]).filter(({ key }) => !drop.includes(key)).map(({ key, value }) => ({ key, value: key === 'gen_ai.request.id' && requestId !== undefined ? { stringValue: requestId } : value })), ...add];
  const sent = { name, ...span, attributes, ...(parent === undefined ? {} : { parentSpanId: parent }), ...(traceId === undefined ? {} : { traceId }) };
  const body = Buffer.from(JSON.stringify({ resourceSpans: [{ resource: { attributes: [] }, scopeSpans: [{ scope: { name: 'vllm.tracing.otel' }, spans: [sent] }] }] }));
  const { lines } = readExport({ signal: 'traces', contentType: 'application/json', contentEncoding: null, body }, { startedAtEpoch: 1_795_377_275_000, cwd: '/work' });
  return lines[0]!;
}

const stream = { firstTokenAt: 1060, chunkGaps: [0, 40, 40, 40] };
const TOLD = { queueMs: 0.0320979999800123, prefillMs: 39.94236400012597, decodeMs: 117.7152320001369 };

describe('the server’s trace of a request', () => {
  const lines = (responseId: string): RecordingLine[] => [call('a', 1000), callEnd('a', 1180, { ...stream, responseId })];

  it('tells of the call whose answer has its id, and is no span of the program’s', () => {
    const { report } = analyze(readRecording(recordingText(header(), ...lines('chatcmpl-traced-1'), captured(), end(2000))));
    const [llm] = report.spans.flatMap((each) => each.llm ?? []);
    expect(llm).toMatchObject({ phaseEvidence: 'measured', phaseSource: 'trace', ttftMs: 60 });
    for (const [phase, ms] of Object.entries(TOLD)) expect(llm![phase as keyof typeof TOLD]).toBeCloseTo(ms, 4);
    expect(report.spans.filter(({ source }) => source === 'otlp')).toEqual([]);
    expect(report.warnings.map(({ code }) => code)).not.toContain('tracedCallsUnseen');
  });

  it('tells of the call that was sent under its parent, and of none that is another’s', () => {
    const [traceId, parent] = ['0af7651916cd43dd8448eb211c80319c', 'b7ad6b7169203331'];
    const sent = [call('a', 1000, { trace: { traceId, spanId: parent } }), callEnd('a', 1180, { ...stream, responseId: 'resp-7' })];
    expect(llmsOf(...sent, captured({ requestId: 'chatcmpl-elsewhere' }))[0]).toMatchObject({ phaseSource: 'trace' });
    expect(llmsOf(...lines('chatcmpl-other'), captured())[0]).toMatchObject({ phaseSource: 'stream', phaseEvidence: 'inferred', queueMs: null, prefillMs: 60 });
    // Two spans for one answer (`n: 2`) tell of neither alone.
    expect(llmsOf(...lines('cmpl-1'), captured({ requestId: 'cmpl-1-0' }))[0]).toMatchObject({ phaseSource: 'trace' });
    expect(llmsOf(...lines('cmpl-1'), captured({ requestId: 'cmpl-1-0' }), { ...captured({ requestId: 'cmpl-1-1' }), spanId: 'f'.repeat(16) })[0]).toMatchObject({ phaseSource: 'stream' });
  });

  it('may be of something else that the server did, and then tells of no call and is no span of the program’s', () => {
    const start = { ...captured({ drop: ['gen_ai.latency.time_in_queue', 'gen_ai.latency.time_to_first_token', 'gen_ai.latency.e2e', 'gen_ai.latency.time_in_model_prefill', 'gen_ai.latency.time_in_model_decode'] }), name: 'Executor init' };
    expect(start.server).toEqual({ requestId: 'chatcmpl-traced-1', queueMs: null, prefillMs: null, decodeMs: null });
    const { report } = analyze(readRecording(recordingText(header(), ...lines('chatcmpl-traced-1'), start, end(2000))));
    expect(report.spans.filter(({ source }) => source === 'otlp')).toEqual([]);
    expect(report.spans.flatMap((each) => each.llm ?? [])[0]).toMatchObject({ phaseSource: 'stream' });
  });

  it('of V0 has when the first token came and the last', () => {
    const v0 = captured({ drop: ['gen_ai.latency.time_in_model_prefill', 'gen_ai.latency.time_in_model_decode', 'gen_ai.latency.time_in_model_inference'] });
    expect(v0.server?.prefillMs).toBeCloseTo(46.8204 - 0.0321, 3);
    expect(v0.server?.decodeMs).toBeCloseTo(164.2504 - 46.8204, 3);
  });

  it('gives way to what the answer itself says', () => {
    const server = { queueMs: 1, prefillMs: 50, decodeMs: 120, evidence: 'measured' as const };
    expect(llmsOf(call('a', 1000), callEnd('a', 1180, { ...stream, responseId: 'chatcmpl-traced-1', server }), captured())[0]).toMatchObject({ queueMs: 1, prefillMs: 50, decodeMs: 120, phaseSource: 'answer' });
  });

  it.each([-1, 'NaN', 'soon'])('with %j for a time does not know it', (value) => {
    const wrong = captured({ drop: ['gen_ai.latency.time_in_queue'], add: [{ key: 'gen_ai.latency.time_in_queue', value: typeof value === 'number' ? { doubleValue: value } : { stringValue: value } }] });
    expect(wrong.server).toMatchObject({ queueMs: null });
  });
});

const counters = (finished: number, [queueMs, prefillMs, decodeMs]: readonly [number | null, number | null, number | null]): ServerCounters => ({ promptTokens: null, cachedTokens: null, completionTokens: null, finished, queueMs, prefillMs, decodeMs });
const reading = (t: number, finished: number, times: readonly [number | null, number | null, number | null], source = 'vllm'): SampleLine => sample(t, { source, running: 0, counters: counters(finished, times) });
/** Streams from 1000 to 2000: 200 ms until the first token, 790 ms from there to the last. */
const streamed = [call('a', 1000), callEnd('a', 2000, { firstTokenAt: 1200, chunkGaps: [0, 390, 400] })];
const before = reading(1000, 7, [100, 5000, 9000]);
const after = reading(2050, 8, [120, 5170, 9788]);

describe('the difference that a call made to the server’s counters', () => {
  it('is the call’s own, where it is the one that ended', () => {
    expect(llmsOf(...streamed, before, reading(1500, 7, [100, 5000, 9000]), after)[0]).toMatchObject({ queueMs: 20, prefillMs: 170, decodeMs: 788, phaseEvidence: 'inferred', phaseSource: 'counters', ttftMs: 200 });
    // An answer in one piece, whose inside nothing else tells of.
    const whole = [call('a', 1000, { stream: false }), callEnd('a', 2000)];
    expect(llmsOf(...whole, before, after)[0]).toMatchObject({ queueMs: 20, prefillMs: 170, decodeMs: 788, phaseSource: 'counters' });
    // It may be counted a little before its client has the last of it.
    expect(llmsOf(...streamed, before, reading(1960, 8, [120, 5170, 9788]), reading(2200, 8, [120, 5170, 9788]))[0]).toMatchObject({ phaseSource: 'counters' });
    // And by a busy server long before the middle of its answer, or after it.
    expect(llmsOf(...streamed, before, { ...reading(1800, 8, [120, 5170, 9788]), tookMs: 500 })[0]).toMatchObject({ phaseSource: 'counters' });
    expect(llmsOf(...streamed, { ...reading(2300, 7, [100, 5000, 9000]), tookMs: 700 }, reading(2800, 8, [120, 5170, 9788]))[0]).toMatchObject({ phaseSource: 'counters' });
  });

  it.each<[string, RecordingLine[]]>([
    ['two requests ended', [before, reading(2050, 9, [120, 5170, 9788])]],
    ['none did', [before, reading(2050, 7, [100, 5000, 9000])]],
    ['the server was started anew', [before, reading(2050, 1, [1, 2, 3])]],
    ['its sums fell', [before, reading(2050, 8, [90, 5170, 9788])]],
    ['it was read only once', [after]],
    ['it was read too late', [before, reading(900, 8, [120, 5170, 9788])]],
    ['it counts no times', [reading(1000, 7, [null, null, null]), reading(2050, 8, [null, null, null])]],
    ['the times are another request’s', [before, reading(2050, 8, [120, 5170, 9300])]],
    ['the server was busy with another for longer', [before, reading(2050, 8, [4000, 5170, 9788])]],
    ['one of ours of the same length ended with it', [before, after, call('b', 1001), callEnd('b', 2001, { firstTokenAt: 1201, chunkGaps: [0, 390, 400] })]],
  ])('is not taken where %s', (_what, lines) => {
    for (const llm of llmsOf(...streamed, ...lines)) expect(llm).toMatchObject({ queueMs: null, prefillMs: 200, decodeMs: 790, phaseEvidence: 'inferred', phaseSource: 'stream' });
  });

  it('tells calls apart that ran together but ended one after the other', () => {
    const longer = [call('b', 1001), callEnd('b', 3000, { firstTokenAt: 1300, chunkGaps: [0, 800, 880] })];
    const [a, b] = llmsOf(...streamed, ...longer, before, after, reading(3100, 9, [150, 5430, 11_460]));
    expect(a).toMatchObject({ queueMs: 20, prefillMs: 170, decodeMs: 788, phaseSource: 'counters' });
    expect(b).toMatchObject({ queueMs: 30, prefillMs: 260, decodeMs: 1672, phaseSource: 'counters' });
  });

  it('that is of the queue alone is taken out of what the stream shows', () => {
    expect(llmsOf(...streamed, reading(1000, 7, [100, null, null], 'tgi'), reading(2050, 8, [150, null, null], 'tgi'))[0]).toMatchObject({ queueMs: 50, prefillMs: 150, decodeMs: 790, phaseEvidence: 'inferred', phaseSource: 'counters' });
  });
});

describe('a vLLM that was not started to tell', () => {
  const server = { contextTokens: 4096, blockTokens: 16, kvTokens: null, prefixCaching: true, promptTokenDetails: true };
  const told = (...lines: object[]) => analyze(readRecording(recordingText(header({ backend: { ...header().backend, server } }), ...lines, end(3000)))).report.warnings.find(({ code }) => code === 'phasesInferred');

  it('is said to be, with the flag, unless its counters told or it is no call that could have it', () => {
    expect(told(...streamed)?.message).toMatch(/for 1 of 1 call: .*`--enable-per-request-metrics`/);
    expect(told(...streamed, before, after)).toBeUndefined();
    expect(told(call('a', 1000, { endpoint: 'embeddings', path: '/v1/embeddings', stream: false }), callEnd('a', 1100))).toBeUndefined();
  });
});
