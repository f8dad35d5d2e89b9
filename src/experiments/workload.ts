/** Which requests are made: an agent on a benchmark, or chats, by a seed. */
import { createRandom, hashText } from '../simulator/answers/random.ts';
import { SHAREGPT } from './behaviour/shipped.ts';
import type { Behaviour, ModelSize } from './behaviour/schema.ts';
import { TokenSupply } from './draws.ts';
import { chatRequest } from './requests/chat.ts';
import { cotRequest } from './requests/cot.ts';
import { latsRequest, type LatsBudget } from './requests/lats.ts';
import { llmcompilerRequest } from './requests/llmcompiler.ts';
import { reactRequest, type ReactBudget } from './requests/react.ts';
import { reflexionRequest, type ReflexionBudget } from './requests/reflexion.ts';
import type { AgentRequest } from './requests/request.ts';

/** In the paper's order. */
export const AGENTS = ['CoT', 'ReAct', 'Reflexion', 'LATS', 'LLMCompiler'] as const;
export type AgentName = (typeof AGENTS)[number];

/** Budgets other than the benchmark's own. */
export interface Budget {
  react?: ReactBudget;
  reflexion?: ReflexionBudget;
  lats?: LatsBudget;
}

export type Workload = 'chat' | { agent: AgentName; behaviour: Behaviour; budget?: Budget };

/** Whether the paper runs an agent on a benchmark. */
export function isPair(agent: AgentName, behaviour: Behaviour): boolean {
  return (agent !== 'CoT' || behaviour.cot !== undefined) && (agent !== 'LLMCompiler' || behaviour.llmcompiler !== undefined);
}

/**
 * Makes a workload's requests, one at each call; the same ones for the same seed, whatever server they run on, as long as the model is the same.
 */
export function requestsOf(workload: Workload, model: ModelSize, seed: number): () => AgentRequest {
  const name = workload === 'chat' ? 'chat' : `${workload.agent} ${workload.behaviour.id}`;
  const supply = new TokenSupply();
  let made = 0;
  return () => {
    // Each by a seed of its own: so a request does not change where the one before draws more.
    const random = createRandom(hashText(`${seed} ${name} ${made++}`));
    if (workload === 'chat') return chatRequest(SHAREGPT, random, supply);
    const { agent, behaviour, budget = {} } = workload;
    const context = { behaviour, model, random, supply };
    switch (agent) {
      case 'CoT':
        return cotRequest(context);
      case 'ReAct':
        return reactRequest(context, budget.react);
      case 'Reflexion':
        return reflexionRequest(context, budget.reflexion);
      case 'LATS':
        return latsRequest(context, budget.lats);
      case 'LLMCompiler':
        return llmcompilerRequest(context);
    }
  };
}
