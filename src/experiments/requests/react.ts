/** ReAct: one attempt. */
import { addAttempt } from './attempt.ts';
import { stepPreamble, type RequestContext } from './context.ts';
import { RequestBuilder, type AgentRequest } from './request.ts';

export interface ReactBudget {
  /** Calls of the model at most; the benchmark's unless said. */
  mostCalls?: number;
  /** Worked examples in the prompt; the benchmark's unless said. */
  examples?: number;
}

export function reactRequest(context: RequestContext, { mostCalls, examples }: ReactBudget = {}): AgentRequest {
  const { behaviour, model, random, supply } = context;
  const { reflexion, perAttempt } = behaviour.success[model];
  const builder = new RequestBuilder();
  const beginning = [...stepPreamble('react', behaviour, examples), ...supply.own(behaviour.taskTokens.value)];
  const right = random.next() < reflexion.value * perAttempt.value;
  const { answered } = addAttempt(builder, context, () => beginning, [], mostCalls ?? behaviour.react.mostCalls.value);
  return { parts: builder.parts, solved: right && answered };
}
