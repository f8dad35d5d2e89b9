import fc from 'fast-check';
import { expect, it } from 'vitest';
import { jsonPieces } from '../../src/profile/jsonPieces.ts';

it('JSON in pieces is the JSON in one, whatever is in it', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.oneof(fc.jsonValue(), fc.array(fc.jsonValue()), fc.constant(undefined))), (value) => {
      expect([...jsonPieces(value)].join('')).toBe(JSON.stringify(value, null, 2));
    }),
  );
  expect([...jsonPieces({ a: [{ b: 'one\ntwo' }, [], {}, undefined] })].join('')).toBe(JSON.stringify({ a: [{ b: 'one\ntwo' }, [], {}, undefined] }, null, 2));
});
