/** Reflexion: attempts, and between them a call that says what went wrong, which all later prompts have before the attempt's own history. */
import { drawLength, TokenSupply } from '../draws.ts';
import { addAttempt } from './attempt.ts';
import { stepPreamble, type RequestContext } from './context.ts';
import { ends, RequestBuilder, type After, type AgentRequest } from './request.ts';

export interface ReflexionBudget {
  /** Reflections at most, and so attempts less one; the benchmark's unless said. */
  reflections?: number;
}

export function reflexionRequest(context: RequestContext, { reflections }: ReflexionBudget = {}): AgentRequest {
  const { behaviour, model, random, supply } = context;
  const { id, taskTokens, reflexion, success } = behaviour;
  const most = reflections ?? reflexion.reflections.value;
  const solvable = random.next() < success[model].reflexion.value;
  const task = supply.own(taskTokens.value);
  const preamble = stepPreamble('reflexion', behaviour);
  const reflecting = TokenSupply.shared(`reflect ${id}`, reflexion.instructionTokens.value);
  const builder = new RequestBuilder();
  let after: After[] = [];
  let insights: readonly number[] = [];
  /** Prompts hold what was learnt when the attempt began. */
  const beginning = (learnt: readonly number[]) => () => [...preamble, ...task, ...learnt];
  for (let reflection = 0; ; reflection++) {
    const { last, history, answered } = addAttempt(builder, context, beginning(insights), after, reflexion.mostCalls.value);
    if (solvable && answered && random.next() < success[model].perAttempt.value) return { parts: builder.parts, solved: true };
    if (reflection === most) return { parts: builder.parts, solved: false };
    const output = supply.own(drawLength(random, reflexion.answerTokens));
    const before = insights;
    after = ends([builder.call('reflect', ends([last]), () => [...reflecting, ...task, ...before, ...history], output)]);
    insights = [...before, ...output];
  }
}
