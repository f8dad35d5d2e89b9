/**
 * How long one engine step takes on a GPU, whose work it was, and what power it draws.
 */
import type { EngineProfile } from '../../profile/engineProfile.ts';
import type { Calibration, GpuProfile, ModelProfile } from '../../profile/hardwareProfiles.ts';
import { contextTokensRead, weightBytesRead, workTimes } from '../../profile/modelWork.ts';
import { ownMs, stepMs, type SequenceWork, type StepTimes } from '../../profile/stepTimes.ts';
import type { Bytes, Milliseconds, Ratio, Watts } from '../../profile/units.ts';
import { todaysEngine } from '../catalog.ts';
import { allReduceTimes } from './allReduce.ts';
import { BLOCK_TOKENS } from './kvBlocks.ts';
import { activityOf, type StepActivity } from './stepActivity.ts';
import { stepWatts } from './stepPower.ts';

/** vLLM's default `--gpu-memory-utilization`. */
const MEMORY_UTILIZATION: Ratio = 0.9;
/** Activations and CUDA context next to weights and KV cache, per GPU; an 8B model on an A100-40GB is left about 157 k tokens. */
const MEMORY_OVERHEAD_BYTES: Bytes = 1.5e9;
/** Memory sizes on data sheets count in powers of two. */
const BYTES_PER_GB = 2 ** 30;

/** Raised when a model cannot be simulated on a GPU; the message says why and what would help. */
export class NotSimulatableError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'NotSimulatableError';
  }
}

export type ScheduledWork = SequenceWork;

export type StepState = 'prefill' | 'decode' | 'mixed';

export interface StepCost {
  duration: Milliseconds;
  state: StepState;
  /** Power of all GPUs together; null where the profile does not know it. */
  watts: Watts | null;
  activity: StepActivity;
  /** Each sequence's share of the step, in the order given; sums to 1. */
  shares: Ratio[];
}

export interface CostModel {
  /** KV blocks that fit beside the weights. */
  kvBlocks: number;
  /** What a request takes beside its steps. */
  requestMs: Milliseconds;
  /** Whether the GPUs' exchange is in the steps' times: it is not where the profiles do not know what it takes. */
  countsAllReduce: boolean;
  cost(work: readonly ScheduledWork[]): StepCost;
}

/**
 * The cost model of a model on one GPU or, tensor parallel, on several alike: by the constants of a calibration where the profile
 * has one of this model on so many GPUs, else by a roofline of the profile's values and the engine's time on the host.
 *
 * A sequence's share of a step is the time that its own tokens and its own KV cache take, plus an equal part of what
 * the step costs whoever is in it: reading the weights, and overhead.
 * @throws NotSimulatableError when the profile lacks an efficiency, or the model does not fit
 */
export function createCostModel(gpu: GpuProfile, model: ModelProfile, gpuCount: number, engine: EngineProfile = todaysEngine): CostModel {
  const calibration = calibrationOf(gpu, model, gpuCount);
  const step = calibration?.step ?? roofline(gpu, model, gpuCount, engine);
  const shaped = calibration === null ? (work: readonly ScheduledWork[]) => inShapeOf(model, step, work) : (work: readonly ScheduledWork[]) => ({ step, work });
  // A calibration's watts are of these very GPUs, and one GPU has the profile's.
  const isShared = calibration === null && gpuCount > 1;
  const hostMs = calibration === null ? hostMsOf(model, engine) : null;
  const activity = activityOf(gpu, model, gpuCount);
  return {
    countsAllReduce: calibration !== null || allReduceTimes(gpu, model, gpuCount) !== null,
    kvBlocks: calibration?.kvTokens ? Math.floor(calibration.kvTokens / BLOCK_TOKENS) : blocksThatFit(gpu, model, gpuCount),
    requestMs: step.requestMs,
    cost(scheduled) {
      const { step: times, work } = shaped(scheduled);
      const duration = stepMs(times, work);
      // First what each takes by itself; loops, since this is most of what a simulated step costs.
      const shares: Ratio[] = [];
      let ownTotal = 0;
      let tokens = 0;
      let contextTokens = 0;
      for (const each of work) {
        const own = each.newTokens * times.tokenMs + ownMs(times, each);
        shares.push(own);
        ownTotal += own;
        tokens += each.newTokens;
        contextTokens += each.contextTokens;
      }
      const commonEach = (duration - ownTotal) / work.length;
      let prefillShare = 0;
      let prefills = 0;
      for (let index = 0; index < work.length; index++) {
        const share = (shares[index]! + commonEach) / duration;
        shares[index] = share;
        if (!work[index]!.prefill) continue;
        prefillShare += share;
        prefills += 1;
      }
      const state = prefills === 0 ? 'decode' : prefills === work.length ? 'prefill' : 'mixed';
      const power = { gpuCount, decoding: work.length - prefills, prefillShare: state === 'prefill' ? 1 : prefillShare, busyShare: isShared ? 1 - waitingMs(times, work) / duration : null };
      const active = activity({ duration, tokens, contextTokens, hostMs: hostMs === null ? null : hostMs.step + hostMs.sequence * work.length });
      return { duration, state, watts: stepWatts(gpu, power), activity: active, shares };
    },
  };
}

