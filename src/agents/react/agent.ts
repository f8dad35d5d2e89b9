/** ReAct (Yao et al. 2023, §2): think, act, observe, until the answer is found or the budget is spent. */
import type { Agent, AgentResult, Budget, Environment, Task } from '../agent.ts';
import { renderCall } from '../format/arguments.ts';
import { nothingMoreFits } from '../model/errors.ts';
import { Session } from '../model/session.ts';
import { startMessages } from './prompt.ts';
import { answerWithoutFormat, carryOut, propose, toSteps, turnMessages, type Turn } from './turns.ts';

/** Turns without any format, one after the other, after which the words are taken as the answer. */
const FORMATLESS_TURNS = 2;

export interface Attempt {
  answer: string | null;
  end: AgentResult['end'];
  turns: readonly Turn[];
  environment: Environment;
}

export const react: Agent = {
  name: 'react',
  // Yao et al. §3.3: 7 steps for HotpotQA. They show 6 examples (§3.2); two make a first prompt of about 1,000 tokens,
  // as "The Cost of Dynamic Reasoning" has measured it (§IV-B).
  defaults: { iterations: 7, reflections: 0, children: 1, rollouts: 1, fewShot: 2 },
  async solve(task, setup) {
    const session = new Session(setup);
    return session.result(async () => {
      const { answer, end, turns } = await attempt(session, task, setup.budget);
      return { answer, end, trajectory: toSteps(turns) };
    });
  },
};

/** One attempt at a task from the beginning. `memory` goes before the question. */
export async function attempt(session: Session, task: Task, { iterations, fewShot }: Pick<Budget, 'iterations' | 'fewShot'>, memory = ''): Promise<Attempt> {
  const environment = task.openEnvironment();
  const { tools } = environment;
  const start = startMessages(task, tools, { native: session.native, fewShot, memory });
  const turns: Turn[] = [];
  const ended = (answer: string | null, end: AgentResult['end']): Attempt => ({ answer, end, turns, environment });
  while (turns.length < iterations) {
    const proposal = await propose(session, [...start, ...turnMessages(turns, tools, session.native)], tools).catch(nothingMoreFits);
    if (proposal === null) return ended(null, 'context');
    const turn = await carryOut(session, environment, proposal);
    turns.push(turn);
    logTurn(session, turn, environment);
    if (turn.answer !== null) return ended(turn.answer, 'answered');
    if (turn.outcome) return ended(turn.outcome.answer, 'answered');
    const formatless = turns.slice(-FORMATLESS_TURNS).every(({ correction }) => correction !== null);
    if (turn.correction !== null && ((formatless && turns.length >= FORMATLESS_TURNS) || turns.length === iterations)) return ended(answerWithoutFormat(turn), 'answered');
  }
  return ended(null, 'budget');
}

function logTurn(session: Session, { thought, calls, answer, observations, correction }: Turn, { tools }: Environment): void {
  session.log(`Thought: ${thought}`);
  calls.forEach((call, index) => {
    session.log(`Action: ${renderCall(call, tools)}`);
    session.log(`Observation: ${observations[index] ?? ''}`);
  });
  if (answer !== null) session.log(`Answer: ${answer}`);
  if (correction !== null) session.log(`Observation: ${correction}`);
}
