/** The paper's pairs of agent and benchmark, and means over them. */
import { BENCHMARKS } from '../behaviour/shipped.ts';
import type { Behaviour } from '../behaviour/schema.ts';
import type { Lab, Setting } from '../lab.ts';
import type { LoadOutcome } from '../runLoad.ts';
import { estimate, meanOf, type Estimate } from '../statistics.ts';
import { AGENTS, isPair, type AgentName } from '../workload.ts';

export interface Pair {
  agent: AgentName;
  behaviour: Behaviour;
}

/** Table II's. */
export const PAIRS: readonly Pair[] = BENCHMARKS.flatMap((behaviour) => AGENTS.filter((agent) => isPair(agent, behaviour)).map((agent) => ({ agent, behaviour })));
export const TOOL_PAIRS: readonly Pair[] = PAIRS.filter(({ agent }) => agent !== 'CoT');

export const pairName = ({ agent, behaviour }: Pair): string => `${agent}, ${behaviour.name}`;

/** The mean over pairs, each as much as another, of what is measured in each repeat. */
export function meanOverPairs(lab: Lab, pairs: readonly Pair[], setting: Setting, of: (outcome: LoadOutcome) => number): Estimate | null {
  const perPair = pairs.map((pair) => lab.runs(pair, setting).map(of));
  return estimate(Array.from({ length: lab.scale.repeats }, (_, repeat) => meanOf(perPair.map((repeats) => repeats[repeat]!))));
}
