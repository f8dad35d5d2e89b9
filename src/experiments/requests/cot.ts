/** Chain of thought: one call. */
import { drawLength, TokenSupply } from '../draws.ts';
import type { RequestContext } from './context.ts';
import { RequestBuilder, type AgentRequest } from './request.ts';

/** @throws RangeError where the benchmark is not one of chain of thought's */
export function cotRequest({ behaviour: { id, name, taskTokens, cot }, random, supply }: RequestContext): AgentRequest {
  if (cot === undefined) throw new RangeError(`chain of thought has no behaviour on ${name}`);
  const prompt = [...TokenSupply.shared(`cot ${id}`, cot.promptTokens.value), ...supply.own(taskTokens.value)];
  const builder = new RequestBuilder();
  builder.call('answer', [], () => prompt, supply.own(drawLength(random, cot.answerTokens)));
  return { parts: builder.parts, solved: null };
}
