/** Traces of the program's own, joined with what the proxy and the hooks saw: nothing twice, nothing lost. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { analyze } from '../../src/analysis/analyze.ts';
import { readRecording } from '../../src/profile/readRecording.ts';
import type { RecordingLine, TraceSpanLine } from '../../src/profile/recordingFormat.ts';
import type { Report, ReportSpan } from '../../src/profile/report.ts';
import { call, callEnd, end, header, recordingText, site, span, spanEnd } from './recordingLines.ts';

const TRACE = 'a'.repeat(32);
const idOf = (name: string) => Buffer.from(name.padEnd(8, '.')).toString('hex').slice(0, 16);

/** `name` is the span's id too; `parent` another's name. */
function traced(name: string, t: number, endT: number, over: Partial<Omit<TraceSpanLine, 'type' | 't' | 'end'>> & { parent?: string } = {}): TraceSpanLine {
  const { parent, ...fields } = over;
  return {
    type: 'traceSpan', t, end: endT, traceId: TRACE, spanId: idOf(name), parentSpanId: parent === undefined ? null : idOf(parent), kind: 'other', name, status: 'ok', error: null, pid: null, thread: null,
    resource: 'host/1/agent', scope: 'test 1.0', site: null, http: false, detail: null, argumentBytes: null, resultBytes: null, callId: null, llm: null, ...fields,
  };
}

const usage = (promptTokens: number | null, completionTokens: number | null) => ({ promptTokens, cachedTokens: null, completionTokens, reasoningTokens: null });
const chat = (over: Partial<NonNullable<TraceSpanLine['llm']>> = {}) => ({ kind: 'llm' as const, llm: { model: 'm', responseId: null, usage: usage(null, null), stream: null, ...over } });

function reportOf(...lines: RecordingLine[]): Report {
  return analyze(readRecording(recordingText(header(), ...lines, end(10_000)))).report;
}

const named = (report: Report, name: string): ReportSpan | undefined => report.spans.find((each) => each.name === name);
const unattributed = { pid: null, thread: null, frames: [], unattributed: 'seen on the wire only' };

