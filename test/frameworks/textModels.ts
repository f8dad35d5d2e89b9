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

/** DSPy: fields under headings, the next tool among them. */
export function answerDspy({ prompt }: Asked): Turn {
  const fields = (values: Record<string, string>) => ({ text: [...Object.entries(values), ['completed', ''] as const].map(([name, value]) => `[[ ## ${name} ## ]]\n${value}\n`).join('\n') });
  if (!prompt.includes('[[ ## next_tool_name ## ]]')) return fields({ ...(prompt.includes('[[ ## reasoning ## ]]') ? { reasoning: 'It was asked.' } : {}), answer: ANSWER });
  const called = new Set([...prompt.matchAll(/\[\[ ## tool_name_\d+ ## \]\]\\n(\w+)/g)].map(([, name]) => name));
  const offered = [...prompt.matchAll(/\(\d+\) (\w+)/g)].map(([, name]) => name!);
  const next = offered.find((name) => !called.has(name)) ?? 'finish';
  return fields({ next_thought: 'One thing after the other.', next_tool_name: next, next_tool_args: next === 'finish' ? '{}' : '{"city": "Bergen"}' });
}

/** LlamaIndex: a handoff goes to the agent that there is. */
export function answerLlamaIndex({ tools, called }: Asked): Turn | null {
  const left = tools.filter(({ name }) => !called.includes(name));
  if (left.length !== 1 || left[0]?.name !== 'handoff') return left.length > 0 ? callsFor(left.filter(({ name }) => name !== 'handoff')) : null;
  return { tools: [{ name: 'handoff', arguments: JSON.stringify({ to_agent: 'guide', reason: 'museums' }) }] };
}

/** Instructor: a list of objects is asked for as arguments that may be left out, which is of no use. */
export function answerInstructor({ tools }: Asked): Turn | null {
  const [tool] = tools;
  if (tool?.name.startsWith('Iterable') !== true) return null;
  return { tools: [{ name: tool.name, arguments: JSON.stringify({ tasks: ['Bergen', 'Oslo'].map((city) => ({ city, days: 3 })) }) }] };
}
