/** Random recordings for property tests: overlaps, nesting, cut-offs, zero lengths, odd ids, with and without GPU lines. */
import fc from 'fast-check';
import type { GpuState } from '../../src/profile/recordingFormat.ts';
import { call, callEnd, end, gpu, header, message, recordingText, sample, site, span, spanEnd, testGpu, testPrice, toolCall } from './recordingLines.ts';

/** Milliseconds with microsecond digits, and often whole ones, so that edges coincide. */
const time = fc.oneof(fc.integer({ min: 0, max: 40 }).map((ms) => ms * 100), fc.integer({ min: 0, max: 4_000_000 }).map((us) => us / 1000));
const duration = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 1_500_000 }).map((us) => us / 1000));
const tokens = fc.option(fc.integer({ min: 0, max: 5000 }));

const callSpec = fc.record({
  t: time,
  length: fc.option(duration, { freq: 6 }),
  stream: fc.boolean(),
  firstTokenShare: fc.option(fc.double({ min: 0, max: 1, noNaN: true })),
  gaps: fc.array(fc.integer({ min: 0, max: 50_000 }).map((us) => us / 1000), { maxLength: 6 }),
  endpoint: fc.constantFrom('chat' as const, 'chat' as const, 'chat' as const, 'completions' as const, 'embeddings' as const, 'models' as const, 'opaque' as const),
  status: fc.constantFrom('ok' as const, 'ok' as const, 'ok' as const, 'error' as const, 'cancelled' as const),
  server: fc.option(fc.record({ queueMs: fc.option(duration), prefillMs: fc.option(duration), decodeMs: fc.option(duration), inferenceMs: duration, evidence: fc.constant('measured' as const) }, { requiredKeys: ['queueMs', 'prefillMs', 'decodeMs', 'evidence'] })),
  usage: fc.option(fc.record({ promptTokens: tokens, cachedTokens: tokens, completionTokens: tokens, reasoningTokens: tokens, audioSeconds: fc.double({ min: 0, max: 3600, noNaN: true }) }, { requiredKeys: ['promptTokens', 'cachedTokens', 'completionTokens', 'reasoningTokens'] })),
  conversation: fc.array(fc.integer({ min: 0, max: 2 }), { minLength: 0, maxLength: 5 }),
  hashed: fc.boolean(),
  asks: fc.array(fc.constantFrom('call_0', 'call_1', 'call_2'), { maxLength: 2 }),
  results: fc.array(fc.constantFrom('call_0', 'call_1', 'call_2'), { maxLength: 2 }),
  attributed: fc.boolean(),
  line: fc.integer({ min: 1, max: 3 }),
  callers: fc.array(fc.integer({ min: 1, max: 5 }), { maxLength: 3 }),
  parent: fc.option(fc.integer({ min: 0, max: 5 })),
  finishReason: fc.constantFrom('stop', 'length', null),
});

const spanSpec = fc.record({
  t: time,
  length: fc.option(duration, { freq: 6 }),
  kind: fc.constantFrom('tool' as const, 'tool' as const, 'tool' as const, 'step' as const, 'other' as const, 'agent' as const),
  source: fc.constantFrom('http' as const, 'http' as const, 'process' as const, 'framework' as const),
  /** A function of the program's own rather than what its kind says. */
  own: fc.option(fc.constantFrom('function' as const, 'sampled' as const)),
  /** The framework and the process: an MCP server's tools are seen in a process of their own. */
  served: fc.option(fc.constantFrom('mcp 1', 'langgraph 1')),
  pid: fc.constantFrom(100, 100, 101),
  activity: fc.option(fc.constantFrom('cpu' as const, 'sleep' as const, 'socket' as const)),
  parent: fc.option(fc.integer({ min: 0, max: 5 })),
  callId: fc.option(fc.constantFrom('call_0', 'call_1')),
  after: fc.option(fc.integer({ min: 0, max: 7 }), { nil: undefined }),
  name: fc.constantFrom('search', 'lookup', 'fetchPage'),
  callers: fc.array(fc.integer({ min: 1, max: 5 }), { maxLength: 3 }),
  line: fc.integer({ min: 1, max: 3 }),
});

const gpuSpec = fc.record({
  gap: duration,
  length: duration,
  state: fc.constantFrom<GpuState>('prefill', 'decode', 'mixed', 'idle', 'foreign'),
  watts: fc.option(fc.integer({ min: 0, max: 400 })),
  sharers: fc.array(fc.integer({ min: 0, max: 7 }), { maxLength: 3 }),
});

const sampleSpec = fc.record({ t: time, running: fc.option(fc.integer({ min: 0, max: 3 })), watts: fc.option(fc.integer({ min: 50, max: 400 })), step: fc.option(fc.integer({ min: 0, max: 300 })) });

