/** LATS's value prompt: how promising an unfinished attempt is. */
import type { ChatCompletionMessageParam } from 'openai/resources/chat/completions';
import type { Task } from '../agent.ts';

const VALUE = `You judge how promising an unfinished attempt at a task is. You are given the task and what was thought, done and found so far. Judge whether the last step was sensible, whether what was found brings the answer closer, and whether anything was made up. An attempt need not be complete to be on a good way. Write one or two sentences of reasons, and below them one line of the form "The score is N", where N is a whole number from 1 (leads nowhere) to 10 (sure to succeed).`;

/** @param memory what was learnt from attempts that failed */
export function valueMessages(task: Task, attempt: string, memory: string): ChatCompletionMessageParam[] {
  return [
    { role: 'system', content: VALUE },
    { role: 'user', content: `${memory}Task: ${task.question}\n\nThe attempt so far:\n${attempt}` },
  ];
}

/** The score of a judgement, from 0.1 to 1; null where there is none, which is not the worst one. */
export function parseScore(judgement: string): number | null {
  const marked = [...judgement.matchAll(/(?:score|rating|value)\W+(?:(?:is|of|would be|:)\W*)?(\d+(?:\.\d+)?)/gi)].at(-1)?.[1] ?? /(\d+(?:\.\d+)?)\s*(?:\/|out of)\s*10\b/i.exec(judgement)?.[1] ?? /^\W*(\d+)\W*$/.exec(judgement)?.[1];
  if (marked === undefined) return null;
  const score = Number(marked);
  return score < 0 || score > 10 ? null : Math.max(0.1, score / 10);
}
