/** Runs the sequences of one request on the engine, and answers it: as a stream of events or as one body. */
import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Tokens } from '../../profile/units.ts';
import type { FinishedRequest } from '../engine/engine.ts';
import type { AnswerToken, LaidOutAnswer } from '../answers/layout.ts';
import { tokenId } from '../tokenEstimate.ts';
import { badRequest } from './errors.ts';
import type { SamplingRequest } from './requests.ts';
import { SYSTEM_FINGERPRINT, type Service } from './service.ts';

/** The header by which the profiler's proxy names its calls, so that GPU time can be booked on them. */
export const CALL_ID_HEADER = 'x-agent-cost-call-id';

export interface Generation {
  /** Id in the answer, such as `chatcmpl-…`. */
  id: string;
  /** One for each choice, in the order of their index. */
  sequences: { promptTokens: readonly number[]; answer: LaidOutAnswer }[];
  /** Choices of each prompt, which follow each other in `sequences`. */
  choicesPerPrompt: number;
  /** Prompt tokens as billed: a prompt with several choices counts once. */
  promptTokens: Tokens;
  stream: boolean;
  includeUsage: boolean;
  continuousUsage: boolean;
}

/** How an endpoint's answers look. */
export interface WireFormat {
  object: string;
  chunkObject: string;
  /** A choice's first event, before its first token; null for none. */
  openingChoice(index: number): Record<string, unknown> | null;
  /** The part of an event that a token adds; null when it adds nothing to see. */
  tokenChoice(index: number, token: AnswerToken): Record<string, unknown> | null;
  /** A choice's event that says only why it ended. */
  emptyChoice(index: number): Record<string, unknown>;
  /** A choice of an answer in one body. */
  wholeChoice(index: number, answer: LaidOutAnswer): Record<string, unknown>;
  /** Fields of an answer in one body that clients expect, all null. */
  bodyExtras: Record<string, unknown>;
}

/** Longest answer that a request can get. @throws ApiError when it asks for too much */
export function answerLimit(service: Service, request: SamplingRequest, promptTokens: Tokens, maxTokens: number | null | undefined): Tokens {
  const longest = service.maxModelTokens;
  if (promptTokens >= longest)
    throw badRequest(
      `This model's maximum context length is ${longest} tokens. However, your prompt contains ${promptTokens} input tokens (estimated), which exceeds this limit even without any output tokens. Please reduce the length of the input prompt. (parameter=input_tokens, value=${promptTokens})`,
      'input_tokens',
    );
  if (maxTokens !== null && maxTokens !== undefined) {
    if (maxTokens < 1) throw badRequest(`max_tokens must be at least 1, got ${maxTokens}.`, 'max_tokens');
    if (maxTokens > longest) throw badRequest(`max_tokens=${maxTokens} cannot be greater than max_model_len=${longest}. Please request fewer output tokens. (parameter=max_tokens, value=${maxTokens})`, 'max_tokens');
    if (promptTokens + maxTokens > longest)
      throw badRequest(
        `'max_tokens' or 'max_completion_tokens' is too large: ${maxTokens}. This model's maximum context length is ${longest} tokens and your request has ${promptTokens} input tokens (${maxTokens} > ${longest} - ${promptTokens}).`,
        'max_tokens',
      );
    if ((request.min_tokens ?? 0) > maxTokens) throw badRequest(`min_tokens must be less than or equal to max_tokens=${maxTokens}, got ${request.min_tokens}.`, 'min_tokens');
  }
  return maxTokens ?? longest - promptTokens;
}

/** The request's id: the client's own, if it sent one that is fit to repeat. */
export function requestId(request: IncomingMessage): string {
  const given = request.headers['x-request-id'];
  return typeof given === 'string' && /^[\x21-\x7e]{1,128}$/.test(given) ? given : randomBytes(8).toString('hex');
}

interface Progress {
  emitted: Tokens;
  cachedTokens: Tokens;
  finished: FinishedRequest | null;
}

