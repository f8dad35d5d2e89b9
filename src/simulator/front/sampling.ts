/** What chat and text completions check alike before they answer, in vLLM's words (`sampling_params.py`, `protocol.py` of 0.32). */
import { badRequest, invalidParameter } from './errors.ts';
import type { SamplingRequest } from './requests.ts';

/** vLLM's `VLLM_MAX_N_SEQUENCES`. */
const MOST_CHOICES = 16_384;
/** vLLM's default `--max-logprobs`. */
const MOST_LOGPROBS = 20;

/**
 * @param logprobs how many likeliest tokens are wanted beside each; null for none
 * @throws ApiError for what vLLM would not sample
 */
export function checkSampling(body: SamplingRequest, logprobs: number | null): void {
  if (body.stream_options !== null && body.stream_options !== undefined && body.stream !== true) throw invalidParameter('Stream options can only be defined when `stream=True`.', 'stream_options');
  if (body.use_beam_search === true) throw badRequest('The embedded server does not search by beams.', 'use_beam_search');
  checkPromptLogprobs(body);
  checkChoices(body);
  const { temperature, top_p: topP } = body;
  if (typeof temperature === 'number' && temperature < 0) throw invalidParameter(`temperature must be non-negative, got ${asFloat(temperature)}.`, 'temperature', asFloat(temperature));
  if (typeof temperature === 'number' && temperature > 2) throw invalidParameter(`temperature must be in [0, 2], got ${asFloat(temperature)}.`, 'temperature', asFloat(temperature));
  if (typeof topP === 'number' && (topP <= 0 || topP > 1)) throw invalidParameter(`top_p must be in (0, 1], got ${asFloat(topP)}.`, 'top_p', asFloat(topP));
  if (stopStrings(body).includes('')) throw badRequest('stop cannot contain an empty string.');
  if (logprobs !== null && logprobs > MOST_LOGPROBS) throw invalidParameter(`Requested sample logprobs of ${logprobs}, which is greater than max allowed: ${MOST_LOGPROBS}`, 'logprobs', logprobs);
}

function checkPromptLogprobs({ prompt_logprobs: asked, stream }: SamplingRequest): void {
  if (asked === null || asked === undefined) return;
  if (stream === true && (asked > 0 || asked === -1)) throw invalidParameter('`prompt_logprobs` are not available when `stream=True`.', 'prompt_logprobs');
  if (asked < -1) throw invalidParameter('`prompt_logprobs` must be a positive value or -1.', 'prompt_logprobs', asked);
  if (asked > MOST_LOGPROBS) throw invalidParameter(`Requested prompt logprobs of ${asked}, which is greater than max allowed: ${MOST_LOGPROBS}`, 'prompt_logprobs', asked);
}

function checkChoices({ n, temperature }: SamplingRequest): void {
  if (typeof n !== 'number') return;
  if (n < 1) throw badRequest(`n must be at least 1, got ${n}.`);
  if (n > MOST_CHOICES) throw badRequest(`n must be at most ${MOST_CHOICES}, got ${n}.`);
  // Below this, vLLM samples greedily.
  if (n > 1 && typeof temperature === 'number' && temperature >= 0 && temperature < 1e-5) throw badRequest(`n must be 1 when using greedy sampling, got ${n}.`);
}

/** The strings that end an answer. */
export function stopStrings({ stop }: Pick<SamplingRequest, 'stop'>): readonly string[] {
  return typeof stop === 'string' ? [stop] : (stop ?? []);
}

/** A number as Python writes it where it has a fraction. */
function asFloat(value: number): string {
  return Number.isInteger(value) ? value.toFixed(1) : String(value);
}
