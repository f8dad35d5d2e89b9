/** Expansion and evaluation of a node (Zhou et al. 2024, §4.1), with all calls of the model and of tools at once. */
import type { ChatCompletionMessageParam } from 'openai/resources/chat/completions';
import type { Budget, Task } from '../agent.ts';
import { renderCall } from '../format/arguments.ts';
import { nothingMoreFits } from '../model/errors.ts';
import type { Session } from '../model/session.ts';
import { startMessages } from '../react/prompt.ts';
import { answerWithoutFormat, carryOut, propose, turnMessages, turnsText, type Proposal } from '../react/turns.ts';
import { evaluate } from '../reflexion/evaluate.ts';
import { addChild, pathTurns, type Node } from './node.ts';
import { parseScore, valueMessages } from './prompt.ts';

/** The paper's own code samples at 1.0 (https://github.com/lapisrocks/LanguageAgentTreeSearch, hotpot/lats.sh). */
const SAMPLING_TEMPERATURE = 1;
/** λ of the paper's value V(s) = λ·LM(s) + (1 − λ)·SC(s) (§4.1, evaluation). Half each is our choice. */
const MODEL_SHARE = 0.5;

/** What the search carries along. */
export interface Search {
  session: Session;
  task: Task;
  budget: Budget;
  /** What was learnt so far, as text before the question. */
  memory: () => string;
}

/**
 * Samples `children` next turns and carries out each that differs, in an environment of its own. A node whose context
 * is full gets no children but becomes a dead end.
 */
export async function expand(search: Search, node: Node): Promise<void> {
  const { session, budget } = search;
  const proposals = await sampleProposals(search, node);
  if (proposals === null) {
    node.reward = 0;
    return;
  }
  const distinct = withFormat(node, proposals).filter((proposal, index, all) => all.findIndex((other) => key(other) === key(proposal)) === index);
  await Promise.all(
    distinct.map(async (proposal) => {
      const environment = node.environment.fork();
      const turn = await carryOut(session, environment, proposal);
      const child = addChild(node, turn, environment);
      child.value = selfConsistency(proposal, proposals);
      log(search, child);
      await settle(search, child);
    }),
  );
  // In the order of the samples, whatever was done first.
  node.children.sort((one, other) => distinct.findIndex((proposal) => key(proposal) === key(one.turn!)) - distinct.findIndex((proposal) => key(proposal) === key(other.turn!)));
  if (node.depth + 1 < budget.iterations) await evaluateChildren(search, node);
}

async function sampleProposals({ session, task, budget, memory }: Search, node: Node): Promise<Proposal[] | null> {
  const { tools } = node.environment;
  const messages: ChatCompletionMessageParam[] = [
    ...startMessages(task, tools, { native: session.native, fewShot: budget.fewShot, memory: memory() }),
    ...turnMessages(pathTurns(node), tools, session.native),
  ];
  return Promise.all(Array.from({ length: budget.children }, (_, sample) => propose(session, messages, tools, { temperature: SAMPLING_TEMPERATURE, sample }))).catch(nothingMoreFits);
}

/** Proposals that keep to the format; where none does, one, which is corrected, and whose words are the answer when that was in vain. */
function withFormat(node: Node, proposals: readonly Proposal[]): Proposal[] {
  const formed = proposals.filter(({ calls, answer }) => calls.length > 0 || answer !== null);
  if (formed.length > 0) return formed;
  const [first] = proposals;
  if (first === undefined) return [];
  return node.turn?.correction ? [{ ...first, answer: answerWithoutFormat(first) ?? 'unknown' }] : [first];
}

function key({ thought, calls, answer }: Proposal): string {
  return JSON.stringify([thought, calls, answer]);
}

/** SC(s): the share of samples that do the same, whatever they think of it. */
function selfConsistency(proposal: Proposal, proposals: readonly Proposal[]): number {
  const action = ({ calls, answer }: Proposal) => JSON.stringify([calls, answer]);
  return proposals.filter((other) => action(other) === action(proposal)).length / Math.max(1, proposals.length);
}

/** Gives a child that ends the attempt its reward: one with an answer, or at the greatest depth. */
async function settle({ session, task, budget }: Search, child: Node): Promise<void> {
  const { answer, outcome } = child.turn!;
  if (answer === null && outcome === null && child.depth < budget.iterations) return;
  child.answer = answer ?? outcome?.answer ?? null;
  child.reward = await evaluate(session, task, { answer: child.answer, outcome }, turnsText(pathTurns(child), child.environment.tools));
  child.value = child.reward;
}

/** V(s) of each child that is not settled; of one that the model gives no score, self-consistency alone. */
async function evaluateChildren({ session, task, memory }: Search, node: Node): Promise<void> {
  await Promise.all(
    node.children
      .filter(({ reward }) => reward === null)
      .map(async (child) => {
        const judgement = await session.ask({ messages: valueMessages(task, turnsText(pathTurns(child), child.environment.tools), memory()) }).catch(nothingMoreFits);
        const score = parseScore(judgement?.text ?? '');
        if (score !== null) child.value = MODEL_SHARE * score + (1 - MODEL_SHARE) * child.value;
      }),
  );
}

function log({ session }: Search, child: Node): void {
  const { thought, calls, answer, observations } = child.turn!;
  const { tools } = child.environment;
  session.log(`[depth ${child.depth}] Thought: ${thought}`);
  calls.forEach((call, index) => session.log(`[depth ${child.depth}] Action: ${renderCall(call, tools)}\n[depth ${child.depth}] Observation: ${observations[index] ?? ''}`));
  if (answer !== null) session.log(`[depth ${child.depth}] Answer: ${answer}`);
}
