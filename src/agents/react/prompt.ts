/** What ReAct tells the model: how to work, the task's own instructions, and solved examples. */
import type { ChatCompletionMessageParam } from 'openai/resources/chat/completions';
import type { Example, Task, Tool } from '../agent.ts';
import { renderSignature } from '../format/arguments.ts';
import { proposalText } from './turns.ts';

const NATIVE = `Work in steps. In each step, first write one short paragraph that begins with "Thought:". Say in it what you know so far, what is still missing, and what you are going to do next. Then call exactly one tool. After each call you are given what the tool has found. Read it with care, and trust it more than what you remember. When a tool finds nothing, try it in another way. Never make up what no tool has given you.

When you know the answer, call no tool. Write a last "Thought:" that names what leads to the answer, and below it one line that begins with "Answer:".`;

const TEXT = `Work in turns of Thought, Action and Observation. In a Thought you say what you know so far, what is still missing, and what you are going to do next. An Action is one call, written on a line of its own, of one of these:

`;

const AFTER_ACTIONS = `

After each Action you are given an Observation, which is what the action has found. Never write an Observation yourself. Read it with care, and trust it more than what you remember. When an action finds nothing, try it in another way. When you know the answer, finish.`;

/** The prompt up to the first turn. `memory` is what was learnt from earlier attempts. */
export function startMessages(task: Task, tools: readonly Tool[], { native, fewShot, memory = '' }: { native: boolean; fewShot: number; memory?: string }): ChatCompletionMessageParam[] {
  const examples = task.examples.slice(0, fewShot);
  const question = `${memory}Question: ${task.question}`;
  if (native) {
    const shown = examples.length === 0 ? '' : `\n\nHere are examples of how to work.\n\n${examples.map(nativeExample).join('\n\n')}`;
    return [
      { role: 'system', content: `${task.instructions}\n\n${NATIVE}${shown}` },
      { role: 'user', content: question },
    ];
  }
  return [
    { role: 'system', content: `${task.instructions}\n\n${TEXT}${actionList(tools)}${AFTER_ACTIONS}` },
    ...examples.flatMap((example) => exampleMessages(example, tools)),
    { role: 'user', content: question },
  ];
}

/** The actions that there are, numbered as in the paper's prompts. */
export function actionList(tools: readonly Tool[]): string {
  return [...tools.map((tool) => `${renderSignature(tool)}: ${tool.description}`), 'finish[answer]: gives the answer and ends the task.'].map((line, index) => `(${index + 1}) ${line}`).join('\n');
}

/** As a conversation that went before, which every chat template can show. */
function exampleMessages({ question, steps, conclusion, answer }: Example, tools: readonly Tool[]): ChatCompletionMessageParam[] {
  return [
    { role: 'user', content: `Question: ${question}` },
    ...steps.flatMap(({ thought, actions }, index): ChatCompletionMessageParam[] => [
      { role: 'assistant', content: proposalText({ thought, calls: actions.map(({ call }) => call), answer: null }, index + 1, tools) },
      { role: 'user', content: `Observation ${index + 1}: ${actions.map(({ observation }) => observation).join('\n')}` },
    ]),
    { role: 'assistant', content: proposalText({ thought: conclusion, calls: [], answer }, steps.length + 1, tools) },
  ];
}

/** In words, since a call written as text would be imitated as text. */
function nativeExample({ question, steps, conclusion, answer }: Example): string {
  const lines = steps.flatMap(({ thought, actions }) => [
    `Thought: ${thought}`,
    ...actions.flatMap(({ call, observation }) => {
      const args = Object.entries(call.arguments).map(([name, value]) => `${name} ${JSON.stringify(value)}`);
      return [`Call: ${call.tool} with ${args.join(' and ')}`, `Found: ${observation}`];
    }),
  ]);
  return [`Question: ${question}`, ...lines, `Thought: ${conclusion}`, `Answer: ${answer}`].join('\n');
}
