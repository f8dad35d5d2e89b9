/** What LLMCompiler tells its planner and its joiner (Kim et al. 2024, §3.1, §3.3 and appendix). */
import type { ChatCompletionMessageParam } from 'openai/resources/chat/completions';
import type { Example, Task, Tool } from '../agent.ts';
import { renderCall, renderSignature } from '../format/arguments.ts';
import type { Executed } from './fetchingUnit.ts';
import { END_OF_PLAN, planText } from './plan.ts';

const TEXT_RULES = `Write a plan for the task: which calls of the tools give all that is needed for the answer. Calls that do not need each other's results run at the same time, so plan as many of those as make sense, and do not make one wait for another without need.

Rules:
- One call on each line, numbered: 1. name("argument"). Write arguments as strings in double quotes.
- An argument may hold the result of an earlier call, written as $1 for call 1.
- Use these tools only, and explain nothing.
- The last line calls join(), followed by ${END_OF_PLAN}. It stands there also when what is missing can be planned only after the results are known.

Tools:
`;

const NATIVE_RULES = `Plan for the task: call at once all tools whose results are needed for the answer. Calls that do not need each other's results run at the same time, so make as many of those as make sense. An argument may hold the result of an earlier one of your calls, written as $1 for the first. You will see the results afterwards, and may then plan again.`;

const JOIN = `You are given a task and the results of calls of tools that were planned for it. Decide whether they hold the answer. Write one line that begins with "Thought:" and says in one or two sentences what the results tell. Below it write one line with exactly one of these:
Action: Finish(answer)
Action: Replan(what is still missing)`;

const JOIN_LAST = `You are given a task and the results of calls of tools that were planned for it. No more calls can be made: give the best answer that they allow. Write one line that begins with "Thought:" and says in one or two sentences what the results tell. Below it write one line:
Action: Finish(answer)`;

/** What went before, when a plan was not enough. */
export interface EarlierPlan {
  executed: readonly Executed[];
  /** Why the joiner wants another. */
  missing: string;
}

export function plannerMessages(task: Task, tools: readonly Tool[], { native, fewShot, earlier }: { native: boolean; fewShot: number; earlier: EarlierPlan | null }): ChatCompletionMessageParam[] {
  const examples = task.examples.filter(({ plan }) => plan.length > 0).slice(0, fewShot);
  const question = `Question: ${task.question}${earlier === null ? '' : earlierText(earlier, tools, native)}`;
  if (native) {
    const shown = examples.length === 0 ? '' : `\n\nHere are examples of what to call at once.\n\n${examples.map(({ question: asked, plan }) => `Question: ${asked}\nCalls: ${plan.map((call) => renderCall(call, tools, '()')).join(' and ')}`).join('\n\n')}`;
    return [
      { role: 'system', content: `${task.instructions}\n\n${NATIVE_RULES}${shown}` },
      { role: 'user', content: question },
    ];
  }
  const list = [...tools.map((tool) => `- ${renderSignature(tool, '()')}: ${tool.description}`), '- join(): ends the plan; its results are read, and the task is answered or planned again.'];
  return [
    { role: 'system', content: `${task.instructions}\n\n${TEXT_RULES}${list.join('\n')}` },
    ...examples.flatMap(({ question: asked, plan }): ChatCompletionMessageParam[] => [
      { role: 'user', content: `Question: ${asked}` },
      { role: 'assistant', content: planText(plan, tools) },
    ]),
    { role: 'user', content: question },
  ];
}

function earlierText({ executed, missing }: EarlierPlan, tools: readonly Tool[], native: boolean): string {
  const next = native ? `Make the calls that are still needed, and none that was made already. Your first call now is $${executed.length + 1}.` : `Write the plan for what is still needed, with no call that was made already. Its numbers begin at ${executed.length + 1}.`;
  return `\n\nThe previous plan and what it gave:\n${resultsText(executed, tools)}\n\nWhat is missing: ${missing}\n\n${next}`;
}

export function joinerMessages(task: Task, tools: readonly Tool[], executed: readonly Executed[], { isLast, fewShot }: { isLast: boolean; fewShot: number }): ChatCompletionMessageParam[] {
  return [
    { role: 'system', content: `${isLast ? JOIN_LAST : JOIN}\n\n${task.answerForm}` },
    ...task.examples.slice(0, fewShot).flatMap((example) => joinerExample(example, tools)),
    { role: 'user', content: `Question: ${task.question}\n${executed.length === 0 ? 'No calls were planned.' : resultsText(executed, tools)}` },
  ];
}

function joinerExample({ question, steps, conclusion, answer }: Example, tools: readonly Tool[]): ChatCompletionMessageParam[] {
  const results = steps.flatMap(({ actions }) => actions).map(({ call, observation }, index) => ({ call: { ...call, id: index + 1 }, observation: { text: observation } }));
  return [
    { role: 'user', content: `Question: ${question}\n${resultsText(results, tools)}` },
    { role: 'assistant', content: `Thought: ${conclusion}\nAction: Finish(${answer})` },
  ];
}

function resultsText(executed: readonly Executed[], tools: readonly Tool[]): string {
  return executed.map(({ call, observation }) => `${call.id}. ${renderCall(call, tools, '()')}\nObservation: ${observation.text}`).join('\n');
}
