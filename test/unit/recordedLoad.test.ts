/** A run's calls as a load for k6 and AIPerf. */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { analyze } from '../../src/analysis/analyze.ts';
import { toAiperfTrace } from '../../src/analysis/load/aiperfTrace.ts';
import { toK6Script } from '../../src/analysis/load/k6Script.ts';
import { recordedLoad, type RecordedLoad } from '../../src/analysis/load/recordedLoad.ts';
import { readRecording, RecordingReader } from '../../src/profile/readRecording.ts';
import type { RecordingLine } from '../../src/profile/recordingFormat.ts';
import { TextFile } from '../../src/recorder/textFile.ts';
import { arbitraryRecording } from './arbitraryRecording.ts';
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
    const { sessions, left, hasTexts, model, messageOf } = loadOf(...lines);
    expect({ left, hasTexts, model }).toEqual({ left: 1, hasTexts: true, model: 'm' });
    expect(sessions.map(({ name, atMs, calls }) => [name, atMs, calls.map(({ after, gapMs, completionTokens }) => [after, gapMs, completionTokens])])).toEqual([
      ['one', 0, [[null, 0, 7], [0, 500, 8], [0, 510, 9], [2, 10, 10]]],
      ['two', 400, [[null, 0, 3]]],
    ]);
    expect(sessions[0]!.calls[1]!.prompt.map(messageOf)).toEqual([{ role: 'system', content: 'Be brief.' }, { role: 'user', content: 'First?' }, { role: 'assistant', content: '' }, { role: 'user', content: 'Found.' }]);
  });

  it('has prompts of the same lengths, which share what they shared, where texts were not kept', () => {
    const plain = loadOf(...lines);
    const load = loadOf(...withoutTexts);
    expect(load.hasTexts).toBe(false);
    const said = ({ sessions, messageOf }: RecordedLoad) => sessions.map(({ calls }) => calls.map(({ prompt }) => prompt.map((each) => messageOf(each).content)));
    const [first] = said(load);
    expect(first![0]![0]).toBe(first![2]![0]);
    expect(first![0]![1]).not.toBe(first![2]![1]);
    const lengths = (texts: string[][][]) => texts.map((calls) => calls.map((messages) => messages.map((text) => text.length)));
    expect(lengths(said(load))).toEqual(lengths(said(plain)));
  });
});

describe('the trace for AIPerf', () => {
  const entries = (load: RecordedLoad) => [...toAiperfTrace(load)].join('').trimEnd().split('\n').map((line) => JSON.parse(line) as Record<string, unknown>);

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
  const script = [...toK6Script(loadOf(...lines), { name: 'a run\n*/ alert()', version: '1.2.3' })].join('');

  it('sends the requests when they came, and their calls after the answers that they waited for', async () => {
    const { posted, options, trends } = await asK6(script, { MODEL: 'mine', BASE_URL: 'http://box/v1' });
    expect(options.scenarios.recording).toMatchObject({ executor: 'shared-iterations', vus: 2, iterations: 2 });
    // As recorded, but that each answer takes 100 ms.
    expect(posted.map(({ at, body }) => [at, body.max_tokens])).toEqual([[0, 7], [400, 3], [600, 8], [610, 9], [720, 10]]);
    expect(posted[0]).toMatchObject({ url: 'POST http://box/v1/chat/completions', body: { model: 'mine', ignore_eos: true, messages: [{ role: 'system', content: 'Be brief.' }, { role: 'user', content: 'First?' }] } });
    expect(trends).toMatchObject({ request_duration: [100, 820], request_started_late: [0, 0], completion_tokens: [4, 4, 4, 4, 4] });
  });

  it('has each message once', () => {
    expect(script.split('"Be brief."')).toHaveLength(2);
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

describe('texts that are more than are held', () => {
  const folder = mkdtempSync(join(tmpdir(), 'agent-cost-texts-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  /** The load of a recording of which so many chars are held. */
  function heldIn(text: string, mostTextChars: number, texts: TextFile): RecordedLoad {
    const reader = new RecordingReader({ texts: 'all', mostTextChars, elsewhere: texts });
    reader.push(text);
    reader.finish();
    return recordedLoad(reader.profile, analyze(reader.profile), texts);
  }

  it('are in the load all the same, from a file that nobody sees', () => {
    fc.assert(
      fc.property(arbitraryRecording, fc.integer({ min: 0, max: 200 }), (text, mostTextChars) => {
        const profile = readRecording(text);
        const whole = recordedLoad(profile, analyze(profile));
        const texts = new TextFile(folder);
        const load = heldIn(text, mostTextChars, texts);
        const how = { name: 'run', version: '1' };
        expect([...toAiperfTrace(load)]).toEqual([...toAiperfTrace(whole)]);
        expect([...toK6Script(load, how)]).toEqual([...toK6Script(whole, how)]);
        expect([...toK6Script(load, how)]).toEqual([...toK6Script(whole, how)]);
        expect(load.hasTexts).toBe(whole.hasTexts);
        if (process.platform !== 'win32') expect(readdirSync(folder)).toEqual([]);
        texts.close();
        expect(readdirSync(folder)).toEqual([]);
      }),
      { numRuns: 50 },
    );
  });

  it('are put there once, whatever is in them', () => {
    const odd = 'a\ud800b\u2028 “é” 😀\0';
    const texts = new TextFile(folder);
    const prompt = [message('system', odd), message('user', 'x'.repeat(3_000_000)), message('user', odd)];
    const load = heldIn(recordingText(header(), call('a', 1, { request: { messages: prompt } }), callEnd('a', 2), call('b', 3, { request: { messages: prompt } }), callEnd('b', 4), end(5)), 0, texts);
    const said = load.sessions.flatMap(({ calls }) => calls.map((each) => each.prompt.map(load.messageOf)));
    expect(said).toEqual(Array(2).fill(prompt.map(({ role, text }) => ({ role, content: text }))));
    expect(load.sessions.flatMap(({ calls }) => calls.flatMap((each) => each.prompt.filter(({ text }) => text !== null)))).toEqual([]);
    expect([...toK6Script(load, { name: '', version: '' })].filter((piece) => piece.includes('xxx'))).toHaveLength(1);
    texts.close();
  });

  it('that find no room are told of, with the folder', () => {
    const texts = new TextFile(join(folder, 'nowhere'));
    expect(() => heldIn(recordingText(header(), call('a', 1, { request: { messages: [message('user', 'x'.repeat(2_000_000))] } }), end(5)), 0, texts)).toThrow(/more than can be held, and found no room in a file .*nowhere.*ENOENT/);
  });
});
