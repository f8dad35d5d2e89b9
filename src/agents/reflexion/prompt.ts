/** The prompts about an attempt that is over: what went wrong, and whether it went wrong at all. */
import type { ChatCompletionMessageParam } from 'openai/resources/chat/completions';
import type { Task } from '../agent.ts';

const REFLECT = `You look back at an attempt to solve a task that did not succeed: the answer was wrong, or none was found in time. Find out why, and say in two to four sentences what to do differently next time: which step misled the attempt, and what should be tried instead. Be concrete, since the next attempt sees nothing but your words. Do not answer the task itself.`;

const JUDGE = `You judge whether an attempt has solved a task. Look at what the tools have found: an answer that they support is right, one that was made up is not. Write one sentence of reasons, and below it a line that is either "Verdict: right" or "Verdict: wrong".`;

export function reflectionMessages(task: Task, attempt: string, failure: string): ChatCompletionMessageParam[] {
  return [
    { role: 'system', content: `${REFLECT}\n\n${task.answerForm}` },
    { role: 'user', content: `Task: ${task.question}\n\nThe attempt:\n${attempt}\n\n${failure}\n\nReflection:` },
  ];
}

export function judgeMessages(task: Task, attempt: string): ChatCompletionMessageParam[] {
  return [
    { role: 'system', content: `${JUDGE}\n\n${task.answerForm}` },
    { role: 'user', content: `Task: ${task.question}\n\nThe attempt:\n${attempt}` },
  ];
}
