/** ReAct: one attempt. */
import { addAttempt } from './attempt.ts';
import { addTestWriting, stepPreamble, type RequestContext } from './context.ts';
import { RequestBuilder, type AgentRequest } from './request.ts';

export interface ReactBudget {
  /** Calls of the model at most; the benchmark's unless said. */
  mostCalls?: number;
  /** Worked examples in the prompt; the benchmark's unless said. */
  examples?: number;
}

export function reactRequest(context: RequestContext, { mostCalls, examples }: ReactBudget = {}): AgentRequest {
  const { behaviour, model, random, supply } = context;
  const builder = new RequestBuilder();
  const task = supply.own(behaviour.taskTokens.value);
  const beginning = [...stepPreamble('react', behaviour, examples ?? behaviour.step.examples.value), ...task];
  const right = random.next() < behaviour.success[model].firstTry.value;
  const { answered } = addAttempt(builder, context, {
    // What it said stays the assistant's own message, word for word, so that each prompt goes on where the one before and its answer end.
    prompt: (history) => [...beginning, ...history],
    after: addTestWriting(builder, context, task, []),
    mostCalls: mostCalls ?? behaviour.react.mostCalls.value,
    right,
  });
  return { parts: builder.parts, solved: right && answered };
}
