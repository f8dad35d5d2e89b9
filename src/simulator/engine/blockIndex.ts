/** Which block holds what a hash names. */

/** No block, and no hash. */
export const NONE = -1;

/**
 * A hash table by open addressing over the blocks' own hashes: a `Map` of numbers as large as these makes an object of each, which
 * is most of what a simulated step would cost.
 */
export class BlockIndex {
  readonly #hashes: Float64Array;
  /** A block's number plus 1; 0 where there is none. */
  readonly #slots: Int32Array;
  readonly #mask: number;
  #size = 0;

  /** @param hashes of each block, by its number; that of a block in the index must stay as it is */
  constructor(hashes: Float64Array) {
    this.#hashes = hashes;
    // At most half full, so that what is not there is soon found not to be.
    const slots = 2 ** Math.ceil(Math.log2(Math.max(2, hashes.length * 2)));
    this.#slots = new Int32Array(slots);
    this.#mask = slots - 1;
  }

  get size(): number {
    return this.#size;
  }

  /** The block of a hash, or `NONE`. */
  get(hash: number): number {
    return this.#slots[this.#find(hash)]! - 1;
  }

  /** Adds a block, whose hash must not be there yet. */
  add(block: number): void {
    this.#slots[this.#find(this.#hashes[block]!)] = block + 1;
    this.#size += 1;
  }

  /** Takes a block out, if it is the one that its hash leads to. */
  remove(block: number): void {
    let gap = this.#find(this.#hashes[block]!);
    if (this.#slots[gap] !== block + 1) return;
    this.#size -= 1;
    // Whoever stands behind and could stand here moves up: a search ends at the first gap.
    for (let slot = (gap + 1) & this.#mask; this.#slots[slot] !== 0; slot = (slot + 1) & this.#mask) {
      const home = this.#home(this.#hashes[this.#slots[slot]! - 1]!);
      if (((slot - home) & this.#mask) < ((slot - gap) & this.#mask)) continue;
      this.#slots[gap] = this.#slots[slot]!;
      gap = slot;
    }
    this.#slots[gap] = 0;
  }

  /** The slot of a hash, or the gap where it would be. */
  #find(hash: number): number {
    let slot = this.#home(hash);
    for (let entry = this.#slots[slot]!; entry !== 0 && this.#hashes[entry - 1] !== hash; entry = this.#slots[slot]!) slot = (slot + 1) & this.#mask;
    return slot;
  }

  /** Its low bits, which are mixed well. */
  #home(hash: number): number {
    return (hash >>> 0) & this.#mask;
  }
}
