/**
 * How the work of a stretch is shared among the calls at work in it, where no engine steps tell: by the tokens that each computes
 * per time, prefill and decode weighed by what they take on the GPU, as the simulator shares a step. What a batch costs whoever is
 * in it (reading the weights, overhead) is shared equally. Where tokens or profiles are not known, all of it is.
 *
 * Others' requests have their share as ours do. Of their context nothing is known: it is taken to be as long as ours is on average.
 */
import type { Profile } from '../profile/model.ts';
import { contextTokensRead, workTimes, type WorkTimes } from '../profile/modelWork.ts';
import type { Evidence } from '../profile/recordingFormat.ts';
import type { Ratio, Tokens } from '../profile/units.ts';
import type { Draft } from './drafts.ts';
import type { OthersWindow } from './othersLoad.ts';
import type { GpuWork } from './phases.ts';

export interface Worker {
  draft: Draft;
  part: GpuWork;
}

/** Each worker's share, in the order given, and others': they sum to 1. */
export interface Split {
  calls: Ratio[];
  /** Null where nothing was seen of any. */
  others: OthersShare | null;
}

export interface OthersShare {
  /** In the batch on average, at least. */
  requests: number;
  /** Of what the GPU did. */
  share: Ratio;
  evidence: Evidence;
}

export type WorkShares = (workers: readonly Worker[], others: OthersWindow | null) => Split;

export function workShares({ header: { gpuProfile, modelProfile, gpuCount } }: Profile): WorkShares {
  const times = gpuProfile === null || modelProfile === null ? null : workTimes(gpuProfile, modelProfile, gpuCount);
  const known = new Map<GpuWork, Ratio | null>();
  const readIn = (sequence: Sequence): Tokens => (modelProfile === null ? 0 : contextTokensRead(modelProfile, sequence));
  const ownShare = (worker: Worker): Ratio | null => {
    if (times === null) return null;
    let own = known.get(worker.part);
    if (own === undefined) known.set(worker.part, (own = ownWork(worker, times, readIn)));
    return own;
  };
  return (workers, others) => {
    if (workers.length === 1 && others === null) return { calls: [1], others: null };
    const requests = others === null ? 0 : Math.max(others.requests, writingAtOnce(workers, others.writtenPerMs ?? 0));
    const own = workers.map(ownShare);
    const members = workers.length + requests;
    if (times === null || own.some((each) => each === null)) return split(workers.map(() => 1 / members), requests, requests / members);
    const ours = own.reduce<number>((total, each) => total + (each ?? 0), 0);
    const theirs = others === null ? 0 : (othersWork(others, workers, times, readIn) ?? (ours / workers.length) * requests);
    const common = Math.max(0, 1 - ours - theirs);
    const whole = ours + theirs + common;
    return split(own.map((each) => ((each ?? 0) + common / members) / whole), requests, (theirs + (common * requests) / members) / whole);
  };
}

function split(calls: Ratio[], requests: number, share: Ratio): Split {
  return { calls, others: share > 0 ? { requests, share, evidence: 'estimated' } : null };
}

/** How many requests wrote so many tokens: in one batch each writes as fast as ours do. 0 where none of ours is seen to write. */
function writingAtOnce(workers: readonly Worker[], writtenPerMs: number): number {
  const rates = workers.flatMap(({ draft: { span }, part }) => (part.phase === 'decode' && span.llm?.completionTokens ? [span.llm.completionTokens / (part.end - part.start)] : []));
  return rates.length === 0 ? 0 : (writtenPerMs * rates.length) / rates.reduce((sum, rate) => sum + rate, 0);
}

/** The part of the GPU's time that others' own tokens take; null where they were not counted. */
function othersWork({ computedPerMs, writtenPerMs }: OthersWindow, workers: readonly Worker[], times: WorkTimes, readIn: (sequence: Sequence) => Tokens): Ratio | null {
  if (computedPerMs === null || writtenPerMs === null) return null;
  const contexts = workers.map(({ draft: { span } }) => (span.llm?.promptTokens ?? 0) + (span.llm?.completionTokens ?? 0) / 2);
  const contextTokens = contexts.reduce((sum, tokens) => sum + tokens, 0) / workers.length;
  return computedPerMs * times.tokenMs + writtenPerMs * (times.tokenMs + readIn({ newTokens: 1, contextTokens }) * times.contextTokenMs);
}

interface Sequence {
  newTokens: Tokens;
  contextTokens: Tokens;
}

/** The part of the GPU's time that a call's own tokens take while it is in a phase; null where they were not counted. */
function ownWork({ draft, part }: Worker, times: WorkTimes, readIn: (sequence: Sequence) => Tokens): Ratio | null {
  const { llm } = draft.span;
  if (llm === null || llm.promptTokens === null || llm.completionTokens === null) return null;
  const { promptTokens, completionTokens } = llm;
  const computed = Math.max(0, promptTokens - (llm.cachedTokens ?? 0));
  const prefill = computed * times.tokenMs + readIn({ newTokens: computed, contextTokens: promptTokens }) * times.contextTokenMs;
  const decode = completionTokens * (times.tokenMs + readIn({ newTokens: 1, contextTokens: promptTokens + completionTokens / 2 }) * times.contextTokenMs);
  const work = part.phase === 'prefill' ? prefill : part.phase === 'decode' ? decode : prefill + decode;
  return work / (part.end - part.start);
}
