/** Small recordings whose every figure is worked out by hand in the comments. */
import { describe, expect, it } from 'vitest';
import { analyze } from '../../src/analysis/analyze.ts';
import { formatLens } from '../../src/profile/formatValue.ts';
import { toPerfettoJson } from '../../src/profile/exportPerfetto.ts';
import { phaseBounds } from '../../src/profile/phaseBounds.ts';
import { readRecording } from '../../src/profile/readRecording.ts';
import type { Report, ReportSpan } from '../../src/profile/report.ts';
import { call, callEnd, end, gpu, header, message, recordingText, sample, site, span, spanEnd, testGpu, toolCall } from './recordingLines.ts';

const TOOLS = '/home/user/project/tools.js';
const AGENT = '/home/user/project/agent.js';

/** Two model calls with a measured tool between them; idle 60 W, prefill 360 W, decode 240 W, 3.6 $/h. */
const system = message('system', 'x'.repeat(60));
const question = message('user', 'Who wrote Dune?');
const twoSteps = [
  header(),
  call('a', 100, { request: { messages: [system, question], tools: ['search'], toolsChars: 25 } }),
  callEnd('a', 1100, {
    firstTokenAt: 300,
    chunkGaps: [0, 100, 100, 100, 100, 100, 100, 100, 100],
    toolCalls: [toolCall('id1', 'search')],
    finishReason: 'tool_calls',
    usage: { promptTokens: 100, cachedTokens: 0, completionTokens: 9, reasoningTokens: null },
  }),
  span('s', 1200, { frames: [site(TOOLS, 20, 'search'), site(AGENT, 30, 'run')] }),
  spanEnd('s', 2200, { resultBytes: 5000 }),
  call('b', 2300, {
    request: { messages: [system, question, message('assistant', ''), message('tool', 'x'.repeat(100))], tools: ['search'], toolsChars: 25, toolResults: [{ callId: 'id1', bytes: 700 }] },
  }),
  callEnd('b', 2900, { firstTokenAt: 2400, chunkGaps: [0, 100, 100, 100, 100, 100], usage: { promptTokens: 200, cachedTokens: 96, completionTokens: 6, reasoningTokens: null }, text: 'Herbert.' }),
  end(3000),
];

function spanOf(report: Report, id: string): ReportSpan {
  const found = report.spans.find((each) => each.id === id);
  if (found === undefined) throw new Error(`no span ${id} among ${report.spans.map((each) => each.id).join(', ')}`);
  return found;
}

