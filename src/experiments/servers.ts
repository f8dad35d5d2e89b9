/** The paper's two servers, simulated: Llama-3.1 of 8B on one A100-40GB and of 70B on eight, vLLM 0.6. */
import type { Milliseconds, Watts } from '../profile/units.ts';
import { findEngine, findGpu, findModel } from '../simulator/catalog.ts';
import { createCostModel } from '../simulator/engine/costModel.ts';
import { Engine } from '../simulator/engine/engine.ts';
import { servingLimits } from '../simulator/servingLimits.ts';
import type { ModelSize } from './behaviour/schema.ts';

const GPU = findGpu('a100-40gb')!;
const ENGINE = findEngine('vllm-v0')!;
const MODELS = {
  '8B': { model: findModel('llama-3.1-8b-instruct')!, gpuCount: 1 },
  '70B': { model: findModel('llama-3.1-70b-instruct')!, gpuCount: 8 },
} satisfies Record<ModelSize, unknown>;

/** A server that was just started. */
export function startServer(size: ModelSize, prefixCaching = true): { engine: Engine; requestMs: Milliseconds; idleWatts: Watts | null } {
  const { model, gpuCount } = MODELS[size];
  const cost = createCostModel(GPU, model, gpuCount, ENGINE);
  const engine = new Engine({ cost, scheduler: ENGINE.scheduler, prefixCaching, ...servingLimits(GPU, model, ENGINE.scheduler) });
  return { engine, requestMs: cost.requestMs, idleWatts: GPU.idleWatts === undefined ? null : GPU.idleWatts.value * gpuCount };
}
