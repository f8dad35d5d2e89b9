/** What the recorder reads of requests and answers, in the words of each API. */
import type { CallLine, Usage } from '../../profile/recordingFormat.ts';
import { asArray, asObject, asString, type JsonObject } from '../../proxy/json.ts';
import type { ServerTimes } from '../../proxy/usage.ts';

/** A message of a prompt; `whole` is what its digest is taken of. */
export interface PromptMessage {
  role: string;
  text: string;
  whole: unknown;
}

export type ToolResult = CallLine['request']['toolResults'][number];

/** An answer while it is read. */
export interface AnswerParts {
  text: string[];
  usage: Usage | null;
  serverTimes: ServerTimes | null;
  finishReason: string | null;
  model: string | null;
  error: { message: string; code: string } | null;
  /** The stream has said that it is complete. */
  finished: boolean;
  /** Adds to the tool call of a key; pieces of its arguments come one after another. */
  toolCall(key: string, part: { id?: string | null; name?: string | null; arguments?: string | null }): void;
}

export interface Api {
  messages(body: JsonObject): PromptMessage[];
  /** Results of tools that the request hands to the model. */
  toolResults(body: JsonObject): ToolResult[];
  /** Reads one event of a stream. @returns whether it carries output */
  event(answer: AnswerParts, event: JsonObject): boolean;
  /** Reads an answer in one piece. */
  body(answer: AnswerParts, body: JsonObject): void;
}

/** Text of a message's content, in any of its forms: a string, parts with text, or refusals. */
export function contentText(content: unknown): string {
  if (typeof content === 'string') return content;
  return asArray(content)
    .map((part) => {
      if (typeof part === 'string') return part;
      const object = asObject(part);
      return asString(object?.['text']) ?? asString(object?.['refusal']) ?? '';
    })
    .join('');
}

/** What a server says went wrong, as an object or in words. */
export function errorOf(value: unknown): AnswerParts['error'] {
  if (typeof value === 'string') return { message: value, code: 'error' };
  const error = asObject(value);
  if (error === null) return null;
  const code = error['type'] ?? error['code'];
  return { message: asString(error['message']) ?? 'the server gave no message', code: typeof code === 'string' || typeof code === 'number' ? String(code) : 'error' };
}

/** Objects of a list. */
export function objectsOf(list: unknown): JsonObject[] {
  return asArray(list).flatMap((entry): JsonObject[] => {
    const object = asObject(entry);
    return object === null ? [] : [object];
  });
}
