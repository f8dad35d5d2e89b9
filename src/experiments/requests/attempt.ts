/** One attempt of ReAct's kind: a call, a tool, a call … until it answers or has made as many calls as it may. */
import { drawLength } from '../draws.ts';
import { addTool, type RequestContext } from './context.ts';
import { ends, type After, type RequestBuilder } from './request.ts';

export interface AttemptPlan {
  /** A call's prompt, with what was said and seen in the attempt before it. */
  prompt: (history: readonly number[]) => number[];
  /** What its first call waits for. */
  after: readonly After[];
  mostCalls: number;
  /** Whether it comes to the right answer if it may make the calls that takes. */
  right: boolean;
}

export interface Attempt {
  /** Its last call. */
  last: number;
  /** What it said and saw, in order. */
  history: number[];
  /** False where it ran out of calls. */
  answered: boolean;
}

export function addAttempt(builder: RequestBuilder, context: RequestContext, { prompt, after, mostCalls, right }: AttemptPlan): Attempt {
  const { behaviour, random, supply } = context;
  const wanted = drawCalls(context, right ? 0 : behaviour.step.stuck.value);
  const calls = Math.min(wanted, mostCalls);
  const history: number[] = [];
  let waits = after;
  let last = -1;
  for (let call = 0; call < calls; call++) {
    const output = supply.own(drawLength(random, behaviour.step.answerTokens));
    const seen = history.length;
    last = builder.call('act', waits, () => prompt(history.slice(0, seen)), output);
    history.push(...output);
    // The last one answers; of an attempt that is cut short it is not used any more.
    if (call === calls - 1) break;
    waits = ends([addTool(builder, context, ends([last]))]);
    history.push(...supply.own(drawLength(random, behaviour.tool.resultTokens)));
  }
  return { last, history, answered: wanted <= mostCalls };
}

/** Calls until an answer; infinite for the share that comes to none. */
export function drawCalls({ behaviour, random }: RequestContext, stuck: number): number {
  return random.next() < stuck ? Infinity : drawLength(random, behaviour.step.calls);
}
