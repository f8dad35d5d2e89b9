/** The embedded server: a vLLM of which only the timing, the counting and the form of the answers are real. */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { EngineProfile } from '../profile/engineProfile.ts';
import type { GpuProfile, ModelProfile } from '../profile/hardwareProfiles.ts';
import type { WorkloadProfile } from '../profile/workloadProfile.ts';
import type { Ratio, Tokens, Watts } from '../profile/units.ts';
import { todaysEngine } from './catalog.ts';
import { createCostModel, type StepState } from './engine/costModel.ts';
import type { SchedulingPolicy } from './engine/waitingQueue.ts';
import { lengthsOf, plausibleLengths } from './answers/filler.ts';
import type { Replay } from './answers/replay.ts';
import { estimatingTokenizer } from './tokens/estimatingTokenizer.ts';
import type { Tokenizer } from './tokens/tokenizer.ts';
import { createFront } from './front/server.ts';
import { ServerMetrics } from './front/metrics.ts';
import type { Service } from './front/service.ts';
import { GpuMeter } from './gpuMeter.ts';
import { RealTimeEngine } from './realTimeEngine.ts';
import { servingLimits } from './servingLimits.ts';

/** What the simulated GPU did in [startNs, endNs), on the clock of `process.hrtime.bigint()`. Between segments it is idle. */
export interface GpuSegment {
  startNs: bigint;
  endNs: bigint;
  state: StepState;
  batch: number;
  kvTokens: Tokens;
  kvCapacityTokens: Tokens;
  /** Power of all GPUs together; null where the profile does not know it. */
  watts: Watts | null;
  /** Each call's share of the work, by the value of its `x-agent-cost-call-id` header, else by its answer's id; sums to 1. */
  shares: Record<string, Ratio>;
}

export interface EmbeddedServerOptions {
  gpu: GpuProfile;
  model: ModelProfile;
  /** GPUs that share the model (tensor parallel). */
  gpuCount?: number;
  /** The same seed, by default 0, gives the same answers to the same requests. */
  seed?: number;
  /** 0, the default, picks a free one. */
  port?: number;
  /** Most requests that run at once, instead of vLLM's default. */
  maxSequences?: number;
  /** Token budget of a step, instead of vLLM's default. */
  maxBatchedTokens?: Tokens;
  /** vLLM's of today unless said. */
  engine?: EngineProfile;
  /** First come, first served, unless said. */
  schedulingPolicy?: SchedulingPolicy;
  /** On unless said. */
  prefixCaching?: boolean;
  /** A recording's answers, which go before those that are made up. */
  replay?: Replay;
  /** Whose answers' lengths those have that are made up; a paragraph or two unless said. */
  workload?: WorkloadProfile;
  /** The model's own, where it is at hand; else counts are estimates. */
  tokenizer?: Tokenizer;
  /** Told of each segment when it is over, before the answers that it completed are sent. */
  onGpu?: (segment: GpuSegment) => void;
}

export interface ServedLimits {
  /** The model's name to clients. */
  model: string;
  /** Longest prompt and answer together. */
  maxModelTokens: Tokens;
  kvCapacityTokens: Tokens;
  maxSequences: number;
  maxBatchedTokens: Tokens;
  /** Whether the GPUs' exchange is in the steps' times: it is not where the profiles do not know what it takes. */
  countsAllReduce: boolean;
}

export interface EmbeddedServer {
  /** `http://127.0.0.1:PORT/v1` */
  url: string;
  /** What it serves, and within which limits. */
  served: ServedLimits;
  /** Stops at once; answers in flight are cut off. */
  close(): Promise<void>;
}

/**
 * Starts the embedded server on the loopback interface.
 * @throws NotSimulatableError when the profiles do not allow it
 * @throws Error with code EADDRINUSE when the port is taken
 */
export async function startEmbeddedServer(options: EmbeddedServerOptions): Promise<EmbeddedServer> {
  const { gpu, model, onGpu, engine: engineProfile = todaysEngine, schedulingPolicy = 'fcfs', prefixCaching = true } = options;
  const cost = createCostModel(gpu, model, options.gpuCount ?? 1, engineProfile);
  const servedModel = model.aliases.find((alias) => alias.includes('/')) ?? model.id;
  const metrics = new ServerMetrics(servedModel);
  const gpuCount = options.gpuCount ?? 1;
  const meter = new GpuMeter(gpu.idleWatts === undefined ? null : gpu.idleWatts.value * gpuCount);
  const limits = servingLimits(gpu, model, engineProfile.scheduler);
  const maxBatchedTokens = options.maxBatchedTokens ?? limits.maxBatchedTokens;
  const maxSequences = options.maxSequences ?? limits.maxSequences;
  const engine: RealTimeEngine = new RealTimeEngine({
    cost,
    maxBatchedTokens,
    maxSequences,
    scheduler: engineProfile.scheduler,
    schedulingPolicy,
    prefixCaching,
    onStep: (step) => {
      metrics.countStep(step);
      meter.add(step);
    },
    ...(onGpu === undefined ? {} : { onSegment: ({ start, end, ...rest }) => onGpu({ startNs: engine.toHrtime(start), endNs: engine.toHrtime(end), ...rest }) }),
  });
  const service: Service = {
    engine,
    metrics,
    gpus: { name: gpu.name, count: gpuCount, meter },
    schedulingPolicy,
    prefixCaching,
    servedModel,
    maxModelTokens: Math.min(model.maxModelTokens.value, engine.engine.capacityTokens),
    tokenizer: options.tokenizer ?? estimatingTokenizer,
    seed: options.seed ?? 0,
    replay: options.replay ?? null,
    lengths: options.workload === undefined ? plausibleLengths : lengthsOf(options.workload),
    created: Math.floor(Date.now() / 1000),
  };
  const server = createFront(service);
  server.listen(options.port ?? 0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/v1`,
    served: { model: servedModel, maxModelTokens: service.maxModelTokens, kvCapacityTokens: engine.engine.capacityTokens, maxSequences, maxBatchedTokens, countsAllReduce: cost.countsAllReduce },
    close() {
      engine.close();
      return new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    },
  };
}
