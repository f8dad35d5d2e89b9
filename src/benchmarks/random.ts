/** Numbers that look random and are the same for the same seed. */

export interface Random {
  /** From 0 up to 1. */
  uniform(): number;
  /** A whole number from 0 up to `below`. */
  below(below: number): number;
  pick<Item>(items: readonly Item[]): Item;
  /** So many different ones, or all where there are fewer, in a new order. */
  sample<Item>(items: readonly Item[], count: number): Item[];
  /** Of a lognormal distribution. */
  lognormal(median: number, sigma: number): number;
}

/** Mulberry32: small, fast and good enough for made-up data and latencies. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  const uniform = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x100000000;
  };
  const below = (limit: number) => Math.floor(uniform() * limit);
  return {
    uniform,
    below,
    pick: (items) => items[below(items.length)]!,
    sample(items, count) {
      const left = [...items];
      return Array.from({ length: Math.min(count, left.length) }, () => left.splice(below(left.length), 1)[0]!);
    },
    // Box and Muller.
    lognormal: (median, sigma) => median * Math.exp(sigma * Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform())),
  };
}
