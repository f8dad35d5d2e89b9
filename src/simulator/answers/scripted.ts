/** Answers written beforehand for the tasks that ship with the product, so that its own examples solve them. */
import { z } from 'zod';
import hotpotqa from '../scripts/hotpotqa.json' with { type: 'json' };
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
export const scripts: Script[] = z.array(scriptSchema).parse(hotpotqa);

/** One message of a conversation, as far as scripts look at it. */
export interface ScriptMessage {
  role: string;
  text: string;
}

/** The scripted answer to a conversation; null when none is about it, or it needs a tool that is not offered. */
export function scriptedAnswer(messages: readonly ScriptMessage[], toolNames: readonly string[]): Answer | null {
  for (let asked = messages.length - 1; asked >= 0; asked--) {
    const message = messages[asked]!;
    if (message.role !== 'user') continue;
    const script = scripts.find(({ question }) => message.text.includes(question));
    if (script === undefined) continue;
    if (script.steps.some(({ tool }) => !toolNames.includes(tool))) return null;
    const since = messages.slice(asked + 1);
    const step = script.steps[since.filter(({ role }) => role === 'assistant').length];
    if (step !== undefined) return { content: step.thought, toolCalls: [{ name: step.tool, arguments: JSON.stringify(step.arguments) }] };
    const results = since
      .filter(({ role }) => role === 'tool')
      .map(({ text }) => text)
      .join('\n');
    return { content: script.needs.every((word) => results.includes(word)) ? script.answer : script.otherwise, toolCalls: [] };
  }
  return null;
}
