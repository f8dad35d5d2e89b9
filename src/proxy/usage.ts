/** What servers say about a call: tokens, and their own account of its time. */
import type { CallEndLine, Usage } from '../profile/recordingFormat.ts';
import { asCount, asDuration, asObject, type JsonObject } from './json.ts';

const MS_PER_S = 1000;

/**
 * Token counts of a `usage` object, in the words of chat and completions (`prompt_tokens`) or of responses (`input_tokens`; the realtime API has its details under `input_token_details`).
 * Cached tokens that are not named are null: servers leave them out when told to, and some also when they are 0.
 * Models of speech may be charged by the audio's length instead (`{"type": "duration", "seconds": 18}`, `TranscriptTextUsageDuration`
 * of https://github.com/openai/openai-python): then that is known, and no tokens are.
 */
export function parseUsage(value: unknown): Usage | null {
  const usage = asObject(value);
  if (usage === null) return null;
  const promptDetails = asObject(usage['prompt_tokens_details']) ?? asObject(usage['input_tokens_details']) ?? asObject(usage['input_token_details']);
  const completionDetails = asObject(usage['completion_tokens_details']) ?? asObject(usage['output_tokens_details']);
  const audioSeconds = usage['type'] === 'duration' ? asDuration(usage['seconds']) : null;
  return {
    promptTokens: asCount(usage['prompt_tokens']) ?? asCount(usage['input_tokens']),
    // `prompt_cache_hit_tokens`: DeepSeek's API.
    cachedTokens: asCount(promptDetails?.['cached_tokens']) ?? asCount(usage['prompt_cache_hit_tokens']),
    completionTokens: asCount(usage['completion_tokens']) ?? asCount(usage['output_tokens']),
    reasoningTokens: asCount(completionDetails?.['reasoning_tokens']) ?? asCount(usage['reasoning_tokens']),
    ...(audioSeconds === null ? {} : { audioSeconds }),
  };
}

/** A call's phases as the server measured them. */
export type ServerTimes = Omit<NonNullable<CallEndLine['server']>, 'evidence'>;

/**
 * Reads vLLM's `metrics` (`--enable-per-request-metrics`; its time to first token counts from scheduling, so it is
 * the prefill, and its generation time from the first token), llama.cpp's `timings`, or LM Studio's `stats` (of `/api/v0`, in
 * seconds; https://lmstudio.ai/docs/developer/rest/endpoints, whose examples have generation times below those to the first
 * token, so that they count from it). Null when there is none of these.
 */
export function parseServerTimes(answer: JsonObject): ServerTimes | null {
  const metrics = asObject(answer['metrics']);
  if (metrics !== null) {
    const times = {
      queueMs: asDuration(metrics['queue_time_ms']),
      prefillMs: asDuration(metrics['time_to_first_token_ms']),
      decodeMs: asDuration(metrics['generation_time_ms']),
    };
    if (times.queueMs !== null || times.prefillMs !== null || times.decodeMs !== null) return times;
  }
  const timings = asObject(answer['timings']);
  if (timings !== null) {
    const times = { queueMs: null, prefillMs: asDuration(timings['prompt_ms']), decodeMs: asDuration(timings['predicted_ms']) };
    if (times.prefillMs !== null || times.decodeMs !== null) return times;
  }
  const stats = asObject(answer['stats']);
  if (stats !== null) {
    const times = { queueMs: null, prefillMs: inMs(asDuration(stats['time_to_first_token'])), decodeMs: inMs(asDuration(stats['generation_time'])) };
    if (times.prefillMs !== null || times.decodeMs !== null) return times;
  }
  return null;
}

/**
 * Reads what TGI says in the head of an answer in one piece (`generate_internal` in its router/src/server.rs): whole milliseconds.
 * Its `x-inference-time` is prefill and decode together; a stream's head has neither.
 * @param header value of a header by its name in small letters, or null
 */
export function parseHeadTimes(header: (name: string) => string | null): ServerTimes | null {
  const [queue, inference] = [header('x-queue-time'), header('x-inference-time')];
  if (queue === null || !/^\d+$/.test(queue) || inference === null) return null;
  return { queueMs: Number(queue), prefillMs: null, decodeMs: null, ...(/^\d+$/.test(inference) ? { inferenceMs: Number(inference) } : {}) };
}

function inMs(seconds: number | null): number | null {
  return seconds === null ? null : seconds * MS_PER_S;
}
