/** Builders of recording lines for tests: complete and valid, with only what matters said. */
import { RECORDING_VERSION } from '../../src/profile/recordingFormat.ts';
import type { CallEndLine, CallLine, GpuLine, HeaderLine, MessageDigest, SampleLine, Site, SpanEndLine, SpanLine } from '../../src/profile/recordingFormat.ts';
import type { GpuProfile, PriceProfile } from '../../src/profile/hardwareProfiles.ts';

const value = (number: number): { value: number; source: string } => ({ value: number, source: 'test' });

export const testGpu: GpuProfile = {
  kind: 'gpu',
  id: 'test-gpu',
  name: 'Test GPU',
  aliases: [],
  memoryGB: value(40),
  memoryBandwidthGBps: value(1555),
  bf16Tflops: value(312),
  tdpWatts: value(400),
  idleWatts: value(60),
  prefillWatts: value(360),
  decodeWatts: value(240),
};

export const testPrice: PriceProfile = { kind: 'price', id: 'test-price', name: 'Test price', gpu: 'test-gpu', usdPerGpuHour: value(3.6) };

export function header(over: Partial<HeaderLine> = {}): HeaderLine {
  return {
    type: 'header',
    format: 'agent-cost/recording',
    version: RECORDING_VERSION,
    id: 'run-1',
    name: 'test run',
    startedAt: '2026-01-02T03:04:05.000Z',
    command: ['node', 'agent.js'],
    cwd: '/home/user/project',
    capture: 'full',
    backend: { kind: 'vllm', url: 'http://127.0.0.1:8000/v1', version: '0.11.0', model: 'm', gpu: 'test-gpu', simulated: false },
    gpuProfile: testGpu,
    modelProfile: null,
    priceProfile: testPrice,
    gpuCount: 1,
    producer: { name: 'test', version: '0.0.0' },
    ...over,
  };
}

export function site(file: string, line: number, name: string | null = null): Site {
  return { file, line, column: 3, function: name };
}

export function message(role: string, text: string, hash: string | null = `${role}:${text}`): MessageDigest {
  return { role, hash, chars: text.length, text };
}

export function call(id: string, t: number, over: Partial<Omit<CallLine, 'request'>> & { request?: Partial<CallLine['request']> } = {}): CallLine {
  return {
    type: 'call',
    t,
    id,
    endpoint: 'chat',
    method: 'POST',
    path: '/v1/chat/completions',
    model: 'm',
    stream: true,
    attempt: 1,
    pid: 100,
    thread: 'main',
    frames: [site('/home/user/project/agent.js', 10, 'think')],
    unattributed: null,
    parent: null,
    trace: null,
    ...over,
    request: { bytes: 100, messages: [], tools: [], toolsChars: 0, toolResults: [], maxTokens: null, ...over.request },
  };
}

export function callEnd(id: string, t: number, over: Partial<CallEndLine> = {}): CallEndLine {
  return {
    type: 'callEnd',
    t,
    id,
    status: 'ok',
    httpStatus: 200,
    error: null,
    headersAt: null,
    firstTokenAt: null,
    chunkGaps: [],
    usage: { promptTokens: 100, cachedTokens: null, completionTokens: 10, reasoningTokens: null },
    usageEvidence: 'measured',
    finishReason: 'stop',
    toolCalls: [],
    server: null,
    model: 'm',
    responseBytes: 200,
    text: null,
    ...over,
  };
}

export function span(id: string, t: number, over: Partial<SpanLine> = {}): SpanLine {
  return {
    type: 'span',
    t,
    id,
    kind: 'tool',
    name: 'GET wiki.test/w/api.php',
    parent: null,
    pid: 100,
    thread: 'main',
    frames: [site('/home/user/project/tools.js', 20, 'fetchPage')],
    unattributed: null,
    evidence: 'measured',
    source: 'http',
    framework: null,
    argumentBytes: null,
    activity: null,
    detail: null,
    callId: null,
    ...over,
  };
}

export function spanEnd(id: string, t: number, over: Partial<SpanEndLine> = {}): SpanEndLine {
  return { type: 'spanEnd', t, id, status: 'ok', error: null, resultBytes: null, ...over };
}

export function gpu(t: number, end: number, over: Partial<GpuLine> = {}): GpuLine {
  return { type: 'gpu', t, end, state: 'decode', batch: 1, kvTokens: null, kvCapacityTokens: null, watts: 240, shares: {}, evidence: 'simulated', ...over };
}

export function sample(t: number, over: Partial<SampleLine> = {}): SampleLine {
  return { type: 'sample', t, source: 'test', running: null, waiting: null, kvUse: null, watts: null, joules: null, ...over };
}

export function end(t: number, exitCode = 0): object {
  return { type: 'end', t, exitCode, signal: null };
}

/** A tool call in an answer. */
export function toolCall(callId: string, name: string): CallEndLine['toolCalls'][number] {
  return { callId, name, argumentBytes: 2, arguments: '{}' };
}

export function recordingText(...lines: readonly object[]): string {
  return lines.map((line) => `${JSON.stringify(line)}\n`).join('');
}