/** The step as this model has it: it reads the experts that its tokens are sent to, and a window's context where layers have one. */
function inShapeOf(model: ModelProfile, step: StepTimes, work: readonly ScheduledWork[]): { step: StepTimes; work: readonly ScheduledWork[] } {
  if (model.experts === undefined && model.slidingWindow === undefined) return { step, work };
  const tokens = work.reduce((sum, { newTokens }) => sum + newTokens, 0);
  return {
    step: { ...step, weightsMs: (step.weightsMs * weightBytesRead(model, tokens)) / model.weightBytes.value },
    work: work.map((each) => ({ ...each, contextTokens: contextTokensRead(model, each) })),
  };
}

function calibrationOf({ calibration }: GpuProfile, model: ModelProfile, gpuCount: number): Calibration | null {
  if (calibration === undefined || calibration.gpuCount !== gpuCount) return null;
  return [model.id, model.name, ...model.aliases].includes(calibration.model) ? calibration : null;
}

/** What a step takes on the host: by itself, and for each sequence. */
function hostMsOf(model: ModelProfile, { stepMs: ofStep, layerMs, sequenceMs }: EngineProfile): { step: Milliseconds; sequence: Milliseconds } {
  return { step: ofStep.value + (layerMs?.value ?? 0) * model.layers.value, sequence: sequenceMs?.value ?? 0 };
}

/** What of a step's time GPUs wait, for the host and for each other. */
function waitingMs(step: StepTimes, work: readonly ScheduledWork[]): Milliseconds {
  return step.overheadMs + work.reduce((sum, { newTokens }) => sum + step.sequenceMs + newTokens * step.tokenLinkMs, 0);
}

function roofline(gpu: GpuProfile, model: ModelProfile, gpuCount: number, engine: EngineProfile): StepTimes {
  const times = workTimes(gpu, model, gpuCount);
  if (times === null) {
    const missing = gpu.prefillMfu === undefined ? 'prefillMfu' : 'decodeBandwidthEfficiency';
    throw new NotSimulatableError(`The profile of ${gpu.name} has no ${missing}, so it cannot be simulated. Choose another GPU, or add the value in a profile of your own.`);
  }
  const allReduce = allReduceTimes(gpu, model, gpuCount) ?? { stepMs: 0, tokenMs: 0 };
  return {
    tokenMs: times.tokenMs,
    tokenPairMs: 0,
    weightsMs: model.weightBytes.value * times.byteMs,
    prefillLeastMs: (engine.prefillLayerMs?.value ?? 0) * model.layers.value,
    overheadMs: hostMsOf(model, engine).step + allReduce.stepMs,
    contextTokenMs: times.contextTokenMs,
    tokenLinkMs: allReduce.tokenMs,
    sequenceMs: engine.sequenceMs?.value ?? 0,
    samplingMs: engine.samplingMs?.value ?? 0,
    requestMs: engine.requestMs?.value ?? 0,
  };
}

function blocksThatFit(gpu: GpuProfile, model: ModelProfile, gpuCount: number): number {
  const memoryGB = gpu.memoryGB?.value;
  if (memoryGB === undefined) throw new NotSimulatableError(`The profile of ${gpu.name} has no memoryGB, so what fits beside the model is not known. Add the value in a profile of your own.`);
  const kvBlocks = kvCapacityBlocks(memoryGB, model, gpuCount);
  if (kvBlocks >= 1) return kvBlocks;
  let enough = gpuCount + 1;
  while (enough <= 64 && kvCapacityBlocks(memoryGB, model, enough) < 1) enough += 1;
  const remedy = enough <= 64 ? `It takes ${enough} of them.` : 'Choose a larger GPU or a smaller model.';
  throw new NotSimulatableError(`${model.name} (${(model.weightBytes.value / 1e9).toFixed(0)} GB of weights) does not fit on ${gpuCount} × ${gpu.name}. ${remedy}`);
}

function kvCapacityBlocks(memoryGB: number, model: ModelProfile, gpuCount: number): number {
  const usable = gpuCount * (memoryGB * BYTES_PER_GB * MEMORY_UTILIZATION - MEMORY_OVERHEAD_BYTES) - model.weightBytes.value;
  return Math.floor(usable / model.kvBytesPerToken.value / BLOCK_TOKENS);
}
