/** LATS (Zhou et al. 2024, §4 and algorithm 1): Monte-Carlo tree search over ReAct's turns. */
import type { Agent, Budget, Task } from '../agent.ts';
import { Session } from '../model/session.ts';
import { toSteps, turnsText } from '../react/turns.ts';
import { reflect } from '../reflexion/evaluate.ts';
import { memoryText } from '../reflexion/memory.ts';
import { expand, type Search } from './expand.ts';
import { allNodes, backpropagate, pathTurns, rootNode, select, type Node } from './node.ts';

export const lats: Agent = {
  name: 'lats',
  // The paper's own code for HotpotQA (https://github.com/lapisrocks/LanguageAgentTreeSearch, hotpot/lats.py and
  // lats.sh): depth 7, 5 children, 50 rollouts, reflections on up to 3 failed attempts; examples as ReAct's.
  defaults: { iterations: 7, reflections: 3, children: 5, rollouts: 50, fewShot: 2 },
  async solve(task, setup) {
    const session = new Session(setup);
    return session.result(async () => {
      const { root, solution } = await searchTree(session, task, setup.budget);
      const found = solution ?? bestEnd(root);
      if (found === null) return { answer: null, end: 'budget', trajectory: [] };
      return { answer: found.answer, end: found.answer === null ? 'budget' : 'answered', trajectory: toSteps(pathTurns(found)) };
    });
  },
};

/** Searches until an attempt has the full reward, every branch has ended, or the rollouts are spent. */
export async function searchTree(session: Session, task: Task, budget: Budget): Promise<{ root: Node; solution: Node | null }> {
  const reflections: string[] = [];
  const search: Search = { session, task, budget, memory: () => memoryText(reflections) };
  const root = rootNode(task.openEnvironment());
  for (let rollout = 1; rollout <= budget.rollouts; rollout++) {
    const selected = select(root);
    if (selected === null) break;
    const end = await simulate(search, selected);
    const reward = end.reward ?? 0;
    backpropagate(end, reward);
    session.log(`Rollout ${rollout}: reward ${reward} at depth ${end.depth}`);
    if (reward >= 1) return { root, solution: end };
    if (reflections.length < budget.reflections && rollout < budget.rollouts) {
      const ending = { answer: end.answer, outcome: end.turn?.outcome ?? null };
      const reflection = await reflect(session, task, ending, turnsText(pathTurns(end), end.environment.tools), reward);
      if (reflection !== '') reflections.push(reflection);
    }
  }
  return { root, solution: null };
}

/** Expansion, evaluation and simulation: goes on with the best child until one solves the task or an attempt ends. */
async function simulate(search: Search, from: Node): Promise<Node> {
  let node = from;
  while (node.reward === null) {
    await expand(search, node);
    if (node.children.length === 0) {
      // Nothing can be said after it any more.
      node.reward ??= 0;
      return node;
    }
    node = node.children.find(({ reward }) => (reward ?? 0) >= 1) ?? node.children.reduce((best, child) => (child.value > best.value ? child : best));
  }
  return node;
}

/** Without a solution: the end with the highest reward, then one with an answer, then the most valued. */
function bestEnd(root: Node): Node | null {
  const rank = ({ reward, answer, parent, value }: Node) => (reward ?? 0) * 4 + (answer === null ? 0 : 2) + (parent?.value ?? value);
  const ends = allNodes(root).filter(({ reward, turn }) => reward !== null && turn !== null);
  return ends.length === 0 ? null : ends.reduce((best, end) => (rank(end) > rank(best) ? end : best));
}
