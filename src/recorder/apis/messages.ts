/** Anthropic's Messages, as Anthropic, vLLM and llama.cpp serve it. */
import type { Usage } from '../../profile/recordingFormat.ts';
import { asCount, asObject, asString, type JsonObject } from '../../proxy/json.ts';
import { parseServerTimes } from '../../proxy/usage.ts';
import { contentText, errorOf, objectsOf, type AnswerParts, type Api, type PromptMessage } from './api.ts';

/** `input_tokens` leaves out what was read from the cache and what was written to it. Absent counts keep what an earlier event said. */
function usageOf(value: unknown, before: Usage | null): Usage | null {
  const usage = asObject(value);
  if (usage === null) return before;
  const input = asCount(usage['input_tokens']);
  const cached = asCount(usage['cache_read_input_tokens']);
  const written = asCount(usage['cache_creation_input_tokens']);
  return {
    promptTokens: input === null ? (before?.promptTokens ?? null) : input + (cached ?? 0) + (written ?? 0),
    cachedTokens: cached ?? before?.cachedTokens ?? null,
    completionTokens: asCount(usage['output_tokens']) ?? before?.completionTokens ?? null,
    reasoningTokens: before?.reasoningTokens ?? null,
  };
}

function blockText(block: JsonObject): string {
  switch (block['type']) {
    case 'tool_use':
      return `${asString(block['name']) ?? ''}${JSON.stringify(block['input'] ?? {})}`;
    case 'tool_result':
      return contentText(block['content']);
    case 'thinking':
      return asString(block['thinking']) ?? '';
    default:
      return asString(block['text']) ?? '';
  }
}

/** A message of the user's that holds results of tools is the tools'. */
function messageOf(message: JsonObject): PromptMessage {
  const { content } = message;
  if (typeof content === 'string') return { role: asString(message['role']) ?? 'user', text: content, whole: message };
  const blocks = objectsOf(content);
  const results = blocks.some((block) => block['type'] === 'tool_result');
  return { role: results ? 'tool' : (asString(message['role']) ?? 'user'), text: blocks.map(blockText).join(''), whole: message };
}

function body(answer: AnswerParts, message: JsonObject): void {
  answer.model = asString(message['model']) ?? answer.model;
  answer.usage = usageOf(message['usage'], answer.usage);
  answer.serverTimes = parseServerTimes(message) ?? answer.serverTimes;
  answer.error = errorOf(message['error']) ?? answer.error;
  answer.finishReason = asString(message['stop_reason']) ?? answer.finishReason;
  objectsOf(message['content']).forEach((block, index) => {
    if (block['type'] === 'tool_use') answer.toolCall(String(index), { id: asString(block['id']), name: asString(block['name']), arguments: JSON.stringify(block['input'] ?? {}) });
    else if (block['type'] === 'text') answer.text.push(asString(block['text']) ?? '');
  });
}

function event(answer: AnswerParts, event: JsonObject): boolean {
  switch (event['type']) {
    case 'message_start': {
      const message = asObject(event['message']);
      if (message !== null) body(answer, message);
      return false;
    }
    case 'content_block_start': {
      const block = asObject(event['content_block']);
      if (block?.['type'] !== 'tool_use') return false;
      answer.toolCall(String(event['index']), { id: asString(block['id']), name: asString(block['name']) });
      return true;
    }
    case 'content_block_delta': {
      const delta = asObject(event['delta']);
      const text = asString(delta?.['text']);
      if (text !== null) answer.text.push(text);
      const json = asString(delta?.['partial_json']);
      if (json !== null) answer.toolCall(String(event['index']), { arguments: json });
      return (text ?? json ?? asString(delta?.['thinking']) ?? '') !== '';
    }
    case 'message_delta':
      answer.usage = usageOf(event['usage'], answer.usage);
      answer.serverTimes = parseServerTimes(event) ?? answer.serverTimes;
      answer.finishReason = asString(asObject(event['delta'])?.['stop_reason']) ?? answer.finishReason;
      return false;
    case 'message_stop':
      answer.finished = true;
      answer.serverTimes = parseServerTimes(event) ?? answer.serverTimes;
      return false;
    case 'error':
      answer.error = errorOf(event['error']);
      return false;
    default:
      return false;
  }
}

export const messages: Api = {
  messages: (request) => {
    const system = contentText(request['system']);
    return [...(system === '' ? [] : [{ role: 'system', text: system, whole: request['system'] }]), ...objectsOf(request['messages']).map(messageOf)];
  },
  toolResults: (request) =>
    objectsOf(request['messages'])
      .flatMap((message) => objectsOf(message['content']))
      .flatMap((block) => {
        const callId = block['type'] === 'tool_result' ? asString(block['tool_use_id']) : null;
        return callId === null ? [] : [{ callId, bytes: Buffer.byteLength(contentText(block['content'])) }];
      }),
  event,
  body,
};
