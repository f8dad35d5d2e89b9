/** OpenAI's chat completions, its older completions, and embeddings: what most servers speak. */
import { asArray, asObject, asString, type JsonObject } from '../../proxy/json.ts';
import { parseServerTimes, parseUsage } from '../../proxy/usage.ts';
import { contentText, errorOf, objectsOf, type AnswerParts, type Api, type PromptMessage } from './api.ts';

/** Text of the tool calls that an earlier answer made: part of the prompt, too. */
function toolCallText(message: JsonObject): string {
  return objectsOf(message['tool_calls'])
    .map((call) => {
      const called = asObject(call['function']);
      return `${asString(called?.['name']) ?? ''}${asString(called?.['arguments']) ?? ''}`;
    })
    .join('');
}

function common(answer: AnswerParts, chunk: JsonObject): void {
  answer.model = asString(chunk['model']) ?? answer.model;
  answer.usage = parseUsage(chunk['usage']) ?? answer.usage;
  answer.serverTimes = parseServerTimes(chunk) ?? answer.serverTimes;
  answer.error = errorOf(chunk['error']) ?? answer.error;
}

function toolCall(answer: AnswerParts, key: string, call: JsonObject): void {
  const called = asObject(call['function']);
  answer.toolCall(key, { id: asString(call['id']), name: asString(called?.['name']), arguments: asString(called?.['arguments']) });
}

function event(answer: AnswerParts, chunk: JsonObject): boolean {
  common(answer, chunk);
  let output = false;
  for (const choice of objectsOf(chunk['choices'])) {
    const finish = asString(choice['finish_reason']);
    if (finish !== null) {
      answer.finishReason = finish;
      answer.finished = true;
    }
    const delta = asObject(choice['delta']);
    const text = asString(delta?.['content']) ?? asString(choice['text']) ?? '';
    if (text !== '') {
      answer.text.push(text);
      output = true;
    }
    // `reasoning` and `reasoning_content` are vLLM's names, the latter also DeepSeek's.
    for (const name of ['reasoning', 'reasoning_content', 'refusal']) if ((asString(delta?.[name]) ?? '') !== '') output = true;
    for (const call of objectsOf(delta?.['tool_calls'])) {
      toolCall(answer, `${String(choice['index'])}.${String(call['index'])}`, call);
      output = true;
    }
  }
  return output;
}

function body(answer: AnswerParts, whole: JsonObject): void {
  common(answer, whole);
  for (const choice of objectsOf(whole['choices'])) {
    answer.finishReason = asString(choice['finish_reason']) ?? answer.finishReason;
    const message = asObject(choice['message']);
    answer.text.push(asString(message?.['content']) ?? asString(choice['text']) ?? '');
    objectsOf(message?.['tool_calls']).forEach((call, index) => toolCall(answer, `${String(choice['index'])}.${index}`, call));
  }
}

export const chat: Api = {
  messages: (request) =>
    objectsOf(request['messages']).map((message) => ({ role: asString(message['role']) ?? 'user', text: contentText(message['content']) + toolCallText(message), whole: message })),
  toolResults: (request) =>
    objectsOf(request['messages']).flatMap((message) => {
      const callId = message['role'] === 'tool' ? asString(message['tool_call_id']) : null;
      return callId === null ? [] : [{ callId, bytes: Buffer.byteLength(contentText(message['content'])) }];
    }),
  event,
  body,
};

/** A bare prompt has no role; the user wrote it. Prompts given as token ids have no text that could be counted. */
export function bareMessages(prompt: unknown): PromptMessage[] {
  return (typeof prompt === 'string' ? [prompt] : asArray(prompt)).flatMap((text) => (typeof text === 'string' ? [{ role: 'user', text, whole: text }] : []));
}

export const completions: Api = { ...chat, messages: (request) => bareMessages(request['prompt']), toolResults: () => [] };

export const embeddings: Api = { ...completions, messages: (request) => bareMessages(request['input']) };