describe('two calls and a tool', () => {
  const { report, gpu: track } = analyze(readRecording(recordingText(...twoSteps)));

  it('has the agent’s time and the GPU’s', () => {
    expect(report.totals.wallMs).toBe(3000);
    // llm 1000 + 600; tool 1200…2200; the rest between and around.
    expect(report.totals.agentMs).toEqual({ llm: 1600, tool: 1000, overlap: 0, other: 400 });
    // prefill until the first token 200 + 100; decode 8 × 100 + 5 × 100; nobody says whether others were there.
    expect(report.totals.gpuMs).toEqual({ prefill: 300, decode: 1300, mixed: 0, foreign: null, idle: 1400 });
    expect(report.totals.gpuEvidence).toBe('inferred');
  });

  it('has the energy: shares, idle and blame', () => {
    // active 0.3 s × 360 W + 1.3 s × 240 W = 420 J; idle 1.4 s × 60 W = 84 J; together 504 J = 0.14 Wh, ±35 %.
    const { energyWh } = report.totals;
    expect(energyWh.active).toBeCloseTo(420 / 3600, 12);
    expect(energyWh.idle).toBeCloseTo(84 / 3600, 12);
    expect(energyWh.foreign).toBeNull();
    expect(energyWh.total).toBeCloseTo(0.14, 12);
    expect(energyWh.grade).toBe('model');
    expect(energyWh.band?.[0]).toBeCloseTo(0.091, 12);
    expect(energyWh.band?.[1]).toBeCloseTo(0.189, 12);
    // a: 0.2 s × 360 W + 0.8 s × 240 W = 264 J; b: 36 J + 120 J = 156 J.
    expect(spanOf(report, 'a').llm?.energyWh.active).toBeCloseTo(264 / 3600, 12);
    expect(spanOf(report, 'b').llm?.energyWh.active).toBeCloseTo(156 / 3600, 12);
    // The GPU was idle for all of the tool's second: 60 J.
    expect(spanOf(report, 's').tool?.idleBlameMs).toBe(1000);
    expect(spanOf(report, 's').tool?.idleEnergyWh).toBeCloseTo(60 / 3600, 12);
  });

  it('has the money: 0.001 $ for each second of the GPU', () => {
    expect(report.totals.costUsd).toBeCloseTo(0.003, 12);
    expect(spanOf(report, 'a').llm?.costUsd).toBeCloseTo(0.001, 12);
    expect(spanOf(report, 'b').llm?.costUsd).toBeCloseTo(0.0006, 12);
  });

  it('has the tokens, by who wrote them', () => {
    expect(report.totals).toMatchObject({ promptTokens: 300, cachedTokens: 96, completionTokens: 15, reasoningTokens: null });
    // 60 + 25 characters of instruction and 15 of the user are 100 tokens.
    expect(spanOf(report, 'a').llm?.roles).toEqual({ instruction: 85, fewShot: 0, user: 15, llmHistory: 0, toolHistory: 0, output: 9 });
    // 200 characters, 100 of them the tool's, are 200 tokens.
    expect(spanOf(report, 'b').llm?.roles).toEqual({ instruction: 85, fewShot: 0, user: 15, llmHistory: 0, toolHistory: 100, output: 6 });
  });

  it('has first tokens and gaps', () => {
    expect(spanOf(report, 'a').llm).toMatchObject({ queueMs: null, prefillMs: 200, decodeMs: 800, phaseEvidence: 'inferred', ttftMs: 200, itlMs: { p50: 100, p95: 100, p99: 100, max: 100 } });
    expect(report.totals.ttftMs).toEqual({ p50: 150, p95: 195, p99: 199 });
    expect(report.totals.itlMs).toEqual({ p50: 100, p95: 100, p99: 100 });
  });

  it('has one tool: measured, with the name and the result of the wire', () => {
    expect(report.totals).toMatchObject({ llmCalls: 2, toolCalls: 1, failedCalls: 0, requests: 1 });
    expect(report.spans.flatMap(({ llm }) => (llm === null ? [] : [llm.toolCalls?.map(({ name }) => name)]))).toEqual([['search'], undefined]);
    expect(spanOf(report, 's')).toMatchObject({ name: 'search', evidence: 'measured', startMs: 1200, endMs: 2200, site: { file: TOOLS, line: 20 }, tool: { callId: 'id1', resultBytes: 700 } });
    expect(report.tools).toMatchObject([{ name: 'search', calls: 1, errors: 0, totalMs: 1000, p50Ms: 1000, idleBlameMs: 1000, evidence: 'measured' }]);
  });

  it('has a request, named by its question, with two steps', () => {
    const [request] = report.spans.filter((each) => each.kind === 'agent');
    expect(request).toMatchObject({ name: 'Who wrote Dune?', startMs: 100, endMs: 2900, evidence: 'inferred', parent: null });
    const steps = report.spans.filter((each) => each.kind === 'step');
    expect(steps).toMatchObject([
      { name: 'step 1', startMs: 100, endMs: 2200, parent: request?.id },
      { name: 'step 2', startMs: 2300, endMs: 2900, parent: request?.id },
    ]);
    expect([spanOf(report, 'a').parent, spanOf(report, 's').parent, spanOf(report, 'b').parent]).toEqual([steps[0]?.id, steps[0]?.id, steps[1]?.id]);
  });

  it('has the table by line, and the lens says the same', () => {
    expect(report.lines).toMatchObject([
      { file: AGENT, line: 10, function: 'think', kinds: ['llm'], calls: 2, llmMs: 1600, toolMs: 0, p50Ms: 800, promptTokens: 300, cachedTokens: 96, spans: ['a', 'b'], evidence: 'measured', ttftMs: { p50: 150 } },
      { file: TOOLS, line: 20, function: 'search', kinds: ['tool'], calls: 1, llmMs: 0, toolMs: 1000, idleBlameMs: 1000, energyWh: null, promptTokens: null, spans: ['s'], inclusive: { calls: 1, toolMs: 1000, idleBlameMs: 1000 } },
      // Leads to the tool, and does nothing itself.
      { file: AGENT, line: 30, function: 'run', kinds: [], calls: 0, llmMs: 0, toolMs: 0, p50Ms: null, promptTokens: null, energyWh: null, spans: [], inclusive: { calls: 1, llmCalls: 0, toolCalls: 1, wallMs: 1000, toolMs: 1000, idleBlameMs: 1000 } },
    ]);
    expect(report.lines[0]?.energyWh).toBeCloseTo(420 / 3600, 12);
    expect(report.lines.map((line) => formatLens(line, { show: 'perCall', cost: 'energy' }))).toEqual([
      '⚡ 800 ms · 150→8 tok · 32 % cached · ~0.0583 Wh per call · 2 calls',
      '⚒ 1 s · GPU idle ~1 s, ~16.7 mWh · 1 call',
      '⚒ 1 s · GPU idle 1 s, ~16.7 mWh · 1 call inside',
    ]);
  });

  it('has the GPU’s track, idle blamed on the tool', () => {
    expect(track.map((segment) => [segment.startMs, segment.endMs, segment.state, segment.watts, segment.blamedOn ?? segment.spans[0] ?? null])).toEqual([
      [0, 100, 'idle', 60, null],
      [100, 300, 'prefill', 360, 'a'],
      [300, 1100, 'decode', 240, 'a'],
      [1100, 1200, 'idle', 60, null],
      [1200, 2200, 'idle', 60, 's'],
      [2200, 2300, 'idle', 60, null],
      [2300, 2400, 'prefill', 360, 'b'],
      [2400, 2900, 'decode', 240, 'b'],
      [2900, 3000, 'idle', 60, null],
    ]);
  });

  it('finds that the GPU waited for the tool, and nothing else', () => {
    expect(report.findings).toMatchObject([{ rule: 'idle-behind-tool', site: { file: TOOLS, line: 20 }, spans: ['s'], saves: { ms: 1000 }, evidence: 'inferred' }]);
    expect(report.findings[0]?.message).toContain('1 s (33 % of the run)');
    expect(report.warnings).toEqual([]);
  });

  it('goes to Perfetto with its phases inside the calls and counters', () => {
    const trace = JSON.parse(toPerfettoJson({ report, gpu: track })) as { traceEvents: { name: string; ph: string; ts?: number; dur?: number; cat?: string; args?: Record<string, unknown> }[] };
    const slices = trace.traceEvents.filter((event) => event.ph === 'X');
    expect(slices.filter((event) => event.cat === 'phase').map((event) => [event.name, event.ts, event.dur])).toEqual([
      ['prefill', 100_000, 200_000],
      ['decode', 300_000, 800_000],
      ['prefill', 2_300_000, 100_000],
      ['decode', 2_400_000, 500_000],
    ]);
    expect(slices.find((event) => event.cat === 'tool')).toMatchObject({ name: 'search', ts: 1_200_000, dur: 1_000_000, args: { site: `${TOOLS}:20` } });
    expect(trace.traceEvents.find((event) => event.ph === 'C' && event.name === 'power')).toMatchObject({ args: { W: 60 } });
    expect(new Set(trace.traceEvents.filter((event) => event.ph === 'M').map((event) => event.args?.name))).toEqual(new Set(['test run', undefined, 'GPU test-gpu', 'state', 'requests', 'steps', 'llm', 'tools']));
  });
});

