/** Which loads a calibration tries: prompts of rising length alone, and answers to rising numbers of requests at once. */
import type { Milliseconds, Tokens } from '../profile/units.ts';

/** A prompt of that length is read, alone, for one token. */
export interface PrefillLoad {
  kind: 'prefill';
  promptTokens: Tokens;
}

/** So many requests write at once, each behind a prompt of that length. */
export interface DecodeLoad {
  kind: 'decode';
  sequences: number;
  promptTokens: Tokens;
}

export type Load = PrefillLoad | DecodeLoad;

/** What a load took: a prompt until its first token, or from one token to the next. */
export type LadderPoint = ({ kind: 'prefill'; promptTokens: Tokens } | { kind: 'decode'; sequences: number; contextTokens: Tokens }) & { ms: Milliseconds };

export interface LadderLimits {
  /** Prompt and answer together. */
  maxModelTokens: Tokens;
  /** Most requests at once. */
  maxSequences: number;
  /** Tokens in the server's KV cache; null where it does not say. */
  kvTokens: Tokens | null;
}

const PROMPTS: readonly Tokens[] = [32, 128, 256, 512, 1024, 2048, 4096, 8192, 16_384];
const BATCHES = [1, 2, 4, 8, 16, 32, 64, 128, 256];
const CONTEXTS: readonly Tokens[] = [64, 1024, 4096];
/** Tokens of an answer, at least: enough to see several steps in which all requests write. */
export const LEAST_ANSWER: Tokens = 64;
/** Of the KV cache: a request that is preempted is read twice. */
const MOST_OF_KV = 0.7;
/** Tokens of all requests together where the server does not say how many it can hold. */
const ASSUMED_KV: Tokens = 32_768;

/** Loads that fit, the cheap ones first. */
export function ladder({ maxModelTokens, maxSequences, kvTokens }: LadderLimits): Load[] {
  const prefills = PROMPTS.filter((promptTokens) => promptTokens < maxModelTokens - 1).map((promptTokens): Load => ({ kind: 'prefill', promptTokens }));
  const room = (kvTokens ?? ASSUMED_KV) * MOST_OF_KV;
  const decodes = BATCHES.filter((sequences) => sequences <= maxSequences).flatMap((sequences) =>
    CONTEXTS.filter((promptTokens) => promptTokens + LEAST_ANSWER < maxModelTokens && sequences * (promptTokens + LEAST_ANSWER) <= room).map((promptTokens): Load => ({ kind: 'decode', sequences, promptTokens })),
  );
  return [...prefills, ...decodes].sort((a, b) => work(a) - work(b));
}

/** Tokens that go in and out. */
function work(load: Load): Tokens {
  return load.kind === 'prefill' ? load.promptTokens : load.sequences * (load.promptTokens + LEAST_ANSWER);
}
