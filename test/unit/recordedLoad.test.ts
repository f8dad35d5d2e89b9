/** A run's calls as a load for k6 and AIPerf. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { analyze } from '../../src/analysis/analyze.ts';
import { toAiperfTrace } from '../../src/analysis/load/aiperfTrace.ts';
import { toK6Script } from '../../src/analysis/load/k6Script.ts';
import { recordedLoad, type RecordedLoad } from '../../src/analysis/load/recordedLoad.ts';
import { readRecording } from '../../src/profile/readRecording.ts';
import type { RecordingLine } from '../../src/profile/recordingFormat.ts';
import { call, callEnd, end, header, message, recordingText, span, spanEnd } from './recordingLines.ts';

const system = message('system', 'Be brief.');
const usage = (promptTokens: number, completionTokens: number) => ({ promptTokens, cachedTokens: null, completionTokens, reasoningTokens: null });

/** Two agents. The first asks, uses a tool, then sends two calls at once and one when both are done; the second asks once, and fails once. */
const lines: RecordingLine[] = [
  span('one', 100, { kind: 'agent', source: 'framework', name: 'one' }),
  call('a', 110, { parent: 'one', request: { messages: [system, message('user', 'First?')] } }),
  callEnd('a', 300, { usage: usage(20, 7) }),
  call('b', 800, { parent: 'one', request: { messages: [system, message('user', 'First?'), message('assistant', ''), message('tool', 'Found.')] } }),
  call('c', 810, { parent: 'one', request: { messages: [system, message('user', 'Third?')] } }),
  callEnd('b', 900, { usage: usage(30, 8) }),
  callEnd('c', 950, { usage: usage(21, 9) }),
  call('d', 960, { parent: 'one', request: { messages: [system, message('user', 'Last?')] } }),
  callEnd('d', 1000, { usage: usage(22, 10) }),
  spanEnd('one', 1010),
  span('two', 500, { kind: 'agent', source: 'framework', name: 'two' }),
  call('e', 510, { parent: 'two', request: { messages: [message('user', 'Other?')] } }),
  callEnd('e', 700, { usage: usage(5, 3) }),
  call('f', 720, { parent: 'two', request: { messages: [message('user', 'Again?')] } }),
  callEnd('f', 730, { status: 'error', httpStatus: 500, usage: null }),
  spanEnd('two', 740),
];

function loadOf(...recorded: RecordingLine[]): RecordedLoad {
  const profile = readRecording(recordingText(header(), ...recorded, end(2000)));
  return recordedLoad(profile, analyze(profile));
}

const withoutTexts = lines.map((line) => (line.type === 'call' ? { ...line, request: { ...line.request, messages: line.request.messages.map((each) => ({ ...each, text: null, hash: Buffer.from(each.hash ?? '').toString('hex').slice(-16) })) } } : line));

describe('the load of a recording', () => {
  it('has the requests when they came, and their calls after what they waited for', () => {
    const { sessions, left, hasTexts, model } = loadOf(...lines);
    expect({ left, hasTexts, model }).toEqual({ left: 1, hasTexts: true, model: 'm' });
    expect(sessions.map(({ name, atMs, calls }) => [name, atMs, calls.map(({ after, gapMs, completionTokens }) => [after, gapMs, completionTokens])])).toEqual([
      ['one', 0, [[null, 0, 7], [0, 500, 8], [0, 510, 9], [2, 10, 10]]],
      ['two', 400, [[null, 0, 3]]],
    ]);
    expect(sessions[0]!.calls[1]!.messages).toEqual([{ role: 'system', content: 'Be brief.' }, { role: 'user', content: 'First?' }, { role: 'assistant', content: '' }, { role: 'user', content: 'Found.' }]);
  });

  it('has prompts of the same lengths, which share what they shared, where texts were not kept', () => {
    const plain = loadOf(...lines);
    const { sessions, hasTexts } = loadOf(...withoutTexts);
    expect(hasTexts).toBe(false);
    const [first] = sessions;
    expect(first!.calls[0]!.messages[0]).toEqual(first!.calls[2]!.messages[0]);
    expect(first!.calls[0]!.messages[1]!.content).not.toBe(first!.calls[2]!.messages[1]!.content);
    expect(sessions.map(({ calls }) => calls.map(({ messages }) => messages.map(({ content }) => content.length)))).toEqual(plain.sessions.map(({ calls }) => calls.map(({ messages }) => messages.map(({ content }) => content.length))));
  });
});

describe('the trace for AIPerf', () => {
  const entries = (load: RecordedLoad) => toAiperfTrace(load).trimEnd().split('\n').map((line) => JSON.parse(line) as Record<string, unknown>);

  it('has a timestamp for what begins a session, and a delay for what waited for an answer', () => {
    expect(entries(loadOf(...lines)).map(({ messages, ...rest }) => ({ ...rest, messages: (messages as unknown[]).length }))).toEqual([
      { session_id: 'request-1', timestamp: 0, messages: 2, output_length: 7 },
      { session_id: 'request-1', delay: 500, messages: 4, output_length: 8 },
      // At once with the one before: a session of its own.
      { session_id: 'request-1-2', timestamp: 700, messages: 2, output_length: 9 },
      { session_id: 'request-1-2', delay: 10, messages: 2, output_length: 10 },
      { session_id: 'request-2', timestamp: 400, messages: 1, output_length: 3 },
    ]);
  });

  it('has lengths alone where there are no texts', () => {
    expect(entries(loadOf(...withoutTexts))).toEqual([
      { timestamp: 0, input_length: 20, output_length: 7 },
      { timestamp: 690, input_length: 30, output_length: 8 },
      { timestamp: 700, input_length: 21, output_length: 9 },
      { timestamp: 850, input_length: 22, output_length: 10 },
      { timestamp: 400, input_length: 5, output_length: 3 },
    ]);
  });
});

