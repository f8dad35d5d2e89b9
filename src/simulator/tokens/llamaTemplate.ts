/**
 * Chat messages as a prompt, in the form of Llama 3.1's chat template: special tokens around each message's role,
 * tools as JSON in the system part. Answers are laid out by the same functions, so that a conversation's next prompt
 * begins with the last one and its answer, as the prefix cache needs it.
 */
import { contentText, type ChatMessage } from '../front/requests.ts';
import type { Answer, Conversation, WrittenPart } from './tokenizer.ts';

export const BEGIN_OF_TEXT = '<|begin_of_text|>';
export const END_OF_TURN = '<|eot_id|>';
export const END_OF_TEXT = '<|end_of_text|>';
/** What the template writes even when there is no system message. */
const SYSTEM_PREAMBLE = 'Cutting Knowledge Date: December 2023\nToday Date: 26 Jul 2024\n\n';
const TOOLS_PREAMBLE =
  'Given the following functions, please respond with a JSON for a function call with its proper arguments that best answers the given prompt.\n\n' +
  'Respond in the format {"name": function name, "parameters": dictionary of argument name and its value}. Do not use variables.\n\n';

/** A part of a prompt: what is `special` is one token, whatever its text. */
export interface PromptPart {
  text: string;
  special: boolean;
}

const special = (text: string): PromptPart => ({ text, special: true });
const plain = (text: string): PromptPart => ({ text, special: false });

function header(role: string): PromptPart[] {
  return [special('<|start_header_id|>'), special(role), special('<|end_header_id|>'), plain('\n\n')];
}

function messageParts(message: ChatMessage): PromptPart[] {
  const calls = (message.tool_calls ?? []).map(({ function: called }) => ({ name: called.name, arguments: called.arguments ?? '{}' }));
  const said = inLlamasForm({ content: contentText(message.content), toolCalls: calls });
  return [...header(message.role === 'tool' ? 'ipython' : message.role), ...said.map(({ text }) => plain(text)), special(END_OF_TURN)];
}

/** An answer as the model writes it: its text, then each call of a tool as JSON. */
export function inLlamasForm({ content, toolCalls }: Answer): WrittenPart[] {
  return [
    ...(content === null ? [] : [{ text: content, shown: { kind: 'content' as const } }]),
    ...toolCalls.flatMap(({ name, arguments: given }, call): WrittenPart[] => [
      { text: `{"name": ${JSON.stringify(name)}, "parameters": `, shown: { kind: 'toolName', call, name } },
      { text: given, shown: { kind: 'toolArguments', call } },
      { text: '}', shown: null },
    ]),
  ];
}

/** A whole prompt, ending where the assistant's turn begins. */
export function promptParts({ messages, tools }: Conversation): PromptPart[] {
  const isSystem = (message: ChatMessage | undefined) => message?.role === 'system' || message?.role === 'developer';
  const [first, ...others] = messages;
  const parts = [special(BEGIN_OF_TEXT), ...header('system'), plain(SYSTEM_PREAMBLE)];
  if (tools.length > 0) parts.push(plain(TOOLS_PREAMBLE), ...tools.flatMap((tool) => [plain(JSON.stringify(tool, null, 4)), plain('\n\n')]));
  parts.push(plain(isSystem(first) ? contentText(first?.content) : ''), special(END_OF_TURN));
  for (const message of isSystem(first) ? others : messages) parts.push(...messageParts(message));
  return [...parts, ...header('assistant')];
}
