/**
 * Reflexion's evaluator and self-reflection (Shinn et al. §3): what an attempt was worth, and what to learn from it.
 * The environment's own feedback goes first (§4.2); the model judges where there is none.
 */
import type { Observation, Task } from '../agent.ts';
import { nothingMoreFits } from '../model/errors.ts';
import type { Session } from '../model/session.ts';
import { judgeMessages, reflectionMessages } from './prompt.ts';

/** As in the paper's own code for HotpotQA (https://github.com/noahshinn/reflexion, hotpotqa_runs/agents.py: max_tokens=250). */
const REFLECTION_TOKENS = 250;

export interface Ending {
  answer: string | null;
  outcome: Observation['outcome'] | null;
}

/** The reward of an attempt, from 0 to 1. @param attempt its steps as text */
export async function evaluate(session: Session, task: Task, { answer, outcome }: Ending, attempt: string): Promise<number> {
  if (outcome !== null && outcome !== undefined) return outcome.reward;
  if (answer === null) return 0;
  if (task.reward !== null) return task.reward(answer, session.setup.signal);
  const judgement = await session.ask({ messages: judgeMessages(task, attempt) }).catch(nothingMoreFits);
  if (judgement === null) return 0;
  session.log(`Judgement: ${judgement.text}`);
  return isRight(judgement.text) ? 1 : 0;
}

/** A judgement that says neither counts as wrong: another attempt costs less than a wrong answer. */
export function isRight(judgement: string): boolean {
  const verdict = [...judgement.matchAll(/verdict\W+(right|wrong|correct|incorrect)/gi)].at(-1)?.[1] ?? /\b(right|wrong|correct|incorrect)\b/i.exec(judgement)?.[1];
  return /^(right|correct)$/i.test(verdict ?? '');
}

/** What to do differently; empty when the model had nothing to say, or could not read that much. */
export async function reflect(session: Session, task: Task, { answer }: Ending, attempt: string, reward: number): Promise<string> {
  const failure = answer === null ? 'No answer was found within the steps that were allowed.' : reward > 0 ? `The answer "${answer}" was only partly right: its reward is ${reward.toFixed(2)} of 1.` : `The answer "${answer}" was wrong.`;
  const said = await session.ask({ messages: reflectionMessages(task, attempt, failure), maxTokens: REFLECTION_TOKENS }).catch(nothingMoreFits);
  const reflection = (said?.text ?? '')
    .replace(/^\s*reflection\s*:\s*/i, '')
    .replace(/\s+/g, ' ')
    .trim();
  session.log(`Reflection: ${reflection}`);
  return reflection;
}
