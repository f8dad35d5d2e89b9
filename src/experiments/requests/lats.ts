/**
 * LATS: a tree whose nodes are steps. Each iteration expands a node (as many calls at once as it has children, then their tools), has the
 * children valued (a call for each), and follows one of them downwards in the same way until something answers or a depth is reached.
 * Prompts hold the path from the root alone, and what was said on ways that failed. As in the paper's own code
 * (https://github.com/VIA-Research/AgentBench, 65af7aa, src/agents/LATS/hotpotqa/search.py); where that runs tests it does something else (`latsByTests.ts`).
 *
 * Which node is next is not searched for: as values mean nothing without a model, the tree grows level by level, which is what UCT does
 * where all values are alike.
 */
import type { LatsSteps } from '../behaviour/schema.ts';
import { difficultyOf, TaskAnswers } from '../difficulty.ts';
import { drawLength, TokenSupply } from '../draws.ts';
import { drawCalls } from './attempt.ts';
import { addTool, stepPreamble, type RequestContext } from './context.ts';
import { latsByTests } from './latsByTests.ts';
import { ends, RequestBuilder, STAGGER_MS, type After, type AgentRequest } from './request.ts';

export interface LatsBudget {
  /** Children of a node; the benchmark's unless said. */
  children?: number;
  /** Iterations at most; the benchmark's unless said. */
  iterations?: number;
}

interface Node {
  /** Null of the root. */
  parent: Node | null;
  depth: number;
  /** From the root: what was said and seen. */
  path: number[];
  /** Of that, what was said. */
  said: number[];
  answered: boolean;
  right: boolean;
}

export function latsRequest(context: RequestContext, budget: LatsBudget = {}): AgentRequest {
  const { behaviour, model, random } = context;
  const { firstTry, lats } = behaviour.success[model];
  const answers = new TaskAnswers(difficultyOf(firstTry.value, lats.solved.value, lats.tries.value), random);
  const children = budget.children ?? behaviour.lats.children.value;
  const iterations = budget.iterations ?? behaviour.lats.iterations.value;
  const { steps } = behaviour.lats;
  return steps === undefined ? latsByTests(context, answers, { children, iterations }) : new LatsSearch(context, answers, steps, children).run(iterations);
}

class LatsSearch {
  readonly #context: RequestContext;
  readonly #answers: TaskAnswers;
  readonly #steps: LatsSteps;
  readonly #children: number;
  readonly #builder = new RequestBuilder();
  readonly #task: number[];
  /** What was said on ways to a wrong answer, one way for each expansion that gave one. */
  readonly #failures: number[][] = [];
  #insights: number[] = [];
  #reflections = 0;
  #after: After[] = [];

  constructor(context: RequestContext, answers: TaskAnswers, steps: LatsSteps, children: number) {
    this.#context = context;
    this.#answers = answers;
    this.#steps = steps;
    this.#children = children;
    this.#task = context.supply.own(context.behaviour.taskTokens.value);
  }

  run(iterations: number): AgentRequest {
    const mostDepth = this.#context.behaviour.lats.depth.value;
    /** Nodes to expand, those nearest to the root first. */
    const frontier: Node[] = [{ parent: null, depth: 0, path: [], said: [], answered: false, right: false }];
    for (let iteration = 0; iteration < iterations; iteration++) {
      const node = frontier.shift();
      if (node === undefined) break;
      const children = this.#expand(node, this.#children);
      this.#evaluate(children);
      const toExpand = children.filter(({ answered, depth }) => !answered && depth < mostDepth);
      frontier.push(...toExpand);
      // A node that leads nowhere is cut off, and its parent grows another instead.
      if (toExpand.length === 0 && node.parent !== null) frontier.push(node.parent);
      // The way down is gone before the tree is looked through for a right answer.
      if (this.#rollOut(children) || children.some(({ right }) => right)) return this.#end(true);
    }
    return this.#end(false);
  }

  #end(solved: boolean): AgentRequest {
    return { parts: this.#builder.parts, solved };
  }

  /** Goes down from a child that goes on; true when that finds the right answer. */
  #rollOut(children: readonly Node[]): boolean {
    const { rolloutChildren, rolloutDepth } = this.#steps;
    let node = children.find(({ answered }) => !answered);
    while (node !== undefined && node.depth < rolloutDepth.value) {
      const next = this.#expand(node, rolloutChildren.value);
      // The first that answers ends the way down, whatever its siblings say.
      const answer = next.find(({ answered }) => answered);
      if (answer !== undefined) return answer.right;
      this.#evaluate(next);
      node = next[0];
    }
    return false;
  }

