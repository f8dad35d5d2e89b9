/** The paper's two servers, simulated. One set of constants for each: those of the profiles that ship. */
import { findEngine, findGpu, findModel } from '../../src/simulator/catalog.ts';
import { createCostModel } from '../../src/simulator/engine/costModel.ts';
import { Engine } from '../../src/simulator/engine/engine.ts';
import { servingLimits } from '../../src/simulator/servingLimits.ts';
import { runSessions, type Session, type VirtualRun } from '../../src/simulator/virtualTime.ts';
import type { PaperModel } from './published.ts';

const GPU = findGpu('a100-40gb')!;
const ENGINE = findEngine('vllm-v0')!;
const SERVERS = {
  '8B': { model: findModel('llama-3.1-8b-instruct')!, gpuCount: 1 },
  '70B': { model: findModel('llama-3.1-70b-instruct')!, gpuCount: 8 },
};

/** Runs sessions on a server that was just started. */
export function serve(name: PaperModel, sessions: readonly Session[], prefixCaching = true): VirtualRun {
  const { model, gpuCount } = SERVERS[name];
  const engine = new Engine({
    cost: createCostModel(GPU, model, gpuCount, ENGINE),
    scheduler: ENGINE.scheduler,
    prefixCaching,
    ...servingLimits(GPU, model, ENGINE.scheduler),
  });
  return runSessions(engine, sessions, GPU.idleWatts!.value * gpuCount);
}
