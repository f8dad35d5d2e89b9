/** Answers written beforehand for the tasks that ship with the product, so that its own examples solve them. */
import { z } from 'zod';
import hotpotqa from '../scripts/hotpotqa.json' with { type: 'json' };
import humaneval from '../scripts/humaneval.json' with { type: 'json' };
import math from '../scripts/math.json' with { type: 'json' };
import webshop from '../scripts/webshop.json' with { type: 'json' };
import { answerInFormat, conclusion, nextStep, variant, type Asked } from './scriptedFormats.ts';
import type { Answer } from '../tokens/tokenizer.ts';

const scriptSchema = z.object({
  /** Found in a user's message, it selects this script. */
  question: z.string().min(1),
  /** One for each call of the model, in order. */
  steps: z.array(z.object({ thought: z.string(), tool: z.string(), arguments: z.record(z.string(), z.unknown()) })),
  /** Words that the tools' results must have held for the answer to be given. */
  needs: z.array(z.string()),
  answer: z.string(),
  /** What is said instead when the tools did not find them. */
  otherwise: z.string(),
});
export type Script = z.infer<typeof scriptSchema>;

/** Every script that ships. */
export const scripts: Script[] = z.array(scriptSchema).parse([...hotpotqa, ...humaneval, ...math, ...webshop]);

/** One message of a conversation, as far as scripts look at it. */
export interface ScriptMessage {
  role: string;
  text: string;
}

/** Instructions that ask for all calls of tools in one answer, as a planner's do. */
const ALL_AT_ONCE = /\bcall at once all tools\b/i;

/**
 * The scripted answer to a conversation; null when none is about it, or it needs a tool that is neither offered nor called in
 * the text. @param sample which of several samples the client wants, by its seed
 */
export function scriptedAnswer(messages: readonly ScriptMessage[], toolNames: readonly string[], sample: number | null = null): Answer | null {
  for (let index = messages.length - 1; index >= 0; index--) {
    const message = messages[index]!;
    if (message.role !== 'user') continue;
    const script = scripts.find(({ question }) => message.text.includes(question));
    if (script === undefined) continue;
    const instructions = messages
      .filter(({ role }) => role === 'system' || role === 'developer')
      .map(({ text }) => text)
      .join('\n');
    const asked: Asked = { script, question: message.text, instructions, since: messages.slice(index + 1), sample };
    const text = toolNames.length === 0 ? answerInFormat(asked) : null;
    return text === null ? withTools(asked, toolNames) : { content: text, toolCalls: [] };
  }
  return null;
}

function withTools(asked: Asked, toolNames: readonly string[]): Answer | null {
  const { script, since, instructions } = asked;
  if (script.steps.some(({ tool }) => !toolNames.includes(tool))) return null;
  const calls = (steps: typeof script.steps) => steps.map(({ tool, arguments: args }) => ({ name: tool, arguments: JSON.stringify(args) }));
  if (ALL_AT_ONCE.test(instructions)) return { content: null, toolCalls: calls(script.steps) };
  const step = nextStep(asked);
  if (step !== undefined) {
    const taken = variant(step, asked);
    return { content: taken.thought, toolCalls: calls([taken]) };
  }
  const results = since
    .filter(({ role }) => role === 'tool')
    .map(({ text }) => text)
    .join('\n');
  return { content: conclusion(script, results), toolCalls: [] };
}
