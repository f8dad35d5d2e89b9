/** Every agent, by its name on the command line. */
import type { Agent } from './agent.ts';
import { chat } from './chat/agent.ts';
import { cot } from './cot/agent.ts';
import { lats } from './lats/agent.ts';
import { llmcompiler } from './llmcompiler/agent.ts';
import { react } from './react/agent.ts';
import { reflexion } from './reflexion/agent.ts';

export const agents: readonly Agent[] = [cot, react, reflexion, lats, llmcompiler, chat];

/** @throws Error that names the agents that there are */
export function findAgent(name: string): Agent {
  const found = agents.find((agent) => agent.name === name);
  if (found === undefined) throw new Error(`There is no agent "${name}". There are: ${agents.map((agent) => agent.name).join(', ')}.`);
  return found;
}
