/** Lines checked by plain code against their schemas: never another verdict, never another value. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LineDecoder } from '../../src/profile/decodeLine.ts';
import { RecordingReader } from '../../src/profile/readRecording.ts';
import { recordingLineSchema } from '../../src/profile/recordingFormat.ts';
import { bigRecording } from '../fixtures/bigRecording.ts';
import { arbitraryRecording } from './arbitraryRecording.ts';
import { call, callEnd, header, message, recordingText, site, span, spanEnd, toolCall } from './recordingLines.ts';

const HOT = new Set(['call', 'callEnd', 'span', 'spanEnd', 'firstToken']);
const SAMPLES: object[] = [
  span('s', 1, { kind: 'other', source: 'sampled', activity: 'cpu', framework: 'langgraph 1', argumentBytes: 4, detail: 'GET /', callId: 'c', parent: 'p', unattributed: 'none', after: 'tag' }),
  span('s', 1, { frames: [site('/a.py', 1), { file: '/b.py', line: 7, column: null, function: 'f' }] }),
  spanEnd('s', 2, { status: 'error', error: 'broken', resultBytes: 12 }),
  call('c', 3, { server: 'localhost:8000', tag: 'tag', trace: { traceId: 'a', spanId: 'b' }, request: { messages: [message('user', 'hello'), message('tool', 'x', null)], tools: ['search'], toolsChars: 9, toolResults: [{ callId: 't', bytes: 3 }], maxTokens: 10 } }),
  callEnd('c', 4, { firstTokenAt: 3.5, headersAt: 3.2, chunkGaps: [0, 1.5], toolCalls: [toolCall('t', 'search')], server: { queueMs: 1, prefillMs: null, decodeMs: 2, evidence: 'measured' }, responseId: null, text: 'hi' }),
  callEnd('d', 5, { server: { queueMs: 1, prefillMs: null, decodeMs: null, inferenceMs: 34, evidence: 'measured' } }),
  callEnd('c', 4, { usage: null, responseId: 'r', status: 'cancelled', error: 'gone' }),
  { type: 'firstToken', t: 3.5, id: 'c' },
];

type Path = (string | number)[];

/** Every place in a value at which something else may stand. */
function placesOf(value: unknown, path: Path = []): Path[] {
  const inner = typeof value === 'object' && value !== null ? Object.entries(value).flatMap(([key, each]) => placesOf(each, [...path, Array.isArray(value) ? Number(key) : key])) : [];
  return path.length === 0 ? inner : [path, ...inner];
}

/** Another value there; what is `undefined` is left out. */
function withOther(value: unknown, [key, ...rest]: Path, other: unknown): unknown {
  if (key === undefined) return other;
  if (Array.isArray(value)) return value.map((each: unknown, index) => (index === key ? withOther(each, rest, other) : each));
  const { [key]: inner, ...others } = value as Record<string, unknown>;
  const changed = withOther(inner, rest, other);
  return changed === undefined ? others : { ...others, [key]: changed };
}

const OTHERS: unknown[] = [undefined, null, '', 'ok', 'other', 'tool', 'llm', 'incomplete', 0, -1, 1, 1.5, 2 ** 53, true, [], {}, [null], [1], ['a'], [{}], { file: '/a', line: 1, column: null, function: null }];

function agree(raw: unknown): void {
  const schemas = recordingLineSchema.safeParse(raw);
  const decoded = new LineDecoder().decode(raw);
  if (decoded === null) return;
  expect(schemas.success, JSON.stringify(raw)).toBe(true);
  expect(decoded).toStrictEqual(schemas.data);
}

describe('a line that is checked by plain code', () => {
  it('is what its schema makes of it', () => {
    for (const line of [...SAMPLES, ...bigRecording(20)]) {
      const raw: unknown = JSON.parse(JSON.stringify(line));
      const schemas = recordingLineSchema.parse(raw);
      if (HOT.has(schemas.type)) expect(new LineDecoder().decode(raw)).toStrictEqual(schemas);
      else expect(new LineDecoder().decode(raw)).toBeNull();
    }
  });

  it('loses what no schema names', () => {
    for (const line of SAMPLES) {
      const raw = JSON.parse(JSON.stringify({ ...line, crc: '00000000', later: { x: 1 } })) as unknown;
      expect(new LineDecoder().decode(raw)).toStrictEqual(recordingLineSchema.parse(raw));
    }
    const raw = { ...span('s', 1), frames: [{ ...site('/a.py', 3), later: 1 }] };
    expect(new LineDecoder().decode(raw)).toStrictEqual(recordingLineSchema.parse(raw));
  });

  it('is never taken where its schema refuses it, whatever stands in whichever of its places', () => {
    for (const line of SAMPLES) for (const place of placesOf(line)) for (const other of OTHERS) agree(withOther(line, place, other));
    for (const infinite of [NaN, Infinity, -Infinity]) for (const line of SAMPLES) for (const place of placesOf(line)) agree(withOther(line, place, infinite));
    for (const odd of [null, 1, 'span', [], {}, { type: 'later' }, [SAMPLES[0]]]) expect(new LineDecoder().decode(odd)).toBeNull();
    fc.assert(
      fc.property(fc.constantFrom(...SAMPLES), fc.nat(), fc.jsonValue(), (line, at, other) => {
        const places = placesOf(line);
        agree(withOther(line, places[at % places.length] as Path, other));
      }),
    );
  });

  it('is what its schema makes of it in random recordings', () => {
    fc.assert(
      fc.property(arbitraryRecording, (text) => {
        for (const line of text.split('\n').filter((each) => each !== '').slice(1)) agree(JSON.parse(line));
      }),
      { numRuns: 50 },
    );
  });
});

describe('what lines have alike', () => {
  it('is held once, and told apart where it differs', () => {
    const frames = [site('/a.py', 3, 'f'), site('/a.py', 9, 'main')];
    const near = [site('/a.py', 3, 'f'), site('/a.py', 9, 'other')];
    const reader = new RecordingReader();
    reader.push(recordingText(header(), span('a', 1, { frames }), call('b', 2, { frames }), span('c', 3, { frames: near }), span('d', 4, { frames: [] })));
    reader.finish();
    const { hookSpans, calls } = reader.profile;
    expect(calls[0]?.start.frames).toBe(hookSpans[0]?.start.frames);
    expect(hookSpans.map(({ start }) => start.frames)).toEqual([frames, near, []]);
  });
});