describe('the GPU’s time', () => {
  it('counts overlapping calls once and shares their energy', () => {
    // a decodes 100…1100, b prefills 600…700 and decodes 700…1100: 500 decode alone, 100 mixed, 400 decode of both.
    const { report, gpu: track } = analyze(
      readRecording(
        recordingText(
          header(),
          call('a', 0),
          callEnd('a', 1100, { firstTokenAt: 100, chunkGaps: [0, 1000] }),
          call('b', 600),
          callEnd('b', 1100, { firstTokenAt: 700, chunkGaps: [0, 400] }),
          end(1100),
        ),
      ),
    );
    expect(report.totals.gpuMs).toEqual({ prefill: 100, decode: 900, mixed: 100, foreign: null, idle: 0 });
    expect(track.map((segment) => [segment.state, segment.batch])).toEqual([
      ['prefill', 1],
      ['decode', 1],
      ['mixed', 2],
      ['decode', 2],
    ]);
    // a: 36 J + 120 J + half of 30 J + half of 96 J; b the halves.
    expect(spanOf(report, 'a').llm?.energyWh.active).toBeCloseTo(219 / 3600, 12);
    expect(spanOf(report, 'b').llm?.energyWh.active).toBeCloseTo(63 / 3600, 12);
    expect(report.totals.energyWh.idle).toBe(0);
  });

  it('is the embedded server’s where that says, with its watts and shares', () => {
    const simulated = header({ backend: { ...header().backend, kind: 'sim', simulated: true } });
    const { report } = analyze(
      readRecording(
        recordingText(
          simulated,
          call('a', 0),
          callEnd('a', 1000),
          call('b', 0),
          callEnd('b', 1000),
          gpu(100, 300, { state: 'prefill', watts: 400, shares: { a: 0.75, b: 0.25 } }),
          gpu(300, 800, { state: 'decode', watts: 200, shares: { a: 1 } }),
          gpu(850, 900, { state: 'decode', watts: 200, shares: { gone: 1 } }),
          end(1000),
        ),
      ),
    );
    expect(report.totals.gpuMs).toEqual({ prefill: 200, decode: 500, mixed: 0, foreign: 50, idle: 250 });
    // 80 J × 0.75 + 100 J and 80 J × 0.25; what nobody of ours had is foreign: 10 J; idle 0.25 s × 60 W.
    expect(spanOf(report, 'a').llm?.energyWh).toMatchObject({ grade: 'simulated' });
    expect(spanOf(report, 'a').llm?.energyWh.active).toBeCloseTo(160 / 3600, 12);
    expect(spanOf(report, 'b').llm?.energyWh.active).toBeCloseTo(20 / 3600, 12);
    expect(report.totals.energyWh.foreign).toBeCloseTo(10 / 3600, 12);
    expect(report.totals.energyWh.total).toBeCloseTo(205 / 3600, 12);
    expect(spanOf(report, 'a').evidence).toBe('simulated');
  });

  it('does not tell prefill from decode where an answer came in one piece', () => {
    const { report } = analyze(readRecording(recordingText(header(), call('a', 100, { stream: false }), callEnd('a', 600), end(1000))));
    expect(spanOf(report, 'a').llm).toMatchObject({ queueMs: null, prefillMs: null, decodeMs: null, phaseEvidence: null, ttftMs: null });
    expect(report.totals.gpuMs).toEqual({ prefill: null, decode: null, mixed: 500, foreign: null, idle: 500 });
    expect(report.totals.gpuEvidence).toBe('estimated');
  });

  it('leaves the queue out of the GPU’s work where the server tells nothing else', () => {
    const server = { queueMs: 120, prefillMs: null, decodeMs: null, evidence: 'measured' as const };
    const { report } = analyze(readRecording(recordingText(header(), call('a', 100, { stream: false }), callEnd('a', 600, { server }), end(1000))));
    expect(spanOf(report, 'a').llm).toMatchObject({ queueMs: 120, prefillMs: null, decodeMs: null, phaseEvidence: 'measured', phaseSource: 'answer' });
    expect(report.totals.gpuMs).toEqual({ prefill: null, decode: null, mixed: 380, foreign: null, idle: 620 });
    expect(phaseBounds(spanOf(report, 'a').llm!, 100, 600)).toEqual([{ phase: 'queue', startMs: 100, endMs: 220 }]);
    // TGI tells prefill and decode together as well: what comes after is the way back.
    const { report: told } = analyze(readRecording(recordingText(header(), call('a', 100, { stream: false }), callEnd('a', 600, { server: { ...server, inferenceMs: 300 } }), end(1000))));
    expect(spanOf(told, 'a').llm).toMatchObject({ queueMs: 120, prefillMs: null, decodeMs: null, inferenceMs: 300, phaseEvidence: 'measured', phaseSource: 'answer' });
    expect(told.totals.gpuMs).toEqual({ prefill: null, decode: null, mixed: 300, foreign: null, idle: 700 });
    const streamed = analyze(readRecording(recordingText(header(), call('a', 0), callEnd('a', 1000, { firstTokenAt: 500, chunkGaps: [0, 500], server }), end(1000)))).report;
    expect(spanOf(streamed, 'a').llm).toMatchObject({ queueMs: 120, prefillMs: 380, decodeMs: 500, phaseEvidence: 'inferred', phaseSource: 'answer' });
  });

  it('takes the server’s own figures over the stream’s', () => {
    const server = { queueMs: 300, prefillMs: 50, decodeMs: 400, evidence: 'measured' as const };
    const { report } = analyze(readRecording(recordingText(header(), call('a', 0), callEnd('a', 1000, { firstTokenAt: 500, chunkGaps: [0, 450], server }), end(1000))));
    expect(spanOf(report, 'a').llm).toMatchObject({ queueMs: 300, prefillMs: 50, decodeMs: 400, phaseEvidence: 'measured', ttftMs: 500 });
    expect(report.totals.gpuMs).toMatchObject({ prefill: 50, decode: 400, idle: 550 });
  });

  it('costs nothing when a call failed before its first token', () => {
    const { report } = analyze(readRecording(recordingText(header(), call('a', 0), callEnd('a', 800, { status: 'error', httpStatus: 429, error: 'slow down', usage: null }), end(1000))));
    expect(report.totals).toMatchObject({ failedCalls: 1, promptTokens: null, gpuMs: { idle: 1000 } });
    expect(report.findings).toMatchObject([{ rule: 'failed-calls', message: expect.stringContaining('slow down') as string }]);
  });

  it('tells foreign work by the server’s own count', () => {
    const lines = [header(), call('a', 1000), callEnd('a', 2000, { firstTokenAt: 1000, chunkGaps: [0, 1000] })];
    // Others run from 3000 to 4000; the one request at 1500 is ours.
    const readings = [0, 0, 0, 1, 0, 0, 1, 2, 1, 0].map((running, index) => sample(index * 500, { running }));
    const { report } = analyze(readRecording(recordingText(...lines, ...readings, end(5000))));
    expect(report.totals.gpuMs).toMatchObject({ decode: 1000, foreign: 1000, idle: 3000 });
    expect(report.totals.energyWh.foreign).toBeCloseTo(240 / 3600, 12);
    // Without such readings nobody knows, and 0 would be a lie.
    expect(analyze(readRecording(recordingText(...lines, end(5000)))).report.totals.gpuMs.foreign).toBeNull();
  });
});

