/** The frameworks that are tested, and what must be found in a run of each. */
import type { ModelOptions } from './scriptedModel.ts';

export interface Framework {
  id: string;
  title: string;
  language: 'python' | 'node';
  /** What to install, the framework itself first; `tested` is the release that the core set is tested with. */
  packages: { name: string; tested: string }[];
  /** Below `programs/`. */
  program: string;
  /** Part of `npm test`. */
  core?: boolean;
  model?: ModelOptions;
  /** Names of the agents that must have a span. */
  agents?: string[];
  /** Environment that the program wants. */
  env?: Record<string, string>;
}

export const frameworks: Framework[] = [
  {
    id: 'openai-agents-python',
    title: 'OpenAI Agents (Python)',
    language: 'python',
    packages: [{ name: 'openai-agents', tested: '0.24.0' }],
    program: 'python/openai_agents.py',
    core: true,
    agents: ['Planner', 'Guide'],
  },
];
