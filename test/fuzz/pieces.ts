/** How an input is taken apart: its first byte decides, so that the fuzzer does. */

/** The rest of an input behind the bytes that choose; `choose` takes one of a list by the next of them. */
export class Input {
  #bytes: Buffer;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  choose<T>(list: readonly T[]): T {
    const chosen = list[(this.#bytes[0] ?? 0) % list.length]!;
    this.#bytes = this.#bytes.subarray(1);
    return chosen;
  }

  get rest(): Buffer {
    return this.#bytes;
  }
}

/** Cuts bytes into reads of 1 to 32 bytes, by a course that the seed decides (a linear congruential generator). */
export function reads(bytes: Buffer, seed: number): Buffer[] {
  const pieces: Buffer[] = [];
  let state = seed;
  for (let at = 0; at < bytes.length; ) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const end = at + 1 + (state >>> 27);
    // A copy, so that whoever looks beyond a read finds nothing there.
    pieces.push(Buffer.from(bytes.subarray(at, end)));
    at = end;
  }
  return pieces;
}

export function same(one: unknown, other: unknown, what: string): void {
  const [first, second] = [JSON.stringify(one), JSON.stringify(other)];
  if (first !== second) throw new Error(`${what} differ: ${first.slice(0, 500)} and ${second.slice(0, 500)}`);
}
