/** What the Node hook puts together by hand is the JSON that it stands for, in ASCII letters. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { callTagSchema, hookEventSchema } from '../../src/protocol/hook.ts';
import { endText, spanText, tagText } from '../../src/instrument/node/eventText.ts';

const text = fc.string({ unit: 'binary' });
const id = fc.stringMatching(/^\d{1,6}-\d-s?\d{1,4}$/);
const site = fc.record({ file: text, line: fc.integer({ min: 1 }), column: fc.option(fc.integer({ min: 1 })), function: fc.option(text) });
const t = fc.double({ min: 0, max: 1e12, noNaN: true }).map((value) => value + 0);
const optional = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
const span = fc.record({
  t,
  id,
  kind: fc.constantFrom('agent', 'step', 'tool', 'other'),
  name: text,
  parent: fc.option(id),
  thread: fc.constantFrom('main', 'worker-3'),
  unattributed: fc.option(text),
  source: fc.constantFrom('http', 'function', 'wait'),
  framework: optional(text),
  argumentBytes: optional(fc.nat()),
  detail: fc.option(text),
  callId: fc.option(text),
  activity: optional(fc.constantFrom('cpu', 'sleep')),
  evidence: optional(fc.constantFrom('measured', 'sampled')),
  frames: fc.array(site, { maxLength: 4 }),
});
const end = fc.record({ t, id, status: fc.constantFrom('ok', 'error', 'cancelled'), error: fc.option(text), resultBytes: fc.option(fc.nat()) });
const tag = fc.record({ v: fc.constant(1 as const), id, pid: fc.nat(), thread: fc.constantFrom('main', 'worker-3'), unattributed: fc.option(text), parent: fc.option(id), dropped: optional(fc.nat()), frames: fc.array(site, { maxLength: 4 }) });

function expectAscii(made: string): unknown {
  expect(made).toMatch(/^[ -~]*$/);
  return JSON.parse(made);
}
/** Without what is undefined. */
const plain = (value: object): unknown => JSON.parse(JSON.stringify(value));

it('writes spans', () => {
  fc.assert(
    fc.property(span, (given) => {
      const read = expectAscii(spanText(given));
      expect(read).toEqual(plain({ type: 'span', ...given }));
      hookEventSchema.parse(read);
    }),
  );
});

it('writes ends', () => {
  fc.assert(
    fc.property(end, (given) => {
      const read = expectAscii(endText(given));
      expect(read).toEqual({ type: 'spanEnd', ...given });
      hookEventSchema.parse(read);
    }),
  );
});

it('writes call tags', () => {
  fc.assert(
    fc.property(tag, (given) => {
      const read = expectAscii(tagText(given));
      expect(read).toEqual(plain(given));
      callTagSchema.parse(read);
    }),
  );
});