interface Posted {
  at: number;
  url: string;
  body: { model: string; messages: unknown[]; max_tokens: number; ignore_eos?: boolean };
}

/**
 * Runs a script as k6 would, with stand-ins for the few of k6's modules that it uses, in a time of their own: a request takes 100 ms.
 * k6 itself is not run here.
 */
async function asK6(script: string, environment: Record<string, string>): Promise<{ posted: Posted[]; options: { scenarios: { recording: { executor: string; vus: number; iterations: number } } }; trends: Record<string, number[]> }> {
  let time = 1_000_000;
  const timers: { at: number; run: () => void }[] = [];
  const setTimeout = (run: () => void, ms: number) => timers.push({ at: time + ms, run });
  const posted: Posted[] = [];
  const trends: Record<string, number[]> = {};
  class Metric {
    readonly name: string;
    constructor(name: string) {
      this.name = name;
    }
    add(value: number) {
      (trends[this.name] ??= []).push(value);
    }
  }
  const state = { iteration: 0 };
  const modules: Record<string, Record<string, unknown>> = {
    'k6/execution': { default: { scenario: { startTime: time, get iterationInTest() { return state.iteration; } } } },
    'k6/http': {
      default: {
        asyncRequest: (method: string, url: string, body: string) => {
          posted.push({ at: time - 1_000_000, url: `${method} ${url}`, body: JSON.parse(body) as Posted['body'] });
          return new Promise((resolve) => setTimeout(() => resolve({ status: 200, json: () => 4 }), 100));
        },
      },
    },
    k6: { check: (value: unknown, checks: Record<string, (value: unknown) => boolean>) => Object.values(checks).every((holds) => holds(value)) },
    'k6/data': { SharedArray: function (_name: string, make: () => unknown[]) { return make(); } },
    'k6/metrics': { Counter: Metric, Trend: Metric },
  };
  const plain = script
    .replace(/^import (\w+) from '([^']+)';$/gm, "const $1 = modules['$2'].default;")
    .replace(/^import \{ ([\w, ]+) \} from '([^']+)';$/gm, "const { $1 } = modules['$2'];")
    .replace('export const options', 'exported.options')
    .replace('export default async function ()', 'exported.iteration = async function ()');
  const exported: { options?: never; iteration?: () => Promise<void> } = {};
  runInNewContext(plain, { modules, exported, __ENV: environment, setTimeout, Date: { now: () => time }, Promise, JSON, Math, Number });
  const { options } = exported as { options?: unknown } as { options: Awaited<ReturnType<typeof asK6>>['options'] };
  let running = options.scenarios.recording.iterations;
  for (; state.iteration < options.scenarios.recording.iterations; state.iteration++) void exported.iteration!().then(() => running--);
  while (running > 0) {
    // All that follows from this moment, before the next.
    for (let turn = 0; turn < 50; turn++) await Promise.resolve();
    const next = timers.sort((a, b) => a.at - b.at).shift();
    if (next === undefined) continue;
    time = Math.max(time, next.at);
    next.run();
  }
  return { posted, options, trends };
}

describe('the script for k6', () => {
  const script = toK6Script(loadOf(...lines), { name: 'a run\n*/ alert()', version: '1.2.3' });

  it('sends the requests when they came, and their calls after the answers that they waited for', async () => {
    const { posted, options, trends } = await asK6(script, { MODEL: 'mine', BASE_URL: 'http://box/v1' });
    expect(options.scenarios.recording).toMatchObject({ executor: 'shared-iterations', vus: 2, iterations: 2 });
    // As recorded, but that each answer takes 100 ms.
    expect(posted.map(({ at, body }) => [at, body.max_tokens])).toEqual([[0, 7], [400, 3], [600, 8], [610, 9], [720, 10]]);
    expect(posted[0]).toMatchObject({ url: 'POST http://box/v1/chat/completions', body: { model: 'mine', ignore_eos: true, messages: [{ role: 'system', content: 'Be brief.' }, { role: 'user', content: 'First?' }] } });
    expect(trends).toMatchObject({ request_duration: [100, 820], request_started_late: [0, 0], completion_tokens: [4, 4, 4, 4, 4] });
  });

  it('sends them faster, and with answers that may end, when it is told to', async () => {
    const { posted } = await asK6(script, { SPEED: '4', IGNORE_EOS: '0' });
    expect(posted.map(({ at }) => at)).toEqual([0, 100, 600, 610, 720]);
    expect(posted.every(({ body }) => body.ignore_eos === undefined && body.model === 'm')).toBe(true);
  });

  it('is a module in sound JavaScript, whatever the run is called', async () => {
    const file = join(mkdtempSync(join(tmpdir(), 'agent-cost-k6-')), 'load.mjs');
    writeFileSync(file, script);
    // Its modules are k6's own: all else has been read by then.
    await expect(import(/* @vite-ignore */ `file://${file}`)).rejects.toThrow(/k6/);
    expect(script).toContain('1 calls that failed, or wrote nothing, are left out');
    expect(script.split('\n')[0]).toMatch(/^\/\/ 2 requests with 5 calls of a model, as a run \*\/ alert\(\) made them; written by agent-cost 1\.2\.3\.$/);
  });
});