describe('a model’s call that the program traces too', () => {
  it('is joined by the answer’s id, takes its place in the trace and its line, and is there once', () => {
    const report = reportOf(
      call('c1', 1000, unattributed),
      callEnd('c1', 2000, { responseId: 'chatcmpl-1', usage: usage(10, 5) }),
      traced('researcher', 900, 3000, { kind: 'agent', site: site('/p/agent.go', 12, 'run') }),
      traced('chat m', 990, 2010, { parent: 'researcher', ...chat({ responseId: 'chatcmpl-1', usage: usage(10, 5) }) }),
    );
    expect(report.totals).toMatchObject({ llmCalls: 1, promptTokens: 10, completionTokens: 5, requests: 1, requestsEvidence: 'measured' });
    const agent = named(report, 'researcher')!;
    const llm = report.spans.find(({ kind }) => kind === 'llm')!;
    expect(agent).toMatchObject({ kind: 'agent', source: 'otlp', evidence: 'measured', framework: 'test 1.0' });
    expect(llm).toMatchObject({ parent: agent.id, site: { file: '/p/agent.go', line: 12 }, unattributed: null });
    expect(report.spans).toHaveLength(2);
  });

  it('is joined by the trace context that came with it, its way to the server being part of it', () => {
    const report = reportOf(
      call('c1', 1000, { trace: { traceId: TRACE, spanId: idOf('POST') } }),
      callEnd('c1', 2000),
      traced('flow', 900, 2100, { kind: 'step' }),
      traced('chat m', 980, 2020, { parent: 'flow', ...chat() }),
      traced('POST', 990, 2010, { parent: 'chat m', http: true, detail: 'POST 127.0.0.1/v1/chat/completions' }),
    );
    expect(report.spans.map(({ kind }) => kind).sort()).toEqual(['agent', 'llm']);
    expect(report.totals.llmCalls).toBe(1);
  });

  it('is joined by time, model and tokens where that leaves no choice, and not where it does', () => {
    const calls = [call('c1', 1000), callEnd('c1', 2000, { usage: usage(10, 5) }), call('c2', 1000), callEnd('c2', 2000, { usage: usage(11, 5) })];
    const around = traced('agent', 900, 2100, { kind: 'agent' });
    const joined = reportOf(...calls, around, traced('x', 990, 2010, { parent: 'agent', ...chat({ usage: usage(10, 5) }) }), traced('y', 990, 2010, { parent: 'agent', ...chat({ usage: usage(11, 5) }) }));
    expect(joined.spans.filter(({ source }) => source === 'otlp')).toHaveLength(1);
    expect(joined.spans.filter(({ kind, parent }) => kind === 'llm' && parent === named(joined, 'agent')!.id)).toHaveLength(2);
    expect(joined.warnings.map(({ code }) => code)).not.toContain('tracedCallsUnseen');
    const open = reportOf(...calls, around, traced('x', 990, 2010, { parent: 'agent', ...chat() }));
    expect(named(open, 'x')).toMatchObject({ kind: 'other', source: 'otlp' });
    expect(open.totals.llmCalls).toBe(2);
  });

  it('of another model, other tokens or another time is another call: it is told, and counted nowhere', () => {
    for (const wrong of [chat({ model: 'other', usage: usage(10, 5) }), chat({ usage: usage(10, 6) })]) {
      const report = reportOf(call('c1', 1000), callEnd('c1', 2000, { usage: usage(10, 5) }), traced('chat x', 990, 2010, wrong));
      expect(report.totals).toMatchObject({ llmCalls: 1, promptTokens: 10, completionTokens: 5 });
      expect(report.warnings).toContainEqual(expect.objectContaining({ code: 'tracedCallsUnseen', message: expect.stringMatching(/^1 model call .*\(test 1\.0\).*OPENAI_BASE_URL/) as unknown }));
    }
    expect(reportOf(traced('chat x', 5000, 6000, chat({ usage: usage(10, 5) }))).totals).toMatchObject({ llmCalls: 0, promptTokens: null });
  });

  it('that two instrumentations trace is one', () => {
    const report = reportOf(
      call('c1', 1000),
      callEnd('c1', 2000, { responseId: 'r', usage: usage(10, 5) }),
      traced('agent', 900, 2100, { kind: 'agent' }),
      traced('outer', 980, 2020, { parent: 'agent', ...chat({ usage: usage(10, 5) }) }),
      traced('inner', 985, 2015, { parent: 'outer', ...chat({ responseId: 'r', usage: usage(10, 5) }) }),
    );
    expect(report.spans.map(({ kind }) => kind).sort()).toEqual(['agent', 'llm']);
  });

  it('keeps the line and the parent that a hook saw', () => {
    const report = reportOf(
      span('s', 950, { kind: 'tool', name: 'rank' }),
      call('c1', 1000, { parent: 's' }),
      callEnd('c1', 2000, { responseId: 'r' }),
      spanEnd('s', 2050),
      traced('chat', 990, 2010, { ...chat({ responseId: 'r' }), site: site('/p/other.py', 3) }),
    );
    expect(report.spans.find(({ kind }) => kind === 'llm')).toMatchObject({ parent: 's', site: { line: 10 } });
  });
});

