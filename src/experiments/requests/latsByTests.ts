/**
 * LATS where tests tell how good a whole solution is: no values and no way down, but a reflection on each child that fails. Each iteration
 * writes tests, expands a node, and runs all of its children. As in the paper's own code (https://github.com/VIA-Research/AgentBench,
 * 65af7aa, src/agents/LATS/humaneval/search.py).
 */
import type { TaskAnswers } from '../difficulty.ts';
import { drawLength, TokenSupply } from '../draws.ts';
import { addTestWriting, addTool, stepPreamble, type RequestContext } from './context.ts';
import { ends, RequestBuilder, STAGGER_MS, type After, type AgentRequest } from './request.ts';

interface Node {
  depth: number;
  /** From the root: solutions, what the tests said of them, and what was said about that. */
  path: number[];
}

export function latsByTests(context: RequestContext, answers: TaskAnswers, { children, iterations }: { children: number; iterations: number }): AgentRequest {
  const { behaviour, random, supply } = context;
  const builder = new RequestBuilder();
  const task = supply.own(behaviour.taskTokens.value);
  const beginning = [...stepPreamble('lats', behaviour, behaviour.lats.examples.value), ...task];
  const reflecting = TokenSupply.shared(`reflect ${behaviour.id}`, behaviour.reflexion.instructionTokens.value);

  /** So many solutions at once, each run, and reflected on where it fails. */
  const expand = (path: readonly number[], depth: number, count: number, after: readonly After[]): { nodes: Node[]; solved: boolean; after: After[] } => {
    const prompt = [...beginning, ...path];
    const outputs = Array.from({ length: count }, () => supply.own(drawLength(random, behaviour.step.answerTokens)));
    const calls = outputs.map((output, index) => builder.call('act', after, () => prompt, output, index * STAGGER_MS));
    const last: number[] = [];
    const nodes: Node[] = [];
    let solved = false;
    for (const output of outputs) {
      // Tools begin when all candidates are there.
      const tool = addTool(builder, context, ends(calls));
      const isRight = answers.next();
      solved ||= isRight;
      const result = supply.own(drawLength(random, behaviour.tool.resultTokens));
      if (isRight) {
        last.push(tool);
        continue;
      }
      const reflection = supply.own(drawLength(random, behaviour.reflexion.answerTokens));
      last.push(builder.call('reflect', ends([tool]), () => [...reflecting, ...task, ...output, ...result], reflection));
      nodes.push({ depth, path: [...path, ...output, ...result, ...reflection] });
    }
    return { nodes, solved, after: ends(last) };
  };

  const root = expand([], 0, 1, addTestWriting(builder, context, task, []));
  const frontier = root.nodes;
  let { solved, after } = root;
  for (let iteration = 0; iteration < iterations && !solved; iteration++) {
    const tested = addTestWriting(builder, context, task, after);
    const node = frontier.shift();
    if (node === undefined) break;
    const expanded = expand(node.path, node.depth + 1, children, tested);
    if (node.depth + 1 < behaviour.lats.depth.value) frontier.push(...expanded.nodes);
    ({ solved } = expanded);
    after = expanded.after;
  }
  return { parts: builder.parts, solved };
}
