import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ascendingOrder } from '../../src/analysis/numericOrder.ts';

it('ranks numbers as a stable sort does', () => {
  const few = fc.constantFrom(-Infinity, -1, -0, 0, 1, 2.5, Infinity);
  fc.assert(
    fc.property(fc.array(fc.oneof(few, fc.double({ noNaN: true }))), (numbers) => {
      const sorted = numbers.map((number, place) => ({ number, place })).sort((a, b) => (a.number < b.number ? -1 : a.number > b.number ? 1 : 0));
      expect([...ascendingOrder(Float64Array.from(numbers))]).toEqual(sorted.map(({ place }) => place));
    }),
  );
});
