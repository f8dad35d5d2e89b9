import fc from 'fast-check';
import { expect, it } from 'vitest';
import { BlockIndex, NONE } from '../../src/simulator/engine/blockIndex.ts';

it('finds what a map would, whatever is added and taken out, also where hashes want the same place', () => {
  const hash = fc.oneof(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 12 }).map((low) => 5 * 2 ** 32 + low * 16), fc.integer({ min: 1, max: 2 ** 53 - 1 }));
  fc.assert(
    fc.property(fc.array(fc.record({ block: fc.integer({ min: 0, max: 9 }), hash }), { maxLength: 80 }), (steps) => {
      const hashes = new Float64Array(10).fill(NONE);
      const index = new BlockIndex(hashes);
      const map = new Map<number, number>();
      for (const { block, hash: next } of steps) {
        if (hashes[block] !== NONE) {
          if (map.get(hashes[block]!) === block) map.delete(hashes[block]!);
          index.remove(block);
          hashes[block] = NONE;
        } else {
          hashes[block] = next;
          if (!map.has(next)) {
            map.set(next, block);
            // The hash of a block that is not in the index may be there, of another.
            hashes[block] = NONE;
            expect(index.get(next)).toBe(NONE);
            hashes[block] = next;
            index.add(block);
          }
        }
        expect(index.size).toBe(map.size);
        for (const [known, of] of map) expect(index.get(known)).toBe(of);
      }
    }),
    { numRuns: 500 },
  );
});
