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

/** A tool's call; where the benchmark's tool has the model write tests, that is done first. @returns the part that ends it */
export function addTool(builder: RequestBuilder, { behaviour: { id, taskTokens, testWriting, tool }, random, supply }: RequestContext, after: readonly After[]): number {
  let waits = after;
  if (testWriting !== undefined) {
    const prompt = [...TokenSupply.shared(`tests ${id}`, testWriting.instructionTokens.value), ...supply.own(taskTokens.value)];
    waits = ends([builder.call('write tests', after, () => prompt, supply.own(drawLength(random, testWriting.answerTokens)))]);
  }
  return builder.tool(waits, 1000 * lognormalOfMean(random, tool.seconds.value, tool.sigma.value));
}

/** Instructions and worked examples of a step: the same for all requests of an agent on a benchmark. */
export function stepPreamble(agent: string, { id, step }: Behaviour, examples = step.examples.value): number[] {
  return TokenSupply.shared(`${agent} ${id}`, step.instructionTokens.value + Math.round(examples * step.exampleTokens.value));
}
