/**
 * How the work of a stretch is shared among the calls at work in it, where no engine steps tell: by the tokens that each computes
 * per time, prefill and decode weighed by what they take on the GPU, as the simulator shares a step. What a batch costs whoever is
 * in it (reading the weights, overhead) is shared equally. Where tokens or profiles are not known, all of it is.
 */
import type { Profile } from '../profile/model.ts';
import { contextTokensRead, workTimes, type WorkTimes } from '../profile/modelWork.ts';
import type { Ratio } from '../profile/units.ts';
import type { Draft } from './drafts.ts';
import type { GpuWork } from './phases.ts';

export interface Worker {
  draft: Draft;
  part: GpuWork;
}

/** Each worker's share, in the order given; sums to 1. */
export type WorkShares = (workers: readonly Worker[]) => Ratio[];

export function workShares({ header: { gpuProfile, modelProfile, gpuCount } }: Profile): WorkShares {
  const times = gpuProfile === null || modelProfile === null ? null : workTimes(gpuProfile, modelProfile, gpuCount);
  const known = new Map<GpuWork, Ratio | null>();
  const ownShare = (worker: Worker): Ratio | null => {
    if (times === null || modelProfile === null) return null;
    let own = known.get(worker.part);
    if (own === undefined) known.set(worker.part, (own = ownWork(worker, times, (sequence) => contextTokensRead(modelProfile, sequence))));
    return own;
  };
  return (workers) => {
    const own = workers.length === 1 ? [null] : workers.map(ownShare);
    if (own.some((each) => each === null)) return workers.map(() => 1 / workers.length);
    const sum = own.reduce<number>((total, each) => total + (each ?? 0), 0);
    const common = Math.max(0, 1 - sum);
    return own.map((each) => ((each ?? 0) + common / workers.length) / (sum + common));
  };
}

/** The part of the GPU's time that a call's own tokens take while it is in a phase; null where they were not counted. */
function ownWork({ draft, part }: Worker, times: WorkTimes, read: (sequence: { newTokens: number; contextTokens: number }) => number): Ratio | null {
  const { llm } = draft.span;
  if (llm === null || llm.promptTokens === null || llm.completionTokens === null) return null;
  const { promptTokens, completionTokens } = llm;
  const computed = Math.max(0, promptTokens - (llm.cachedTokens ?? 0));
  const prefill = computed * times.tokenMs + read({ newTokens: computed, contextTokens: promptTokens }) * times.contextTokenMs;
  const decode = completionTokens * (times.tokenMs + read({ newTokens: 1, contextTokens: promptTokens + completionTokens / 2 }) * times.contextTokenMs);
  const work = part.phase === 'prefill' ? prefill : part.phase === 'decode' ? decode : prefill + decode;
  return work / (part.end - part.start);
}
