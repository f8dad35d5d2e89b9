/** Frameworks of Node. */
import type { Framework } from './frameworks.ts';

export const nodeFrameworks: Framework[] = [
  {
    id: 'openai-node',
    title: 'OpenAI SDK (Node)',
    language: 'node',
    packages: [
      { name: 'openai', tested: '7.57.0' },
      { name: 'zod', tested: '4.6.7' },
    ],
    program: 'node/openaiCalls.mjs',
    core: true,
    model: { parallel: true },
  },
];
