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
  {
    id: 'ai-sdk-7',
    title: 'Vercel AI SDK 7',
    language: 'node',
    packages: [
      { name: 'ai', tested: '7.0.173', major: 7 },
      { name: '@ai-sdk/openai', tested: '4.0.118', major: 4 },
      { name: 'zod', tested: '4.6.7' },
      { name: 'tsx', tested: '4.23.15' },
    ],
    program: 'node/aiSdk7.ts',
    core: true,
    model: { parallel: true },
    agents: ['planner', 'guide'],
    inside: { askGuide: 'planner' },
  },
  {
    id: 'ai-sdk-6',
    title: 'Vercel AI SDK 6',
    language: 'node',
    packages: [
      { name: 'ai', tested: '6.0.326', major: 6 },
      { name: '@ai-sdk/openai', tested: '3.0.141', major: 3 },
      { name: 'zod', tested: '4.6.7' },
    ],
    program: 'node/aiSdk6.mjs',
    core: true,
    model: { parallel: true },
    agents: ['planner', 'guide'],
    inside: { askGuide: 'planner' },
  },
  {
    id: 'openai-agents-node',
    title: 'OpenAI Agents (Node)',
    language: 'node',
    packages: [
      { name: '@openai/agents', tested: '0.20.0' },
      { name: 'zod', tested: '4.6.7' },
    ],
    program: 'node/openaiAgents.mjs',
    core: true,
    model: { parallel: true },
    agents: ['Planner', 'Guide', 'Host'],
    steps: ['turn 1', 'turn 2', 'turn 3'],
    provided: { ask_guide: 1 },
    inside: { find_trains: 'Planner', ask_guide: 'Host', find_museums: 'Guide' },
  },
];
