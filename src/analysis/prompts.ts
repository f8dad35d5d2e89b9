/** The prompts and answers of a recording, each message once. Pure; texts are there only in recordings whose capture is `full`. */
import type { Call } from '../profile/model.ts';
import type { PromptMessage, PromptTable } from '../protocol/content.ts';
import type { MessageDigest } from '../profile/recordingFormat.ts';
import { isLlmCall } from './drafts.ts';

const NONE = { has: () => false };

/** The prompts and answers of a recording's model calls, each message once however many prompts hold it. `calls` in order of start; `leftOut` has the messages whose texts were too many to be read. */
export function promptTable(calls: readonly Call[], leftOut: { has(message: MessageDigest): boolean } = NONE): PromptTable {
  const messages: PromptMessage[] = [];
  const numbers = new Map<string, number>();
  const numberOf = (message: MessageDigest): number => {
    const key = message.hash === null ? null : `${message.hash} ${message.role} ${message.chars}`;
    const known = key === null ? undefined : numbers.get(key);
    if (known !== undefined) return known;
    const number = messages.push({ role: message.role, hash: message.hash, chars: message.chars, text: message.text, ...(leftOut.has(message) ? { leftOut: true as const } : {}) }) - 1;
    if (key !== null) numbers.set(key, number);
    return number;
  };
  return {
    messages,
    calls: calls
      .filter(({ start }) => isLlmCall(start))
      .map(({ start, end }) => ({
        id: start.id,
        server: start.server ?? null,
        endpoint: start.endpoint,
        path: start.path,
        model: start.model,
        stream: start.stream,
        maxTokens: start.request.maxTokens,
        messages: start.request.messages.map(numberOf),
        tools: start.request.tools,
        toolsChars: start.request.toolsChars,
        toolResults: start.request.toolResults,
        answer: end?.text ?? null,
        toolCalls: (end?.toolCalls ?? []).map(({ callId, name, arguments: given }) => ({ callId, name, arguments: given })),
        promptTokens: end?.usage?.promptTokens ?? null,
        cachedTokens: end?.usage?.cachedTokens ?? null,
        chunkGaps: end?.chunkGaps ?? [],
        endMs: end?.t ?? null,
      })),
  };
}
