/** A request on its way through the engine. */
import type { Milliseconds, Tokens } from '../../profile/units.ts';
import type { ScheduledWork } from './costModel.ts';
import type { EngineRequest } from './engineStep.ts';
import { BLOCK_TOKENS, CHAIN_START, hashBlock, type BlockHash } from './kvBlocks.ts';

export interface Sequence {
  request: EngineRequest;
  /** Tokens whose KV is computed (or will be, by the step being run). */
  computed: Tokens;
  emitted: number;
  blocks: number[];
  /** Hash of each full block known so far, of prompt and answer. */
  hashes: BlockHash[];
  /** Blocks that are findable in the prefix cache. */
  cachedBlocks: number;
  cachedTokens: Tokens | null;
  firstScheduled: Milliseconds | null;
  firstToken: Milliseconds | null;
  preemptions: number;
}

export interface Scheduled {
  sequence: Sequence;
  work: ScheduledWork;
}

export function newSequence(request: EngineRequest): Sequence {
  return { request, computed: 0, emitted: 0, blocks: [], hashes: [], cachedBlocks: 0, cachedTokens: null, firstScheduled: null, firstToken: null, preemptions: 0 };
}

/** Has a step compute a sequence's next tokens. */
export function compute(sequence: Sequence, newTokens: Tokens, prefill: boolean): Scheduled {
  sequence.computed += newTokens;
  return { sequence, work: { newTokens, contextTokens: sequence.computed, prefill } };
}

/** Tokens known so far: the prompt and what has been answered. */
export function length(sequence: Sequence): Tokens {
  return sequence.request.promptTokens.length + sequence.emitted;
}

/** Hashes the sequence's first so many blocks, which must be full. */
export function extendHashes(sequence: Sequence, blocks: number): void {
  const { hashes } = sequence;
  if (hashes.length >= blocks) return;
  const { promptTokens, outputTokens } = sequence.request;
  let parent = hashes.at(-1) ?? CHAIN_START;
  while (hashes.length < blocks) {
    const start = hashes.length * BLOCK_TOKENS;
    parent = hashBlock(parent, promptTokens, outputTokens, start);
    hashes.push(parent);
  }
}
