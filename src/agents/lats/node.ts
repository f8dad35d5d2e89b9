/** The tree that LATS searches (Zhou et al. 2024, §4.1): a node is a state, which is all turns from the root to it. */
import type { Environment } from '../agent.ts';
import type { Turn } from '../react/turns.ts';

/** Weight of the exploration term in UCT; the paper's equation leaves it open as w. */
const EXPLORATION_WEIGHT = 1;

export interface Node {
  parent: Node | null;
  children: Node[];
  depth: number;
  /** What led here from the parent; null at the root. */
  turn: Turn | null;
  environment: Environment;
  /** N(s): how often a rollout went through here. */
  visits: number;
  /** V(s), from 0 to 1: as evaluated, then the mean reward of the rollouts through here. */
  value: number;
  /** Set when nothing can follow: the task is answered, or the depth is spent (0). */
  reward: number | null;
  answer: string | null;
}

export function rootNode(environment: Environment): Node {
  return { parent: null, children: [], depth: 0, turn: null, environment, visits: 0, value: 0, reward: null, answer: null };
}

export function addChild(parent: Node, turn: Turn, environment: Environment): Node {
  const child: Node = { ...rootNode(environment), parent, depth: parent.depth + 1, turn };
  parent.children.push(child);
  return child;
}

/** The turns that lead to a node. */
export function pathTurns(node: Node): Turn[] {
  const turns: Turn[] = [];
  for (let at: Node | null = node; at?.turn; at = at.parent) turns.unshift(at.turn);
  return turns;
}

/** Whether no rollout can find anything new from here on. */
export function isExhausted(node: Node): boolean {
  if (node.reward !== null) return true;
  return node.children.length > 0 && node.children.every(isExhausted);
}

/** UCT (Zhou et al. eq. 1): value, and more the less often a node was visited. One that never was goes first. */
export function uct(node: Node): number {
  if (node.visits === 0) return Number.POSITIVE_INFINITY;
  return node.value + EXPLORATION_WEIGHT * Math.sqrt(Math.log(Math.max(1, node.parent?.visits ?? 1)) / node.visits);
}

/** Selection: from the root by UCT to a node that was not expanded yet; null when the tree is exhausted. */
export function select(root: Node): Node | null {
  if (isExhausted(root)) return null;
  let node = root;
  while (node.children.length > 0) node = best(node.children.filter((child) => !isExhausted(child)));
  return node;
}

/** The child of the highest UCT, of equals that of the highest value. */
function best(nodes: readonly Node[]): Node {
  return nodes.reduce((chosen, node) => {
    const [mine, other] = [uct(node), uct(chosen)];
    return mine > other || (mine === other && node.value > chosen.value) ? node : chosen;
  });
}

/** Backpropagation (Zhou et al. §4.1): each node on the way to the root keeps the mean of its rewards. */
export function backpropagate(leaf: Node, reward: number): void {
  for (let node: Node | null = leaf; node !== null; node = node.parent) {
    node.visits += 1;
    node.value = (node.value * (node.visits - 1) + reward) / node.visits;
  }
}

export function allNodes(node: Node): Node[] {
  return [node, ...node.children.flatMap(allNodes)];
}
