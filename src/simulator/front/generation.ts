/** Runs the sequences of one request on the engine, and has their tokens written as they come. */
import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Tokens } from '../../profile/units.ts';
import type { FinishedRequest } from '../engine/engineStep.ts';
import type { AnswerToken, LaidOutAnswer } from '../answers/layout.ts';
import { badRequest, invalidParameter } from './errors.ts';
import type { SamplingRequest } from './requests.ts';
import type { Service } from './service.ts';
import { StreamBody } from './streamBody.ts';

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
  /** Lower goes first; 0 unless said. */
  priority?: number;
  /** Its prompts are computed whole. */
  ignoresPrefixCache?: boolean;
}

/** Tokens of a generation as they are billed. */
export interface Billed {
  promptTokens: Tokens;
  cachedTokens: Tokens;
  completionTokens: Tokens;
}

/** The engine's own times of a request, as vLLM tells them with `--enable-per-request-metrics`. */
export type RequestMetrics = ReturnType<typeof requestMetrics>;

/** Where a token stands in its sequence. */
export interface TokenPlace {
  sequence: number;
  /** 0 is the first. */
  index: number;
  last: boolean;
}

/** Says a generation's answer in the words of one API. */
export interface AnswerWriter {
  /** What a stream begins with, right after the head. */
  begin(): string;
  /** What a token adds to a stream. Tokens come in their order. */
  token(token: AnswerToken, place: TokenPlace, billed: Billed): string;
  /** What a stream ends with. `metrics` is null where there are several choices. */
  end(billed: Billed, metrics: RequestMetrics | null): string;
  /** The body of an answer in one piece. */
  whole(billed: Billed, metrics: RequestMetrics | null): unknown;
}

/**
 * Longest answer that a request can get.
 * @param parameter by which `maxTokens` was asked for
 * @param isEstimate whether the prompt's tokens are no true count, which is said with them
 * @throws ApiError when it asks for too much
 */
export function answerLimit(service: Service, request: Pick<SamplingRequest, 'min_tokens'>, promptTokens: Tokens, maxTokens: number | null | undefined, isEstimate: boolean, parameter = 'max_tokens'): Tokens {
  const longest = service.maxModelTokens;
  if (promptTokens >= longest)
    throw badRequest(
      `This model's maximum context length is ${longest} tokens. However, your prompt contains ${promptTokens} input tokens${isEstimate ? ' (estimated)' : ''}, which exceeds this limit even without any output tokens. Please reduce the length of the input prompt. (parameter=input_tokens, value=${promptTokens})`,
      'input_tokens',
    );
  if (maxTokens !== null && maxTokens !== undefined) {
    if (maxTokens < 1) throw invalidParameter(`max_tokens must be at least 1, got ${maxTokens}.`, 'max_tokens', maxTokens);
    if (maxTokens > longest) throw invalidParameter(`${parameter}=${maxTokens} cannot be greater than max_model_len=${longest}. Please request fewer output tokens.`, parameter, maxTokens);
    if (promptTokens + maxTokens > longest)
      throw badRequest(
        `'max_tokens' or 'max_completion_tokens' is too large: ${maxTokens}. This model's maximum context length is ${longest} tokens and your request has ${promptTokens} input tokens (${maxTokens} > ${longest} - ${promptTokens}).`,
        'max_tokens',
      );
    if ((request.min_tokens ?? 0) > maxTokens) throw badRequest(`min_tokens must be less than or equal to max_tokens=${maxTokens}, got ${request.min_tokens}.`);
  }
  return maxTokens ?? longest - promptTokens;
}

/** A request's priority. @throws ApiError when it has one and the server goes by none */
export function priorityOf(service: Service, { priority }: Pick<SamplingRequest, 'priority'>): number {
  const given = priority ?? 0;
  if (given !== 0 && service.schedulingPolicy !== 'priority') throw badRequest(`Got priority ${given} but Priority scheduling is not enabled.`, 'priority');
  return given;
}

