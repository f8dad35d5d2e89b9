/** llama.cpp's own API: `/completion`, `/infill`, `/embedding`. */
import { asCount, asObject, asString, type JsonObject } from '../../proxy/json.ts';
import { parseServerTimes } from '../../proxy/usage.ts';
import { errorOf, type AnswerParts, type Api } from './api.ts';
import { bareMessages } from './chat.ts';

/** `tokens_evaluated` counts the whole prompt, `timings.cache_n` what the cache spared of it. */
function event(answer: AnswerParts, chunk: JsonObject): boolean {
  answer.model = asString(chunk['model']) ?? answer.model;
  answer.error = errorOf(chunk['error']) ?? answer.error;
  answer.serverTimes = parseServerTimes(chunk) ?? answer.serverTimes;
  const text = asString(chunk['content']) ?? '';
  if (text !== '') answer.text.push(text);
  if (chunk['stop'] === true) {
    answer.finished = true;
    answer.finishReason = asString(chunk['stop_type']) ?? answer.finishReason;
  }
  if ('tokens_predicted' in chunk && ('timings' in chunk || chunk['stop'] === true)) {
    answer.usage = {
      promptTokens: asCount(chunk['tokens_evaluated']),
      cachedTokens: asCount(asObject(chunk['timings'])?.['cache_n']),
      completionTokens: asCount(chunk['tokens_predicted']),
      reasoningTokens: null,
    };
  }
  return text !== '';
}

export const llamacpp: Api = {
  messages: (request) => bareMessages(request['prompt'] ?? request['content']),
  toolResults: () => [],
  event,
  body: (answer, whole) => void event(answer, whole),
};
