/** What is kept of a request: who wrote how much of the prompt, the tools offered, the tools' results. */
import { createHash } from 'node:crypto';
import type { CallLine, Capture, Endpoint, MessageDigest } from '../profile/recordingFormat.ts';
import { asArray, asCount, asObject, asString, type JsonObject } from '../proxy/json.ts';

export type RequestDigest = Pick<CallLine, 'model'> & { request: CallLine['request'] };

const HASH_DIGITS = 16;

/** Text of a message's content, in any of its forms: a string, parts with text, or refusals. */
function contentText(content: unknown): string {
  if (typeof content === 'string') return content;
  return asArray(content)
    .map((part) => {
      if (typeof part === 'string') return part;
      const object = asObject(part);
      return asString(object?.['text']) ?? asString(object?.['refusal']) ?? '';
    })
    .join('');
}

/** Text of the tool calls that an earlier answer made: part of the prompt, too. */
function toolCallText(message: JsonObject): string {
  return asArray(message['tool_calls'])
    .map((call) => {
      const called = asObject(asObject(call)?.['function']);
      return `${asString(called?.['name']) ?? ''}${asString(called?.['arguments']) ?? ''}`;
    })
    .join('');
}

function digest(role: string, text: string, whole: unknown, capture: Capture): MessageDigest {
  return {
    role,
    hash: capture === 'none' ? null : createHash('sha256').update(JSON.stringify(whole)).digest('hex').slice(0, HASH_DIGITS),
    chars: text.length,
    text: capture === 'full' ? text : null,
  };
}

/** Items of a Responses request: messages, and calls and results of tools without a role. */
function inputItem(item: JsonObject, capture: Capture): MessageDigest {
  const type = asString(item['type']);
  if (type === 'function_call') return digest('assistant', `${asString(item['name']) ?? ''}${asString(item['arguments']) ?? ''}`, item, capture);
  if (type === 'function_call_output') return digest('tool', contentText(item['output']), item, capture);
  return digest(asString(item['role']) ?? 'user', contentText(item['content']), item, capture);
}

function messagesOf(endpoint: Endpoint, body: JsonObject, capture: Capture): MessageDigest[] {
  if (endpoint === 'chat') {
    return asArray(body['messages']).flatMap((entry) => {
      const message = asObject(entry);
      return message === null ? [] : [digest(asString(message['role']) ?? 'user', contentText(message['content']) + toolCallText(message), message, capture)];
    });
  }
  if (endpoint === 'responses') {
    const instructions = asString(body['instructions']);
    const input = body['input'];
    return [
      ...(instructions === null ? [] : [digest('system', instructions, instructions, capture)]),
      ...(typeof input === 'string' ? [digest('user', input, input, capture)] : []),
      ...asArray(input).flatMap((entry) => {
        const item = asObject(entry);
        return item === null ? [] : [inputItem(item, capture)];
      }),
    ];
  }
  // A bare prompt has no role; the user wrote it. Prompts given as token ids have no text that could be counted.
  const prompt = endpoint === 'embeddings' ? body['input'] : body['prompt'];
  return (typeof prompt === 'string' ? [prompt] : asArray(prompt)).flatMap((text) => (typeof text === 'string' ? [digest('user', text, text, capture)] : []));
}

function toolResultsOf(endpoint: Endpoint, body: JsonObject): CallLine['request']['toolResults'] {
  const entries = endpoint === 'chat' ? asArray(body['messages']) : endpoint === 'responses' ? asArray(body['input']) : [];
  return entries.flatMap((entry) => {
    const item = asObject(entry);
    if (item === null) return [];
    const isResult = endpoint === 'chat' ? item['role'] === 'tool' : item['type'] === 'function_call_output';
    const callId = asString(endpoint === 'chat' ? item['tool_call_id'] : item['call_id']);
    return isResult && callId !== null ? [{ callId, bytes: Buffer.byteLength(contentText(endpoint === 'chat' ? item['content'] : item['output'])) }] : [];
  });
}

function toolName(tool: unknown): string {
  const object = asObject(tool);
  return asString(asObject(object?.['function'])?.['name']) ?? asString(object?.['name']) ?? asString(object?.['type']) ?? 'unnamed';
}

/**
 * Digests a request's JSON; a body that is none (`null` included) leaves everything but its length unknown.
 * @param bytes length of the body as the client sent it
 */
export function digestRequest(endpoint: Endpoint, body: JsonObject | null, bytes: number, capture: Capture): RequestDigest {
  if (body === null) return { model: null, request: { bytes, messages: [], tools: [], toolsChars: 0, toolResults: [], maxTokens: null } };
  const tools = asArray(body['tools']);
  return {
    model: asString(body['model']),
    request: {
      bytes,
      messages: messagesOf(endpoint, body, capture),
      tools: tools.map(toolName),
      toolsChars: tools.length === 0 ? 0 : JSON.stringify(tools).length,
      toolResults: toolResultsOf(endpoint, body),
      maxTokens: asCount(body['max_completion_tokens']) ?? asCount(body['max_tokens']) ?? asCount(body['max_output_tokens']),
    },
  };
}
