/**
 * LATS: a tree whose nodes are steps. Each iteration expands a node (as many calls at once as it has children, then their tools), has the
 * children valued (a call for each), and follows the best of them downwards in the same way until something answers or a depth is reached.
 * Prompts hold the path from the root alone.
 *
 * Which node is next is not searched for: as values mean nothing without a model, the tree grows level by level, which is what UCT does
 * where all values are alike.
 */
import { drawLength, TokenSupply } from '../draws.ts';
import { addTool, stepPreamble, type RequestContext } from './context.ts';
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
  answered: boolean;
  right: boolean;
}

export function latsRequest(context: RequestContext, budget: LatsBudget = {}): AgentRequest {
  const search = new LatsSearch(context, budget.children ?? context.behaviour.lats.children.value);
  return search.run(budget.iterations ?? context.behaviour.lats.iterations.value);
}

class LatsSearch {
  readonly #context: RequestContext;
  readonly #children: number;
  readonly #builder = new RequestBuilder();
  readonly #task: number[];
  readonly #solvable: boolean;
  #insights: number[] = [];
  #reflections = 0;
  #after: After[] = [];
  /** Expansions that gave a wrong answer. */
  #failed = 0;

  constructor(context: RequestContext, children: number) {
    const { behaviour, model, random, supply } = context;
    this.#context = context;
    this.#children = children;
    this.#task = supply.own(behaviour.taskTokens.value);
    this.#solvable = random.next() < behaviour.success[model].lats.value;
  }

  run(iterations: number): AgentRequest {
    const { depth: mostDepth, rolloutDepth } = this.#context.behaviour.lats;
    /** Nodes to expand, those nearest to the root first. */
    const frontier: Node[] = [{ parent: null, depth: 0, path: [], answered: false, right: false }];
    for (let iteration = 0; iteration < iterations; iteration++) {
      const node = frontier.shift();
      if (node === undefined) break;
      const children = this.#expand(node);
      this.#evaluate(children);
      const toExpand = children.filter(({ answered, depth }) => !answered && depth < mostDepth.value);
      frontier.push(...toExpand);
      // A node that leads nowhere is cut off, and its parent grows another instead, as in the authors' code (src/agents/LATS/hotpotqa/search.py).
      if (toExpand.length === 0 && node.parent !== null) frontier.push(node.parent);
      if (children.some(({ right }) => right)) return this.#end(true);
      if (this.#rollOut(children, rolloutDepth.value)) return this.#end(true);
    }
    return this.#end(false);
  }

  #end(solved: boolean): AgentRequest {
    return { parts: this.#builder.parts, solved };
  }

  /** Goes down from the best child; true when that finds the right answer. */
  #rollOut(children: readonly Node[], rolloutDepth: number): boolean {
    let node = children.find(({ answered }) => !answered);
    while (node !== undefined && node.depth < rolloutDepth) {
      const next = this.#expand(node);
      if (next.some(({ right }) => right)) return true;
      // Whatever answers ends the way down.
      if (next.some(({ answered }) => answered)) return false;
      this.#evaluate(next);
      node = next[0];
    }
    return false;
  }

  #expand(node: Node): Node[] {
    this.#reflectIfDue();
    const { behaviour, model, random, supply } = this.#context;
    const beginning = [...stepPreamble('lats', behaviour), ...this.#insights, ...this.#task, ...node.path];
    const outputs = Array.from({ length: this.#children }, () => supply.own(drawLength(random, behaviour.step.answerTokens)));
    const calls = outputs.map((output, index) => this.#builder.call('act', this.#after, () => beginning, output, index * STAGGER_MS));
    const children = outputs.map((output): Node => {
      // As likely at each step, so that a path to an answer is as long as an attempt's on average.
      const answered = random.next() < 1 / behaviour.step.meanCalls.value;
      const right = answered && this.#solvable && random.next() < behaviour.success[model].perLeaf.value;
      return { parent: node, depth: node.depth + 1, path: [...node.path, ...output], answered, right };
    });
    // The tools begin when all candidates are there, and run at once.
    const acting = children.filter(({ answered }) => !answered);
    const tools = acting.map((child) => {
      child.path.push(...supply.own(drawLength(random, behaviour.tool.resultTokens)));
      return addTool(this.#builder, this.#context, ends(calls));
    });
    this.#after = ends(tools.length > 0 ? tools : calls);
    if (children.some(({ answered, right }) => answered && !right)) this.#failed += 1;
    return children;
  }

  #evaluate(children: readonly Node[]): void {
    const { behaviour, random, supply } = this.#context;
    const { instructionTokens, answerTokens } = behaviour.lats.value;
    const beginning = [...TokenSupply.shared(`value ${behaviour.id}`, instructionTokens.value), ...this.#insights, ...this.#task];
    const calls = children
      .filter(({ answered }) => !answered)
      .map(({ path }, index) => this.#builder.call('evaluate', this.#after, () => [...beginning, ...path], supply.own(drawLength(random, answerTokens)), index * STAGGER_MS));
    if (calls.length > 0) this.#after = ends(calls);
  }

  /** A call about what failed since, as long as reflections are left. */
  #reflectIfDue(): void {
    const { behaviour, random, supply } = this.#context;
    if (this.#failed <= this.#reflections || this.#reflections >= behaviour.lats.reflections.value) return;
    this.#reflections += 1;
    const output = supply.own(drawLength(random, behaviour.reflexion.answerTokens));
    const prompt = [...TokenSupply.shared(`reflect ${behaviour.id}`, behaviour.reflexion.instructionTokens.value), ...this.#task, ...this.#insights];
    this.#after = ends([this.#builder.call('reflect', this.#after, () => prompt, output)]);
    this.#insights = [...this.#insights, ...output];
  }
}
