/** OpenAI's Responses. */
import { asObject, asString, type JsonObject } from '../../proxy/json.ts';
import { parseServerTimes, parseUsage } from '../../proxy/usage.ts';
import { contentText, errorOf, objectsOf, type AnswerParts, type Api, type PromptMessage } from './api.ts';

/** Messages, and calls and results of tools without a role. */
function inputItem(item: JsonObject): PromptMessage {
  const type = asString(item['type']);
  if (type === 'function_call') return { role: 'assistant', text: `${asString(item['name']) ?? ''}${asString(item['arguments']) ?? ''}`, whole: item };
  if (type === 'function_call_output') return { role: 'tool', text: contentText(item['output']), whole: item };
  return { role: asString(item['role']) ?? 'user', text: contentText(item['content']), whole: item };
}

function common(answer: AnswerParts, response: JsonObject): void {
  answer.model = asString(response['model']) ?? answer.model;
  answer.usage = parseUsage(response['usage']) ?? answer.usage;
  answer.serverTimes = parseServerTimes(response) ?? answer.serverTimes;
  answer.error = errorOf(response['error']) ?? answer.error;
}

function body(answer: AnswerParts, response: JsonObject): void {
  common(answer, response);
  const incomplete = asString(asObject(response['incomplete_details'])?.['reason']);
  answer.finishReason = incomplete ?? asString(response['status']);
  objectsOf(response['output']).forEach((item, index) => {
    if (item['type'] === 'function_call') answer.toolCall(String(index), { id: asString(item['call_id']), name: asString(item['name']), arguments: asString(item['arguments']) });
    else for (const part of objectsOf(item['content'])) answer.text.push(asString(part['text']) ?? '');
  });
}

function event(answer: AnswerParts, event: JsonObject): boolean {
  const type = asString(event['type']) ?? '';
  const delta = asString(event['delta']) ?? '';
  switch (type) {
    case 'response.output_text.delta':
      answer.text.push(delta);
      return delta !== '';
    case 'response.completed':
    case 'response.incomplete':
    case 'response.failed': {
      answer.finished = true;
      // llama.cpp puts its timings beside the response.
      answer.serverTimes = parseServerTimes(event) ?? answer.serverTimes;
      const response = asObject(event['response']);
      if (response === null) return false;
      answer.text.length = 0;
      body(answer, response);
      return false;
    }
    case 'error':
      answer.error = { message: asString(event['message']) ?? 'the server gave no message', code: asString(event['code']) ?? 'error' };
      return false;
    default:
      return type.endsWith('.delta') && delta !== '';
  }
}

export const responses: Api = {
  messages: (request) => {
    const instructions = asString(request['instructions']);
    const { input } = request;
    return [
      ...(instructions === null ? [] : [{ role: 'system', text: instructions, whole: instructions }]),
      ...(typeof input === 'string' ? [{ role: 'user', text: input, whole: input }] : []),
      ...objectsOf(input).map(inputItem),
    ];
  },
  toolResults: (request) =>
    objectsOf(request['input']).flatMap((item) => {
      const callId = item['type'] === 'function_call_output' ? asString(item['call_id']) : null;
      return callId === null ? [] : [{ callId, bytes: Buffer.byteLength(contentText(item['output'])) }];
    }),
  event,
  body,
};
