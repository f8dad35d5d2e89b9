/** Frameworks of Python. */
import type { Framework } from './frameworks.ts';

export const pythonFrameworks: Framework[] = [
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
