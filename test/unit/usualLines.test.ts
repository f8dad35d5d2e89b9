/** Lines read by a pattern: never what parsing and their schemas would not give. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HeldStacks } from '../../src/profile/heldStacks.ts';
import { recordingLineSchema } from '../../src/profile/recordingFormat.ts';
import { UsualLines } from '../../src/profile/usualLines.ts';
import { bigRecording } from '../fixtures/bigRecording.ts';
import { site, span, spanEnd } from './recordingLines.ts';

const read = (text: string) => new UsualLines(new HeldStacks()).read(text);

function agree(text: string): void {
  const line = read(text);
  if (line === null) return;
  expect(line).toStrictEqual(recordingLineSchema.parse(JSON.parse(text)));
}

const SAMPLES = [
  span('a-longer-id-than-is-copied', 1.5e-7, { kind: 'other', source: 'sampled', activity: 'cpu', framework: 'langgraph 1', argumentBytes: 4, detail: 'GET example.org/of/some/length', callId: 'call_0', parent: 'another-id-of-some-length' }),
  span('s', -0, { frames: [site('/a].py', 1, '],"unattributed":'), { file: '/ü/b.py', line: 7, column: null, function: null }] }),
  span('s', 3, { frames: [], unattributed: 'The hook saw no frame.' }),
  spanEnd('s', 2, { status: 'error', error: 'broken', resultBytes: 0 }),
  spanEnd('s', 1e300, { resultBytes: 12 }),
  span('s', 4, { kind: 'other', source: 'function', after: '4711-main-12345678' }),
].map((line) => JSON.stringify(line));

describe('a line that is read by a pattern', () => {
  it('is what its schema makes of it', () => {
    const usual = new UsualLines(new HeldStacks());
    for (const raw of [...bigRecording(30)]) {
      const text = JSON.stringify(raw);
      const line = recordingLineSchema.parse(JSON.parse(text));
      if (line.type === 'span' || line.type === 'spanEnd') expect(usual.read(text)).toStrictEqual(line);
      else expect(usual.read(text)).toBeNull();
    }
    for (const text of SAMPLES) agree(text);
    expect(read(SAMPLES[0] ?? '')).not.toBeNull();
    expect(read(SAMPLES[3] ?? '')).not.toBeNull();
    expect(read(SAMPLES[5] ?? '')).toMatchObject({ after: '4711-main-12345678' });
  });

  it('has frames that lines have alike as one object', () => {
    const usual = new UsualLines(new HeldStacks());
    const [one, other] = ['a', 'b'].map((id) => usual.read(JSON.stringify(span(id, 1))));
    expect(one?.type === 'span' && other?.type === 'span' && one.frames === other.frames && one.frames.length > 0).toBe(true);
  });

  it('is left to others where its texts have escapes, and where it says more or something else', () => {
    for (const text of [
      JSON.stringify(spanEnd('quoted "id"', 1)), JSON.stringify(spanEnd('', 1)), JSON.stringify({ ...spanEnd('s', 1), more: 1 }), JSON.stringify({ ...spanEnd('s', 1), status: 'incomplete' }), JSON.stringify(spanEnd('s', 1)).replace('"t":1', '"t":1e999'),
      JSON.stringify({ ...span('s', 1), kind: 'llm' }), JSON.stringify(span('s', 1, { frames: [{ file: '/a', line: 0, column: null, function: null }] })), `${JSON.stringify(spanEnd('s', 1))} `, JSON.stringify(spanEnd('s', 1)).replace('"t":1', '"t":01'),
    ])
      expect(read(text), text).toBeNull();
  });

  it('is never another, whatever was done to its text', () => {
    const odd = fc.constantFrom('"', '\\', '\\u0041', '{', '}', '[', ']', ',', ':', 'null', '1', '-', '.', 'e9', '\r', '\t', 'ü', '\ud800', ',"crc":"0123abcd"', '"frames":[],', '],"unattributed":', 'x');
    fc.assert(
      fc.property(fc.constantFrom(...SAMPLES), fc.array(fc.tuple(fc.nat(), fc.nat(6), odd), { minLength: 1, maxLength: 3 }), (sample, changes) => {
        let text = sample;
        for (const [where, gone, put] of changes) {
          const at = where % (text.length + 1);
          text = text.slice(0, at) + put + text.slice(at + gone);
        }
        agree(text);
      }),
      { numRuns: 5000 },
    );
  });
});