const recordingSpec = fc.record({
  calls: fc.array(callSpec, { maxLength: 7 }),
  spans: fc.array(spanSpec, { maxLength: 9 }),
  gpu: fc.option(fc.array(gpuSpec, { minLength: 1, maxLength: 10 })),
  samples: fc.option(fc.array(sampleSpec, { maxLength: 8 })),
  power: fc.constantFrom('all' as const, 'all' as const, 'all' as const, 'noDecode' as const, 'none' as const),
  simulated: fc.boolean(),
  price: fc.boolean(),
  gpuCount: fc.integer({ min: 1, max: 8 }),
  pauses: fc.array(fc.record({ t: time, length: duration }), { maxLength: 3 }),
  end: fc.option(time),
});
type RecordingSpec = typeof recordingSpec extends fc.Arbitrary<infer Spec> ? Spec : never;

const ROLES = ['user', 'assistant', 'tool', 'user', 'assistant'];

function linesOf(spec: RecordingSpec): object[] {
  const noDecode = { ...testGpu, decodeWatts: undefined };
  const head = header({
    gpuProfile: spec.power === 'all' ? testGpu : spec.power === 'none' ? null : noDecode,
    priceProfile: spec.price ? testPrice : null,
    gpuCount: spec.gpuCount,
    backend: { kind: spec.simulated ? 'sim' : 'vllm', url: null, version: null, model: 'm', gpu: 'test-gpu', simulated: spec.simulated },
  });
  const lines: object[] = [];
  spec.calls.forEach((each, index) => {
    const id = `c${index}`;
    const messages = [message('system', 'be brief'), ...each.conversation.map((variant, place) => message(ROLES[place] ?? 'user', `message ${place}.${variant}`))];
    lines.push(
      call(id, each.t, {
        endpoint: each.endpoint,
        method: each.endpoint === 'models' ? 'GET' : 'POST',
        stream: each.stream,
        frames: each.attributed ? [site('/project/agent.js', each.line, 'think'), ...each.callers.map((line) => site('/project/agent.js', line, 'plan'))] : [],
        unattributed: each.attributed ? null : 'seen on the wire only',
        parent: each.parent === null ? null : `s${each.parent}`,
        ...(each.attributed ? { tag: `tag-${id}` } : {}),
        request: { messages: messages.map((digest) => (each.hashed ? digest : { ...digest, hash: null, text: null })), tools: ['search', 'lookup'], toolsChars: 50, toolResults: each.results.map((callId) => ({ callId, bytes: 100 })) },
      }),
    );
    const firstTokenAt = each.stream && each.firstTokenShare !== null ? each.t + (each.length ?? 100) * each.firstTokenShare : null;
    if (each.length === null) {
      if (firstTokenAt !== null) lines.push({ type: 'firstToken', t: firstTokenAt, id });
      return;
    }
    lines.push(
      callEnd(id, each.t + each.length, {
        status: each.status,
        firstTokenAt,
        chunkGaps: firstTokenAt === null ? [] : [0, ...each.gaps],
        usage: each.usage,
        server: each.server,
        finishReason: each.finishReason,
        toolCalls: each.asks.map((callId) => toolCall(callId, callId === 'call_0' ? 'search' : 'lookup')),
      }),
    );
  });
  spec.spans.forEach((each, index) => {
    lines.push(span(`s${index}`, each.t, { pid: each.pid, framework: each.served, kind: each.own === null ? each.kind : 'other', name: each.name, source: each.own ?? each.source, evidence: each.own === 'sampled' ? 'sampled' : 'measured', activity: each.own === 'sampled' ? each.activity : null, parent: each.parent === null ? null : `s${each.parent}`, callId: each.callId, ...(each.after === undefined ? {} : { after: `tag-c${each.after}` }), frames: [site('/project/tools.js', each.line, each.name), ...each.callers.map((line) => site('/project/agent.js', line, 'plan'))] }));
    if (each.length !== null) lines.push(spanEnd(`s${index}`, each.t + each.length, { resultBytes: 10 }));
  });
  let at = 0;
  for (const each of spec.gpu ?? []) {
    at += each.gap;
    const shares = Object.fromEntries(each.sharers.map((sharer) => [`c${sharer}`, 1 / each.sharers.length]));
    lines.push(gpu(at, at + each.length, { state: each.state, watts: each.watts, shares, kvTokens: 100, kvCapacityTokens: 1000 }));
    at += each.length;
  }
  let joules = 0;
  for (const each of [...(spec.samples ?? [])].sort((a, b) => a.t - b.t)) {
    joules += each.step ?? 0;
    lines.push(sample(each.t, { running: each.running, watts: each.watts, joules: each.step === null ? null : joules }));
  }
  for (const { t, length } of spec.pauses) lines.push({ type: 'pause', t, end: t + length });
  if (spec.end !== null) lines.push(end(spec.end));
  return [head, ...lines];
}

/** The lines of a recording, the header first. */
export const arbitraryLines: fc.Arbitrary<object[]> = recordingSpec.map(linesOf);

/** The text of a recording. */
export const arbitraryRecording: fc.Arbitrary<string> = arbitraryLines.map((lines) => recordingText(...lines));