  #expand(node: Node, count: number): Node[] {
    this.#reflectIfDue();
    const { behaviour, random, supply } = this.#context;
    const beginning = [...stepPreamble('lats', behaviour, behaviour.lats.examples.value), ...this.#insights, ...this.#task, ...node.path];
    const outputs = Array.from({ length: count }, () => supply.own(drawLength(random, behaviour.step.answerTokens)));
    const calls = outputs.map((output, index) => this.#builder.call('act', this.#after, () => beginning, output, index * STAGGER_MS));
    const children = outputs.map((output): Node => {
      const answered = this.#answersAt(node.depth + 1);
      return { parent: node, depth: node.depth + 1, path: [...node.path, ...output], said: [...node.said, ...output], answered, right: answered && this.#answers.next() };
    });
    // The tools begin when all candidates are there, and run at once.
    const acting = children.filter(({ answered }) => !answered);
    const tools = acting.map((child) => {
      child.path.push(...supply.own(drawLength(random, behaviour.tool.resultTokens)));
      return addTool(this.#builder, this.#context, ends(calls));
    });
    this.#after = ends(tools.length > 0 ? tools : calls);
    const failure = children.find(({ answered, right }) => answered && !right);
    if (failure !== undefined) this.#failures.push(failure.said);
    return children;
  }

  /** Whether a path that has not answered yet does at that depth: as attempts do, of which the share of all that comes to no answer goes on for ever. */
  #answersAt(depth: number): boolean {
    const { step, success } = this.#context.behaviour;
    const stuck = step.stuck.value * (1 - success[this.#context.model].firstTry.value);
    let calls: number;
    do calls = drawCalls(this.#context, stuck);
    while (calls < depth);
    return calls === depth;
  }

  #evaluate(children: readonly Node[]): void {
    const { behaviour, random, supply } = this.#context;
    const { instructionTokens, answerTokens } = this.#steps.value;
    const beginning = [...TokenSupply.shared(`value ${behaviour.id}`, instructionTokens.value), ...this.#insights, ...this.#task];
    const calls = children
      .filter(({ answered }) => !answered)
      .map(({ path }, index) => this.#builder.call('evaluate', this.#after, () => [...beginning, ...path], supply.own(drawLength(random, answerTokens)), index * STAGGER_MS));
    if (calls.length > 0) this.#after = ends(calls);
  }

  /** A call about each of the first ways that failed, all at once, whenever there is one more of them; later prompts have those ways and what was said about them. */
  #reflectIfDue(): void {
    const { behaviour, random, supply } = this.#context;
    const failed = this.#failures.length;
    if (failed <= this.#reflections || failed > this.#steps.reflections.value) return;
    this.#reflections = failed;
    const instruction = TokenSupply.shared(`reflect ${behaviour.id}`, behaviour.reflexion.instructionTokens.value);
    const reflections = this.#failures.map((said) => ({ said, output: supply.own(drawLength(random, behaviour.reflexion.answerTokens)) }));
    this.#after = ends(reflections.map(({ said, output }, index) => this.#builder.call('reflect', this.#after, () => [...instruction, ...this.#task, ...said], output, index * STAGGER_MS)));
    this.#insights = reflections.flatMap(({ said, output }) => [...said, ...output]);
  }
}
