/** Answers as OpenAI's chat and text completions have them: a list of choices, streamed as chunks of each. */
import type { AnswerToken, LaidOutAnswer, Visible } from '../answers/layout.ts';
import type { AnswerWriter, Billed, Generation, RequestMetrics, TokenPlace } from './generation.ts';
import { SYSTEM_FINGERPRINT, type Service } from './service.ts';

/** How an endpoint's choices look. */
export interface ChoiceFormat {
  object: string;
  chunkObject: string;
  /** A choice's first event, before its first token; null for none. */
  openingChoice(index: number): Record<string, unknown> | null;
  /** The part of an event that tells what a token shows; null where this endpoint does not show it. */
  tokenChoice(index: number, part: Visible): Record<string, unknown> | null;
  /** What an event says of the tokens that it tells of, `offset` characters into the answer; null where the client did not ask. */
  logprobs(tokens: readonly AnswerToken[], offset: number): unknown;
  /** A choice's event that says only why it ended. */
  emptyChoice(index: number): Record<string, unknown>;
  /** A choice of an answer in one body. */
  wholeChoice(index: number, answer: LaidOutAnswer): Record<string, unknown>;
  /** Fields of an answer in one body that clients expect, all null. */
  bodyExtras: Record<string, unknown>;
}

export interface UsageOptions {
  includeUsage: boolean;
  /** Usage so far on each chunk. */
  continuousUsage: boolean;
}

/** What `stream_options` asks for. */
export function usageOptions(body: { stream_options?: { include_usage?: boolean | null; continuous_usage_stats?: boolean | null } | null }): UsageOptions {
  const includeUsage = body.stream_options?.include_usage === true;
  return { includeUsage, continuousUsage: includeUsage && body.stream_options?.continuous_usage_stats === true };
}

export class OpenAiWriter implements AnswerWriter {
  readonly #service: Service;
  readonly #generation: Generation;
  readonly #format: ChoiceFormat;
  readonly #usage: UsageOptions;
  readonly #created = Math.floor(Date.now() / 1000);
  /** An event of a choice, up to where the choice stands. */
  #head: string | null = null;
  /** How far each choice is told: of its tokens, and of the characters that these are. */
  readonly #told: { tokens: number; characters: number }[];

  constructor(service: Service, generation: Generation, format: ChoiceFormat, usage: UsageOptions) {
    this.#service = service;
    this.#generation = generation;
    this.#format = format;
    this.#usage = usage;
    this.#told = generation.sequences.map(() => ({ tokens: 0, characters: 0 }));
  }

  /** Nothing comes before the first token. */
  begin(): string {
    return '';
  }

  token(token: AnswerToken, { sequence, index, last }: TokenPlace, billed: Billed): string {
    const opening = index === 0 ? this.#format.openingChoice(sequence) : null;
    // It comes before its token.
    const before = opening === null ? '' : this.#choiceEvent(opening, { ...billed, completionTokens: billed.completionTokens - 1 });
    const choices = token.visible.map((part) => this.#format.tokenChoice(sequence, part)).filter((choice) => choice !== null);
    if (last) {
      const { finishReason, stopReason } = this.#generation.sequences[sequence]!.answer;
      choices.push({ ...(choices.pop() ?? this.#format.emptyChoice(sequence)), finish_reason: finishReason, stop_reason: stopReason });
    }
    return before + choices.map((choice) => this.#choiceEvent({ ...choice, logprobs: this.#logprobs(sequence, index) }, billed)).join('');
  }

  /** Those of the tokens up to this one that no event before has told of. */
  #logprobs(sequence: number, index: number): unknown {
    const told = this.#told[sequence]!;
    const tokens = this.#generation.sequences[sequence]!.answer.tokens.slice(told.tokens, index + 1);
    const logprobs = this.#format.logprobs(tokens, told.characters);
    told.tokens = index + 1;
    for (const { text } of tokens) told.characters += text.length;
    return logprobs;
  }

  end(billed: Billed, metrics: RequestMetrics | null): string {
    const usage = this.#usage.includeUsage ? event({ ...this.#envelope([]), usage: usageOf(billed), system_fingerprint: SYSTEM_FINGERPRINT, ...(metrics === null ? {} : { metrics }) }) : '';
    return `${usage}data: [DONE]\n\n`;
  }

  whole(billed: Billed, metrics: RequestMetrics | null): unknown {
    const choices = this.#generation.sequences.map(({ answer }, index) => ({ ...this.#format.wholeChoice(index, answer), logprobs: this.#format.logprobs(answer.tokens, 0) }));
    return { ...this.#envelope(choices), service_tier: null, system_fingerprint: SYSTEM_FINGERPRINT, usage: usageOf(billed), ...this.#format.bodyExtras, metrics };
  }

  /** The envelope's fields are the same for all: they are written once, as there is such an event for each token. */
  #choiceEvent(choice: Record<string, unknown>, billed: Billed): string {
    this.#head ??= `data: ${JSON.stringify(this.#envelope([])).slice(0, -']}'.length)}`;
    const usage = this.#usage.continuousUsage ? `,"usage":${JSON.stringify(counts(billed))}` : '';
    return `${this.#head}${JSON.stringify(choice)}]${usage}}\n\n`;
  }

  #envelope(choices: unknown[]) {
    return { id: this.#generation.id, object: this.#generation.stream ? this.#format.chunkObject : this.#format.object, created: this.#created, model: this.#service.servedModel, choices };
  }
}

function event(data: unknown): string {
  return `data: ${JSON.stringify(data)}\n\n`;
}

function usageOf(billed: Billed) {
  return { ...counts(billed), prompt_tokens_details: { cached_tokens: billed.cachedTokens } };
}

function counts({ promptTokens, completionTokens }: Billed) {
  return { prompt_tokens: promptTokens, total_tokens: promptTokens + completionTokens, completion_tokens: completionTokens };
}
