/** The thread in which the computer-algebra library works: some inputs would keep it busy for ever. */
import { parentPort } from 'node:worker_threads';
import { areEquivalent } from './equivalence.ts';
import { interpret } from './query.ts';

export type AlgebraRequest = { id: number } & ({ kind: 'equivalent'; answer: string; expected: string } | { kind: 'query'; text: string });
export type AlgebraReply = { id: number } & ({ result: unknown } | { failure: string });

parentPort!.on('message', (request: AlgebraRequest) => {
  try {
    const result = request.kind === 'equivalent' ? areEquivalent(request.answer, request.expected) : interpret(request.text);
    parentPort!.postMessage({ id: request.id, result } satisfies AlgebraReply);
  } catch (error) {
    parentPort!.postMessage({ id: request.id, failure: error instanceof Error ? error.message : String(error) } satisfies AlgebraReply);
  }
});
