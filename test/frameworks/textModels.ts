/** What the scripted model says to frameworks that have it write its tool calls as text, or that carry them on as text. */
import { callsFor, type Asked, type Turn } from './scriptedModel.ts';

const ANSWER = 'It will rain in the morning and clear up later.';

/** smolagents: earlier calls are told in words, and the answer is a tool call of its own, or a line of code. */
export function answerSmolagents({ prompt, tools }: Asked): Turn {
  if (tools.length > 0) {
    const called = new Set([...prompt.matchAll(/'name': '(\w+)'/g)].map(([, name]) => name));
    // Of a step that failed nothing is told but the error.
    const failed = /Error executing tool '\w+'/.test(prompt);
    const left = tools.filter(({ name }) => name !== 'final_answer' && !called.has(name) && !failed);
    return callsFor(left.length > 0 ? left : tools.filter(({ name }) => name === 'final_answer'));
  }
  if (!/<code>/.test(prompt)) return { text: 'First the ferries, then the answer.' };
  const code = /Execution logs:\\n/.test(prompt) ? `final_answer("${ANSWER}")` : 'ferries = find_ferries(city="Bergen")\nprint(ferries, get_weather("Bergen"))';
  return { text: `Thought: one thing after the other.\n<code>\n${code}\n</code>` };
}
