/** What each experiment is called, in the paper's order; `registry.ts` runs them. */
import type { Experiment } from './rows.ts';

export const EXPERIMENT_NAMES = [
  { id: 'fig4', where: 'Fig 4', title: 'calls per request' },
  { id: 'fig5', where: 'Fig 5', title: 'latency of the model and of tools' },
  { id: 'fig6', where: 'Fig 6', title: 'the GPU’s time' },
  { id: 'fig7', where: 'Fig 7', title: 'latency of chats and of agents' },
  { id: 'fig8', where: 'Fig 8', title: 'tokens' },
  { id: 'fig9', where: 'Fig 9', title: 'what prefix caching saves' },
  { id: 'kv', where: 'IV-B', title: 'KV memory of a request' },
  { id: 'fig11', where: 'Fig 11', title: 'latency under load' },
  { id: 'fig12', where: 'Fig 12', title: 'KV memory under load' },
  { id: 'fig13', where: 'Fig 13', title: 'what accuracy costs' },
  { id: 'fig14', where: 'Fig 14', title: 'budget of iterations' },
  { id: 'fig15', where: 'Fig 15', title: 'worked examples in the prompt' },
  { id: 'fig16', where: 'Fig 16', title: 'scaling in sequence and at once' },
  { id: 'fig17', where: 'Fig 17', title: 'size of the model' },
  { id: 'table3', where: 'Table III', title: 'energy of a request' },
  { id: 'table4', where: 'Table IV', title: 'power of a day’s requests' },
] as const satisfies readonly Experiment[];
export type ExperimentId = (typeof EXPERIMENT_NAMES)[number]['id'];

/** What all of them together are called. */
export const PAPER_TITLE = 'The paper’s figures, simulated';

/** How much is run, in words. */
export const scaleInWords = ({ requests, repeats }: { requests: number; repeats: number }): string => `${requests} requests a run, ${repeats} ${repeats === 1 ? 'run' : 'runs'} of each kind.`;
