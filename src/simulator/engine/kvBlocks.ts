/**
 * The KV cache's blocks as vLLM V1 keeps them (`v1/core/kv_cache_manager.py`, `block_pool.py`): reference counts,
 * a hash chain over full blocks as prefix cache, and free blocks in order of least recent use. A free block keeps
 * its contents, and stays findable, until it is handed out again.
 */
import { BlockIndex, NONE } from './blockIndex.ts';

/** Tokens in a block; vLLM's default on GPUs. */
export const BLOCK_TOKENS = 16;

/** Names a full block by its tokens and all those before it. */
export type BlockHash = number;
/** The hash before the first block. */
export const CHAIN_START: BlockHash = 0;

const HIGH = 0x100000000;

/**
 * Hash of the block that begins at token `start` of a prompt and its answer, and follows the block of hash `parent`: 53 bits, of
 * two 32-bit mixes.
 */
export function hashBlock(parent: BlockHash, prompt: readonly number[], output: readonly number[], start: number): BlockHash {
  let low = parent >>> 0;
  let high = (Math.floor(parent / HIGH) ^ 0x9e3779b9) >>> 0;
  for (let index = start; index < start + BLOCK_TOKENS; index++) {
    const token = (index < prompt.length ? prompt[index] : output[index - prompt.length])!;
    low = Math.imul(low ^ token, 0x01000193) ^ (low >>> 15);
    high = Math.imul(high ^ token ^ (high >>> 13), 0x5bd1e995);
  }
  // 0 is kept for "before the first block".
  return ((high >>> 0) & 0x1fffff) * HIGH + (low >>> 0) || 1;
}

export class KvBlocks {
  readonly count: number;
  readonly #references: Int32Array;
  readonly #hashes: Float64Array;
  readonly #next: Int32Array;
  readonly #previous: Int32Array;
  readonly #cached: BlockIndex;
  #freeHead: number;
  #freeTail: number;
  #free: number;

  constructor(count: number) {
    this.count = count;
    this.#references = new Int32Array(count);
    this.#hashes = new Float64Array(count).fill(NONE);
    this.#cached = new BlockIndex(this.#hashes);
    this.#next = Int32Array.from({ length: count }, (_, block) => (block + 1 < count ? block + 1 : NONE));
    this.#previous = Int32Array.from({ length: count }, (_, block) => block - 1);
    this.#freeHead = count > 0 ? 0 : NONE;
    this.#freeTail = count - 1;
    this.#free = count;
  }

  /** Blocks that no request holds. */
  get free(): number {
    return this.#free;
  }

  /** Blocks that a request holds. */
  get used(): number {
    return this.count - this.#free;
  }

  /** Full blocks that a new request could reuse. */
  get cachedBlocks(): number {
    return this.#cached.size;
  }

  references(block: number): number {
    return this.#references[block] ?? 0;
  }

  /** The longest run of cached blocks that starts a chain of hashes, of which it looks at the first `most`. Takes no references. */
  lookUp(chain: readonly BlockHash[], most = chain.length): number[] {
    const hits: number[] = [];
    for (let index = 0; index < most; index++) {
      const block = this.#cached.get(chain[index]!);
      if (block === NONE) break;
      hits.push(block);
    }
    return hits;
  }

  /** How many of these blocks are free, so that holding them shrinks what is left to allocate. */
  countFree(blocks: readonly number[]): number {
    let free = 0;
    for (const block of blocks) if (this.#references[block] === 0) free += 1;
    return free;
  }

  /** Adds a reference to blocks found by `lookUp`. */
  hold(blocks: readonly number[]): void {
    for (const block of blocks) {
      if (this.#references[block] === 0) this.#unlink(block);
      this.#references[block]! += 1;
    }
  }

  /** Takes `count` fresh blocks, the least recently used first, forgetting what they held. The caller has checked `free`. */
  allocate(count: number): number[] {
    if (count > this.#free) throw new RangeError(`${count} blocks asked for, ${this.#free} free`);
    const blocks: number[] = [];
    for (let taken = 0; taken < count; taken++) {
      const block = this.#freeHead;
      this.#unlink(block);
      this.#forget(block);
      this.#references[block] = 1;
      blocks.push(block);
    }
    return blocks;
  }

  /** Makes a full block findable. Where an equal block is cached already, that one stays the one found. */
  cache(block: number, hash: BlockHash): void {
    this.#forget(block);
    const isNew = this.#cached.get(hash) === NONE;
    this.#hashes[block] = hash;
    if (isNew) this.#cached.add(block);
  }

  /** Gives back a request's blocks. Its last block becomes the first to be evicted, since it is the least likely to be shared. */
  release(blocks: readonly number[]): void {
    for (let index = blocks.length - 1; index >= 0; index--) {
      const block = blocks[index]!;
      this.#references[block]! -= 1;
      if (this.#references[block] === 0) this.#append(block);
    }
  }

  /** Forgets every cached prefix that no request holds. */
  resetPrefixCache(): void {
    for (let block = 0; block < this.count; block++) if (this.#references[block] === 0) this.#forget(block);
  }

  #forget(block: number): void {
    if (this.#hashes[block] === NONE) return;
    this.#cached.remove(block);
    this.#hashes[block] = NONE;
  }

  #unlink(block: number): void {
    const previous = this.#previous[block]!;
    const next = this.#next[block]!;
    if (previous === NONE) this.#freeHead = next;
    else this.#next[previous] = next;
    if (next === NONE) this.#freeTail = previous;
    else this.#previous[next] = previous;
    this.#free -= 1;
  }

  #append(block: number): void {
    this.#previous[block] = this.#freeTail;
    this.#next[block] = NONE;
    if (this.#freeTail === NONE) this.#freeHead = block;
    else this.#next[this.#freeTail] = block;
    this.#freeTail = block;
    this.#free += 1;
  }
}