describe('what hooks saw as well', () => {
  it('is there once, and what the trace has below it is below the hook’s', () => {
    const report = reportOf(
      span('f', 1000, { kind: 'tool', name: 'search', source: 'framework', framework: 'x 1' }),
      spanEnd('f', 1500),
      traced('execute', 1003, 1498, { kind: 'tool', name: 'search' }),
      traced('SELECT', 1100, 1200, { parent: 'execute' }),
    );
    expect(report.totals.toolCalls).toBe(1);
    expect(named(report, 'SELECT')).toMatchObject({ parent: 'f', kind: 'other' });
  });

  it('is told apart by its tool call’s id, whatever the clocks say', () => {
    const report = reportOf(span('f', 1000, { kind: 'tool', name: 'search', source: 'framework', callId: 'call_1' }), spanEnd('f', 1500), traced('search', 4000, 4500, { kind: 'tool', callId: 'call_1' }));
    expect(report.totals.toolCalls).toBe(1);
  });

  it('of another time or name is something else', () => {
    const hook = [span('f', 1000, { kind: 'tool', name: 'search', source: 'framework' }), spanEnd('f', 1500)];
    expect(reportOf(...hook, traced('search', 3000, 3500, { kind: 'tool' })).totals.toolCalls).toBe(2);
    expect(reportOf(...hook, traced('lookup', 1000, 1500, { kind: 'tool' })).totals.toolCalls).toBe(2);
  });

  it('gives a tool that names no line the function’s of its name', () => {
    const frames = [site('/p/agent.py', 22, 'search'), site('/p/agent.py', 40, 'main')];
    const report = reportOf(span('fn', 1001, { kind: 'other', name: 'search', source: 'function', frames }), spanEnd('fn', 1499), traced('search', 1000, 1500, { kind: 'tool' }));
    expect(report.spans).toHaveLength(1);
    expect(report.spans[0]).toMatchObject({ kind: 'tool', source: 'otlp', site: { line: 22 }, frames });
  });
});

it('another machine’s clock is set by the calls that its spans must contain', () => {
  const ahead = 5000;
  const report = reportOf(
    call('c1', 1000),
    callEnd('c1', 2000, { responseId: 'r' }),
    traced('chat', 990 + ahead, 2010 + ahead, chat({ responseId: 'r' })),
    traced('lookup', 2100 + ahead, 2300 + ahead, { kind: 'tool' }),
    traced('elsewhere', 2100, 2300, { kind: 'tool', resource: 'another/2/agent' }),
  );
  const { startMs, endMs } = named(report, 'lookup')!;
  expect(startMs).toBeGreaterThan(2080);
  expect(startMs).toBeLessThan(2120);
  expect(endMs! - startMs).toBeCloseTo(200, 6);
  expect(named(report, 'elsewhere')!.startMs).toBe(2100);
});

it('spans that were exported twice are there once; circles and lost parents hurt nobody', () => {
  const twice = traced('step', 1000, 1500, { kind: 'step', parent: 'nowhere' });
  const report = reportOf(twice, twice, traced('a', 1, 9, { parent: 'b' }), traced('b', 1, 9, { parent: 'a' }), traced('self', 1, 9, { parent: 'self' }));
  expect(report.spans).toHaveLength(4);
});

it('any mixture of traces keeps the sums of time, and makes up no call and no token', () => {
  const names = ['a', 'b', 'c', 'd', 'e', 'f'];
  const time = fc.integer({ min: 0, max: 9000 });
  const arbitrary = fc.record({
    name: fc.constantFrom(...names), t: time, length: time, parent: fc.constantFrom(...names), http: fc.boolean(),
    kind: fc.constantFrom('agent', 'step', 'llm', 'tool', 'other'), answer: fc.constantFrom(null, 'r1', 'r2'), tokens: fc.constantFrom(null, 3, 4),
  });
  fc.assert(
    fc.property(fc.array(arbitrary, { maxLength: 12 }), fc.constantFrom(...names), (spans, sentUnder) => {
      const report = reportOf(
        call('c1', 1000, { trace: { traceId: TRACE, spanId: idOf(sentUnder) } }),
        callEnd('c1', 2000, { responseId: 'r1', usage: usage(3, 4) }),
        call('c2', 2500),
        callEnd('c2', 4000, { responseId: 'r2', usage: usage(4, 4) }),
        ...spans.map(({ name, t, length, parent, kind, http, answer, tokens }) =>
          traced(name, t, t + length, { parent, http, ...(kind === 'llm' ? chat({ responseId: answer, usage: usage(tokens, 4) }) : { kind }) }),
        ),
      );
      expect(report.totals).toMatchObject({ llmCalls: 2, promptTokens: 7, completionTokens: 8 });
      const { llm, tool, overlap, other } = report.totals.agentMs;
      expect(llm + tool + overlap + other).toBeCloseTo(report.totals.wallMs, 3);
      const ids = new Set(report.spans.map(({ id }) => id));
      expect(ids.size).toBe(report.spans.length);
      for (const { parent } of report.spans) if (parent !== null) expect(ids.has(parent)).toBe(true);
    }),
  );
});
