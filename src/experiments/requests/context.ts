/** What the makers of requests share. */
import type { Random } from '../../simulator/answers/random.ts';
import type { Behaviour, ModelSize } from '../behaviour/schema.ts';
import { drawLength, lognormalOfMean, TokenSupply } from '../draws.ts';
import { ends, type After, type RequestBuilder } from './request.ts';

/** Of whom and for what requests are made. */
export interface RequestContext {
  behaviour: Behaviour;
  model: ModelSize;
  random: Random;
  supply: TokenSupply;
}

/** A tool's call. @returns the part that ends it */
export function addTool(builder: RequestBuilder, { behaviour: { tool }, random }: RequestContext, after: readonly After[]): number {
  return builder.tool(after, 1000 * lognormalOfMean(random, tool.seconds.value, tool.sigma.value));
}

/** Has the model write the tests that the tool will run, where the benchmark has such a tool. @returns what the next part waits for */
export function addTestWriting(builder: RequestBuilder, { behaviour: { id, testWriting }, random, supply }: RequestContext, task: readonly number[], after: readonly After[]): readonly After[] {
  if (testWriting === undefined) return after;
  const instruction = TokenSupply.shared(`tests ${id}`, testWriting.instructionTokens.value);
  return ends([builder.call('write tests', after, () => [...instruction, ...task], supply.own(drawLength(random, testWriting.answerTokens)))]);
}

/** Instructions and worked examples of a step: the same for all requests of an agent on a benchmark. */
export function stepPreamble(agent: string, { id, step }: Behaviour, examples: number): number[] {
  return TokenSupply.shared(`${agent} ${id}`, step.instructionTokens.value + Math.round(examples * step.exampleTokens.value));
}