describe('measured power', () => {
  const run = [header({ gpuProfile: null }), call('a', 1000), callEnd('a', 3000, { firstTokenAt: 1000, chunkGaps: [0, 2000] })];

  it('is integrated from readings', () => {
    // 100 W at 0 and 1 s, then 300 W up to 3 s, then 100 W: rises and falls within a millisecond. The band has half of
    // the readings' mean distance in it.
    const readings = [[0, 100], [999, 100], [1000, 300], [2999, 300], [3000, 300], [3001, 100], [4000, 100]].map(([t, watts]) => sample(t ?? 0, { watts: watts ?? 0 }));
    const { report } = analyze(readRecording(recordingText(...run, ...readings, end(4000))));
    expect(report.totals.energyWh).toMatchObject({ grade: 'integrated' });
    expect(report.totals.energyWh.active).toBeCloseTo(600 / 3600, 5);
    expect(report.totals.energyWh.idle).toBeCloseTo(200 / 3600, 3);
    expect(report.totals.energyWh.band?.[1]).toBeCloseTo((report.totals.energyWh.total ?? 0) * (1.15 + 4000 / 6 / 2 / 4000), 9);
  });

  it('is the counter’s where there is one', () => {
    const counter = [[0, 5000], [1000, 5100], [3000, 5700], [4000, 5800]].map(([t, joules]) => sample(t ?? 0, { joules: joules ?? 0, watts: 1 }));
    const { report } = analyze(readRecording(recordingText(...run, ...counter, end(4000))));
    expect(report.totals.energyWh).toMatchObject({ grade: 'counter' });
    expect(report.totals.energyWh.total).toBeCloseTo(800 / 3600, 9);
    expect(spanOf(report, 'a').llm?.energyWh.active).toBeCloseTo(600 / 3600, 9);
    expect(report.totals.energyWh.band?.[0]).toBeCloseTo((800 / 3600) * (0.95 - 4000 / 3 / 2 / 4000), 9);
  });

  it('is not made of too few readings, and then is not known without a profile', () => {
    const { report } = analyze(readRecording(recordingText(...run, sample(0, { watts: 100 }), sample(1000, { watts: 100 }), end(4000))));
    expect(report.totals.energyWh).toEqual({ active: null, idle: null, foreign: null, total: null, grade: null, band: null });
    expect(spanOf(report, 'a').llm?.energyWh).toEqual({ active: null, grade: null, band: null });
    expect(report.warnings.filter((each) => each.code === 'energyUnknown')).toMatchObject([{ code: 'energyUnknown', message: expect.stringContaining('--gpu') as string }]);
  });

  it('of a profile with gaps gives what it can', () => {
    const noPrefill = { ...testGpu, prefillWatts: undefined };
    const { report } = analyze(readRecording(recordingText(header({ gpuProfile: noPrefill }), call('a', 0), callEnd('a', 1000, { firstTokenAt: 100, chunkGaps: [0, 900] }), end(2000))));
    expect(report.totals.energyWh).toMatchObject({ active: null, total: null });
    expect(report.totals.energyWh.idle).toBeCloseTo(60 / 3600, 9);
  });
});