/** Runs a generation and writes its answer. Ends early, freeing the engine, when the client goes away. */
export function answer(service: Service, request: IncomingMessage, response: ServerResponse, generation: Generation, wire: WireFormat): Promise<void> {
  return new Promise((resolve) => {
    const label = typeof request.headers[CALL_ID_HEADER] === 'string' ? request.headers[CALL_ID_HEADER] : generation.id;
    const created = Math.floor(Date.now() / 1000);
    const progress: Progress[] = generation.sequences.map(() => ({ emitted: 0, cachedTokens: 0, finished: null }));
    const ids = generation.sequences.map((_, index) => `${generation.id}/${randomBytes(4).toString('hex')}/${index}`);
    let unfinished = ids.length;

    const envelope = (choices: unknown[]) => ({ id: generation.id, object: generation.stream ? wire.chunkObject : wire.object, created, model: service.servedModel, choices });
    const send = (event: unknown) => response.write(`data: ${JSON.stringify(event)}\n\n`);
    const sendChoice = (choice: Record<string, unknown>) =>
      send(generation.continuousUsage ? { ...envelope([choice]), usage: countTokens(generation, progress) } : envelope([choice]));

    // A client that was gone before its request was read.
    if (response.closed) {
      resolve();
      return;
    }
    response.on('close', () => {
      for (const id of ids) service.engine.abort(id);
      resolve();
    });
    if (generation.stream) {
      response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' });
      response.flushHeaders();
    }

    const onToken = (sequence: number, index: number, cachedTokens: Tokens) => {
      const state = progress[sequence]!;
      const { answer: laidOut } = generation.sequences[sequence]!;
      const opening = generation.stream && index === 0 ? wire.openingChoice(sequence) : null;
      if (opening !== null) sendChoice(opening);
      state.emitted = index + 1;
      state.cachedTokens = cachedTokens;
      if (!generation.stream) return;
      const choice = wire.tokenChoice(sequence, laidOut.tokens[index]!);
      const isLast = index === laidOut.tokens.length - 1;
      if (isLast) sendChoice({ ...(choice ?? wire.emptyChoice(sequence)), finish_reason: laidOut.finishReason, stop_reason: laidOut.stopReason });
      else if (choice !== null) sendChoice(choice);
    };

    const onFinish = (sequence: number, finished: FinishedRequest) => {
      progress[sequence]!.finished = finished;
      service.metrics.countFinished(finished, generation.sequences[sequence]!.answer.finishReason === 'length' ? 'length' : 'stop');
      unfinished -= 1;
      if (unfinished > 0) return;
      const usage = { ...countTokens(generation, progress), prompt_tokens_details: { cached_tokens: cachedTokens(generation, progress) } };
      const metrics = ids.length === 1 ? requestMetrics(finished) : null;
      if (generation.stream) {
        if (generation.includeUsage) send({ ...envelope([]), usage, system_fingerprint: SYSTEM_FINGERPRINT, ...(metrics === null ? {} : { metrics }) });
        response.end('data: [DONE]\n\n');
        return;
      }
      const choices = generation.sequences.map(({ answer: laidOut }, index) => wire.wholeChoice(index, laidOut));
      const body = { ...envelope(choices), service_tier: null, system_fingerprint: SYSTEM_FINGERPRINT, usage, ...wire.bodyExtras, metrics };
      const text = JSON.stringify(body);
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }).end(text);
    };

    generation.sequences.forEach(({ promptTokens, answer: laidOut }, sequence) => {
      const arrival = service.engine.now();
      let last = arrival;
      service.engine.submit({ id: ids[sequence]!, promptTokens, outputTokens: laidOut.tokens.map(({ piece }) => tokenId(piece)) }, label, {
        onToken(index, at, cachedTokens) {
          if (index === 0) service.metrics.countFirstToken((at - arrival) / 1000, promptTokens.length, cachedTokens);
          else service.metrics.countToken((at - last) / 1000);
          last = at;
          onToken(sequence, index, cachedTokens);
        },
        onFinish: (finished) => onFinish(sequence, finished),
      });
    });
  });
}

function countTokens(generation: Generation, progress: readonly Progress[]) {
  const completion = progress.reduce((sum, { emitted }) => sum + emitted, 0);
  return { prompt_tokens: generation.promptTokens, total_tokens: generation.promptTokens + completion, completion_tokens: completion };
}

/** A prompt with several choices counts once: its later choices find in the cache what the first has just computed. */
function cachedTokens(generation: Generation, progress: readonly Progress[]): Tokens {
  return progress.reduce((sum, state, index) => sum + (index % generation.choicesPerPrompt === 0 ? state.cachedTokens : 0), 0);
}

/** What vLLM tells with `--enable-per-request-metrics`: the engine's own times of the request. */
function requestMetrics({ times, outputTokens }: FinishedRequest) {
  const firstToken = times.firstToken - times.firstScheduled;
  const generation = times.lastToken - times.firstToken;
  return {
    time_to_first_token_ms: firstToken,
    generation_time_ms: generation,
    queue_time_ms: times.firstScheduled - times.arrival,
    mean_itl_ms: outputTokens > 1 ? generation / (outputTokens - 1) : null,
    tokens_per_second: (outputTokens * 1000) / (firstToken + generation),
  };
}
