/** Every figure and table that is run, in the paper's order. */
import type { Lab } from './lab.ts';
import { EXPERIMENT_NAMES, type ExperimentId } from './list.ts';
import { figure13 } from './paper/designs.ts';
import { figure4, figure5, figure6, figure7, figure8, figure9, kvMemory } from './paper/oneAtATime.ts';
import { figure14, figure15, figure16, figure17 } from './paper/scaling.ts';
import { figure11, figure12 } from './paper/serving.ts';
import { table3, table4 } from './paper/tables.ts';
import type { Experiment, Findings } from './rows.ts';

export interface RunnableExperiment extends Experiment {
  run: (lab: Lab) => Findings;
}

const RUNS: Record<ExperimentId, (lab: Lab) => Findings> = {
  fig4: figure4,
  fig5: figure5,
  fig6: figure6,
  fig7: figure7,
  fig8: figure8,
  fig9: figure9,
  kv: kvMemory,
  fig11: figure11,
  fig12: figure12,
  fig13: figure13,
  fig14: figure14,
  fig15: figure15,
  fig16: figure16,
  fig17: figure17,
  table3,
  table4,
};

export const EXPERIMENTS: readonly RunnableExperiment[] = EXPERIMENT_NAMES.map((experiment) => ({ ...experiment, run: RUNS[experiment.id] }));