describe('a run that was cut off, or goes on', () => {
  const lines = [header(), call('a', 0), callEnd('a', 100), call('b', 200), { type: 'firstToken', t: 300, id: 'b' }, span('s', 250)];

  it('ends what was in flight with the run, as incomplete', () => {
    const { report } = analyze(readRecording(recordingText(...lines)));
    expect(report.run).toMatchObject({ complete: false, live: false, exitCode: null });
    expect(spanOf(report, 'b')).toMatchObject({ status: 'incomplete', endMs: 300, llm: { ttftMs: 100, prefillMs: 100, decodeMs: null, promptTokens: null } });
    expect(spanOf(report, 's')).toMatchObject({ status: 'incomplete', endMs: 300 });
  });

  it('leaves them open while it goes on, until now', () => {
    const { report } = analyze(readRecording(recordingText(...lines)), { live: true, nowMs: 1000 });
    expect(report.run.live).toBe(true);
    expect(report.totals.wallMs).toBe(1000);
    expect(spanOf(report, 'b')).toMatchObject({ endMs: null });
    expect(report.spans.find((each) => each.kind === 'agent')?.endMs).toBeNull();
    // b: prefill until its first token at 300, decode until now.
    expect(report.totals.gpuMs).toMatchObject({ decode: 700 });
  });

  it('fills the GPU’s track behind its last line from the calls', () => {
    const simulated = header({ backend: { ...header().backend, kind: 'sim', simulated: true } });
    const text = recordingText(simulated, ...lines.slice(1), gpu(0, 100, { shares: { a: 1 } }), gpu(200, 350, { shares: { b: 1 } }));
    const { report } = analyze(readRecording(text), { live: true, nowMs: 1000 });
    expect(report.totals.gpuMs).toMatchObject({ decode: 900, idle: 100 });
  });
});

describe('nothing but a header', () => {
  it('is a valid, empty report', () => {
    const { report, gpu: track } = analyze(readRecording(recordingText(header())));
    expect(report.totals).toMatchObject({ wallMs: 0, requests: 0, llmCalls: 0, toolCalls: 0, promptTokens: null });
    expect(report.spans).toEqual([]);
    expect(track).toEqual([]);
  });
});
