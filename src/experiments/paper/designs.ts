/** Figure 13: what accuracy costs, over agents and their budgets on HotpotQA. Accuracies are the behaviour's word. */
import { HOTPOTQA } from '../behaviour/shipped.ts';
import { meanSeconds, solvedShare, type Lab } from '../lab.ts';
import type { LoadOutcome } from '../runLoad.ts';
import type { Findings, Row } from '../rows.ts';
import { paretoFront, type Choice } from '../pareto.ts';
import type { Estimate } from '../statistics.ts';
import type { Workload } from '../workload.ts';
import { chartsOfFigure13 } from './charts/scaling.ts';
import { CALL_BUDGETS, CHILDREN, few, ITERATIONS, lats, LATS_CHILDREN, LATS_ITERATIONS, react, reflexion, REFLECTIONS } from './scaling.ts';

/** An agent with a budget. */
export interface Design {
  agent: string;
  budget: string;
  seconds: Estimate;
  /** Percent. */
  accuracy: Estimate;
  /** Accuracy over latency, as the paper defines it, in percent a second. */
  efficiency: Estimate;
}

function designs(lab: Lab): Design[] {
  const some = few(lab);
  const chosen: { agent: string; budget: string; workload: Workload; requests?: number }[] = [
    ...CALL_BUDGETS.map((calls) => ({ agent: 'ReAct', budget: `${calls} calls`, workload: react(calls) })),
    ...REFLECTIONS.map((reflections) => ({ agent: 'Reflexion', budget: `${reflections} reflections`, workload: reflexion(reflections), ...some })),
    ...ITERATIONS.map((iterations) => ({ agent: 'LATS', budget: `${LATS_CHILDREN} children, ${iterations} iterations`, workload: lats(LATS_CHILDREN, iterations), ...some })),
    ...CHILDREN.map((children) => ({ agent: 'LATS', budget: `${children} children, ${LATS_ITERATIONS} iterations`, workload: lats(children, LATS_ITERATIONS), ...some })),
    { agent: 'LLMCompiler', budget: 'as in its code', workload: { agent: 'LLMCompiler', behaviour: HOTPOTQA } },
  ];
  return chosen.flatMap(({ agent, budget, workload, requests }) => {
    const percent = (outcome: LoadOutcome) => scaled(solvedShare(outcome), 100);
    const measured = [meanSeconds, percent, (outcome: LoadOutcome) => scaled(percent(outcome), 1 / meanSeconds(outcome))].map((of) => lab.measure(workload, { requests }, of));
    const [seconds, accuracy, efficiency] = measured as [Estimate | null, Estimate | null, Estimate | null];
    return seconds === null || accuracy === null || efficiency === null ? [] : [{ agent, budget, seconds, accuracy, efficiency }];
  });
}

const scaled = (value: number | null, factor: number): number | null => (value === null ? null : value * factor);

export function figure13(lab: Lab): Findings {
  const all = designs(lab);
  const front = paretoFront(all.map((design) => ({ design, cost: design.seconds.mean, value: design.accuracy.mean })));
  const of = (agent: string) => all.filter((design) => design.agent === agent);
  const best = (agent: string) => of(agent).reduce((most, design) => (design.accuracy.mean > most.accuracy.mean ? design : most));
  const cheapest = (agent: string) => Math.max(...of(agent).map(({ efficiency }) => efficiency.mean));
  const [react, reflexion, lats, compiler] = ['ReAct', 'Reflexion', 'LATS', 'LLMCompiler'].map(best) as [Design, Design, Design, Design];
  return {
    rows: all.flatMap(({ agent, budget, seconds, accuracy, efficiency }): Row[] => {
      const series = `${agent}, ${budget}${front.some(({ design }) => design.agent === agent && design.budget === budget) ? ', on the front' : ''}`;
      return [
        { series, what: 'mean latency', unit: 's', ours: seconds, published: null, basis: 'open' },
        { series, what: 'accuracy', unit: '%', ours: accuracy, published: null, basis: 'behaviour' },
        { series, what: 'accuracy over latency', unit: '%/s', ours: efficiency, published: null, basis: 'behaviour' },
      ];
    }),
    directions: [
      { says: 'Reflexion is more accurate than ReAct at its best, and takes longer for it', holds: reflexion.accuracy.mean > react.accuracy.mean && reflexion.seconds.mean > react.seconds.mean },
      { says: 'LATS is more accurate than Reflexion at its best', holds: lats.accuracy.mean > reflexion.accuracy.mean },
      { says: 'ReAct is more cost-efficient than Reflexion and LATS', holds: cheapest('ReAct') > Math.max(cheapest('Reflexion'), cheapest('LATS')) },
      { says: 'LLMCompiler beats ReAct on HotpotQA in accuracy and in cost-efficiency', holds: compiler.accuracy.mean > react.accuracy.mean && compiler.efficiency.mean > cheapest('ReAct') },
      { says: 'along the Pareto front each second more buys less accuracy', holds: hasDiminishingReturns(front) },
    ],
    notes: [
      'The paper’s text gives no values of this figure. All accuracies are the behaviour’s word, as no model was asked; latencies are simulated.',
      'Chain of thought is left out: its accuracy is not in the behaviour. So is what worked examples bring (Figure 15).',
      'LLMCompiler’s answer is taken to be as often right as one of ReAct’s that no budget cuts short, for want of a number: that it is more accurate on HotpotQA lies within the margin here.',
    ],
    charts: chartsOfFigure13(all, front.map(({ design }) => design)),
  };
}

/** Whether the first half of a front's way gains more a second than the second half. */
function hasDiminishingReturns(front: readonly Choice[]): boolean {
  if (front.length < 3) return false;
  const [first, last, middle] = [front[0]!, front.at(-1)!, front[Math.floor((front.length - 1) / 2)]!];
  const slope = (from: Choice, to: Choice) => (to.value - from.value) / (to.cost - from.cost);
  return slope(first, middle) > slope(middle, last);
}