/** The request's id: the client's own, if it sent one that is fit to repeat. */
export function requestId(request: IncomingMessage): string {
  const given = request.headers['x-request-id'];
  return typeof given === 'string' && /^[\x21-\x7e]{1,128}$/.test(given) ? given : randomBytes(8).toString('hex');
}

interface Progress {
  emitted: Tokens;
  cachedTokens: Tokens;
}

/** Runs a generation and has its answer written. Ends early, freeing the engine, when the client goes away. */
export function answer(service: Service, request: IncomingMessage, response: ServerResponse, generation: Generation, writer: AnswerWriter): Promise<void> {
  return new Promise((resolve) => {
    const label = typeof request.headers[CALL_ID_HEADER] === 'string' ? request.headers[CALL_ID_HEADER] : generation.id;
    const progress: Progress[] = generation.sequences.map(() => ({ emitted: 0, cachedTokens: 0 }));
    const ids = generation.sequences.map((_, index) => `${generation.id}/${randomBytes(4).toString('hex')}/${index}`);
    let unfinished = ids.length;

    // A client that was gone before its request was read.
    if (response.closed) {
      resolve();
      return;
    }
    response.on('close', () => {
      for (const id of ids) service.engine.abort(id);
      resolve();
    });
    const stream = generation.stream ? new StreamBody(response) : null;
    if (stream !== null) stream.send(stream.framed(writer.begin()));
    /** What each sequence's next token will be on the wire. */
    const ready: (Buffer | undefined)[] = [];

    const prepare = (sequence: number, index: number, cachedTokens: Tokens) => {
      const state = progress[sequence]!;
      const { tokens } = generation.sequences[sequence]!.answer;
      state.emitted = index + 1;
      state.cachedTokens = cachedTokens;
      if (stream !== null) ready[sequence] = stream.framed(writer.token(tokens[index]!, { sequence, index, last: index === tokens.length - 1 }, billed(generation, progress)));
    };

    const onFinish = (sequence: number, finished: FinishedRequest) => {
      service.metrics.countFinished(finished, generation.sequences[sequence]!.answer.finishReason === 'length' ? 'length' : 'stop');
      unfinished -= 1;
      if (unfinished > 0) return;
      const metrics = ids.length === 1 ? requestMetrics(finished) : null;
      if (stream !== null) stream.end(writer.end(billed(generation, progress), metrics));
      else sendJson(response, 200, writer.whole(billed(generation, progress), metrics));
    };

    generation.sequences.forEach(({ promptTokens, answer: laidOut }, sequence) => {
      const arrival = service.engine.now();
      let last = arrival;
      service.engine.submit({ id: ids[sequence]!, promptTokens, priority: generation.priority ?? 0, ignoresPrefixCache: generation.ignoresPrefixCache ?? false, outputTokens: laidOut.tokens.map(({ id }) => id) }, label, {
        onPlanned: (index, cachedTokens) => prepare(sequence, index, cachedTokens),
        onToken(index, at, cachedTokens) {
          const chunk = ready[sequence];
          if (chunk !== undefined) stream?.send(chunk);
          if (index === 0) service.metrics.countFirstToken((at - arrival) / 1000, promptTokens.length, cachedTokens);
          else service.metrics.countToken((at - last) / 1000);
          last = at;
        },
        onFinish: (finished) => onFinish(sequence, finished),
      });
    });
  });
}

/** Writes an answer in one piece. */
export function sendJson(response: ServerResponse, status: number, body: unknown): void {
  const text = JSON.stringify(body);
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }).end(text);
}

/** A prompt with several choices counts once: its later choices find in the cache what the first has just computed. */
function billed(generation: Generation, progress: readonly Progress[]): Billed {
  return {
    promptTokens: generation.promptTokens,
    cachedTokens: progress.reduce((sum, state, index) => sum + (index % generation.choicesPerPrompt === 0 ? state.cachedTokens : 0), 0),
    completionTokens: progress.reduce((sum, { emitted }) => sum + emitted, 0),
  };
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
