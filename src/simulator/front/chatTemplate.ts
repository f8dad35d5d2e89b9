/**
 * Chat messages as the tokens of a prompt, after Llama 3.1's chat template: special tokens around each message's role,
 * tools as JSON in the system part. Answers are laid out by the same functions, so that a conversation's next prompt
 * begins with the last one and its answer, as the prefix cache needs it.
 */
import { splitIntoTokens } from '../tokenEstimate.ts';
import { contentText, type ChatMessage, type Tool } from './requests.ts';

export const BEGIN_OF_TEXT = '<|begin_of_text|>';
export const END_OF_TURN = '<|eot_id|>';
/** What the template writes even when there is no system message. */
const SYSTEM_PREAMBLE = 'Cutting Knowledge Date: December 2023\nToday Date: 26 Jul 2024\n\n';
const TOOLS_PREAMBLE =
  'Given the following functions, please respond with a JSON for a function call with its proper arguments that best answers the given prompt.\n\n' +
  'Respond in the format {"name": function name, "parameters": dictionary of argument name and its value}. Do not use variables.\n\n';

/** A tool call's text before and after its arguments. */
export function toolCallFrame(name: string): { before: string; after: string } {
  return { before: `{"name": ${JSON.stringify(name)}, "parameters": `, after: '}' };
}

function header(role: string): string[] {
  return ['<|start_header_id|>', role, '<|end_header_id|>', '\n\n'];
}

function messagePieces(message: ChatMessage): string[] {
  const pieces = [...header(message.role === 'tool' ? 'ipython' : message.role), ...splitIntoTokens(contentText(message.content))];
  for (const { function: called } of message.tool_calls ?? []) {
    const { before, after } = toolCallFrame(called.name);
    pieces.push(...splitIntoTokens(before), ...splitIntoTokens(called.arguments ?? '{}'), ...splitIntoTokens(after));
  }
  pieces.push(END_OF_TURN);
  return pieces;
}

/** The pieces of a whole prompt, ending where the assistant's turn begins. */
export function promptPieces(messages: readonly ChatMessage[], tools: readonly Tool[]): string[] {
  const isSystem = (message: ChatMessage | undefined) => message?.role === 'system' || message?.role === 'developer';
  const [first, ...others] = messages;
  const system = isSystem(first) ? contentText(first?.content) : '';
  const pieces = [BEGIN_OF_TEXT, ...header('system'), ...splitIntoTokens(SYSTEM_PREAMBLE)];
  if (tools.length > 0) {
    pieces.push(...splitIntoTokens(TOOLS_PREAMBLE));
    for (const tool of tools) pieces.push(...splitIntoTokens(JSON.stringify(tool, null, 4)), '\n\n');
  }
  pieces.push(...splitIntoTokens(system), END_OF_TURN);
  for (const message of isSystem(first) ? others : messages) pieces.push(...messagePieces(message));
  pieces.push(...header('assistant'));
  return pieces;
}
