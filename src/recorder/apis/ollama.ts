/** Ollama's own API: `/api/chat`, `/api/generate`, `/api/embed`; streams are lines of JSON. */
import { asCount, asDuration, asObject, asString, type JsonObject } from '../../proxy/json.ts';
import { objectsOf, type AnswerParts, type Api } from './api.ts';
import { bareMessages } from './chat.ts';

const NS_PER_MS = 1e6;

/** Ollama's calls of tools have no ids: they are told apart by their place in the answer, and results by the tool's name. */
function toolCalls(answer: AnswerParts, message: JsonObject | null): boolean {
  const calls = objectsOf(message?.['tool_calls']);
  calls.forEach((call, index) => {
    const called = asObject(call['function']);
    const key = `${asString(called?.['name']) ?? ''}.${asCount(called?.['index']) ?? index}`;
    answer.toolCall(key, { id: asString(call['id']), name: asString(called?.['name']), arguments: JSON.stringify(called?.['arguments'] ?? {}) });
  });
  return calls.length > 0;
}

/**
 * Durations come in nanoseconds. Today's Ollama counts the whole prompt (`prompt_eval_count`) and what its cache spared of it
 * (`prompt_eval_cached_count`, docs.ollama.com/api/usage); before, the first was what was evaluated, and of the cache nothing was said.
 */
function event(answer: AnswerParts, line: JsonObject): boolean {
  answer.model = asString(line['model']) ?? answer.model;
  if (typeof line['error'] === 'string') answer.error = { message: line['error'], code: 'error' };
  const message = asObject(line['message']);
  const text = asString(message?.['content']) ?? asString(line['response']) ?? '';
  if (text !== '') answer.text.push(text);
  const called = toolCalls(answer, message);
  if (line['done'] === true || 'prompt_eval_count' in line) {
    answer.finished = true;
    answer.finishReason = asString(line['done_reason']) ?? answer.finishReason;
    answer.usage = { promptTokens: asCount(line['prompt_eval_count']), cachedTokens: asCount(line['prompt_eval_cached_count']), completionTokens: asCount(line['eval_count']), reasoningTokens: null };
    const [load, prefill, decode] = ['load_duration', 'prompt_eval_duration', 'eval_duration'].map((name) => asDuration(line[name]));
    const ms = (nanoseconds: number | null | undefined) => (nanoseconds === null || nanoseconds === undefined ? null : nanoseconds / NS_PER_MS);
    if (prefill !== null || decode !== null) answer.serverTimes = { queueMs: ms(load), prefillMs: ms(prefill), decodeMs: ms(decode) };
  }
  return text !== '' || called || (asString(message?.['thinking']) ?? '') !== '';
}

export const ollama: Api = {
  messages: (request) => {
    if (Array.isArray(request['messages'])) {
      return objectsOf(request['messages']).map((message) => {
        const calls = objectsOf(message['tool_calls']).map((call) => JSON.stringify(call['function'] ?? {}));
        return { role: asString(message['role']) ?? 'user', text: (asString(message['content']) ?? '') + calls.join(''), whole: message };
      });
    }
    const system = asString(request['system']);
    return [...(system === null ? [] : [{ role: 'system', text: system, whole: system }]), ...bareMessages(request['prompt'] ?? request['input'])];
  },
  toolResults: () => [],
  event,
  body: (answer, whole) => void event(answer, whole),
};
