/** One attempt of ReAct's kind: a call, a tool, a call … until it answers or has made as many calls as it may. */
import { drawGeometric, drawLength } from '../draws.ts';
import { addTool, type RequestContext } from './context.ts';
import { ends, type After, type RequestBuilder } from './request.ts';

export interface Attempt {
  /** Its last call. */
  last: number;
  /** What it said and saw, in order. */
  history: number[];
  /** False where it ran out of calls. */
  answered: boolean;
}

/**
 * @param beginning what all of its prompts begin with
 * @param after what its first call waits for
 */
export function addAttempt(builder: RequestBuilder, context: RequestContext, beginning: () => readonly number[], after: readonly After[], mostCalls: number): Attempt {
  const { behaviour, random, supply } = context;
  const wanted = 1 + drawGeometric(random, behaviour.step.meanCalls.value - 1);
  const calls = Math.min(wanted, mostCalls);
  const history: number[] = [];
  let waits = after;
  let last = -1;
  for (let call = 0; call < calls; call++) {
    const output = supply.own(drawLength(random, behaviour.step.answerTokens));
    const seen = history.length;
    last = builder.call('act', waits, () => [...beginning(), ...history.slice(0, seen)], output);
    history.push(...output);
    // The last one answers; of an attempt that is cut short it is not used any more.
    if (call === calls - 1) break;
    waits = ends([addTool(builder, context, ends([last]))]);
    history.push(...supply.own(drawLength(random, behaviour.tool.resultTokens)));
  }
  return { last, history, answered: wanted <= mostCalls };
}
