/** Every figure and table that is run, in the paper's order. */
import type { Lab } from './lab.ts';
import { figure4, figure5, figure6, figure7, figure8, figure9, kvMemory } from './paper/oneAtATime.ts';
import { figure13 } from './paper/designs.ts';
import { figure14, figure15, figure16, figure17 } from './paper/scaling.ts';
import { figure11, figure12 } from './paper/serving.ts';
import { table3, table4 } from './paper/tables.ts';
import type { Experiment, Findings } from './rows.ts';

export interface RunnableExperiment extends Experiment {
  run: (lab: Lab) => Findings;
}

export const EXPERIMENTS: readonly RunnableExperiment[] = [
  { id: 'fig4', where: 'Fig 4', title: 'calls per request', run: figure4 },
  { id: 'fig5', where: 'Fig 5', title: 'latency of the model and of tools', run: figure5 },
  { id: 'fig6', where: 'Fig 6', title: 'the GPU’s time', run: figure6 },
  { id: 'fig7', where: 'Fig 7', title: 'latency of chats and of agents', run: figure7 },
  { id: 'fig8', where: 'Fig 8', title: 'tokens', run: figure8 },
  { id: 'fig9', where: 'Fig 9', title: 'what prefix caching saves', run: figure9 },
  { id: 'kv', where: 'IV-B', title: 'KV memory of a request', run: kvMemory },
  { id: 'fig11', where: 'Fig 11', title: 'latency under load', run: figure11 },
  { id: 'fig12', where: 'Fig 12', title: 'KV memory under load', run: figure12 },
  { id: 'fig13', where: 'Fig 13', title: 'what accuracy costs', run: figure13 },
  { id: 'fig14', where: 'Fig 14', title: 'budget of iterations', run: figure14 },
  { id: 'fig15', where: 'Fig 15', title: 'worked examples in the prompt', run: figure15 },
  { id: 'fig16', where: 'Fig 16', title: 'scaling in sequence and at once', run: figure16 },
  { id: 'fig17', where: 'Fig 17', title: 'size of the model', run: figure17 },
  { id: 'table3', where: 'Table III', title: 'energy of a request', run: table3 },
  { id: 'table4', where: 'Table IV', title: 'power of a day’s requests', run: table4 },
];
