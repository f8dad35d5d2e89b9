/** Answers as OpenAI's chat and text completions have them: a list of choices, streamed as chunks of each. */
import type { Tokens } from '../../profile/units.ts';
import { BLOCK_TOKENS } from '../engine/kvBlocks.ts';
import type { LaidOutAnswer, Visible } from '../answers/layout.ts';
import type { Token } from '../tokens/tokenizer.ts';
import type { AnswerWriter, Billed, Generation, RequestMetrics, TokenPlace } from './generation.ts';
import { SYSTEM_FINGERPRINT, type Service } from './service.ts';

/** A prompt that its answer repeats. */
export interface Echo {
  text: string;
  tokens: readonly Token[];
  /** Nothing else is told: the one token that is computed after it is not. */
  alone: boolean;
}

/** How an endpoint's choices look. */
export interface ChoiceFormat {
  object: string;
  chunkObject: string;
  /** A choice's first event, before any token; null for none. */
  openingChoice(index: number): Record<string, unknown> | null;
  /** A choice's second event, before any token; null for none. */
  secondChoice(index: number): Record<string, unknown> | null;
  /** Whether usage tells what of the prompt is new in the prefix cache. */
  tellsCreatedCache: boolean;
  /** What the answer's first event has beside its choices. */
  openingExtras: Record<string, unknown>;
  /** What stands before a choice's answer; null for nothing. */
  echo(index: number): Echo | null;
  /** The part of an event that tells what a token shows; null where this endpoint does not show it. */
  tokenChoice(index: number, part: Visible): Record<string, unknown> | null;
  /** What the event with a choice's first token has beside. */
  firstTokenExtras(index: number): Record<string, unknown>;
  /** What an event says of the tokens that it tells of, `offset` characters into the answer; null where the client did not ask. */
  logprobs(tokens: readonly Token[], offset: number, unscored: number): unknown;
  /** Whether the client asked for the answers' token ids. */
  tellsTokenIds: boolean;
  /** A choice's event that says only why it ended. */
  emptyChoice(index: number): Record<string, unknown>;
  /** A choice of an answer in one body. */
  wholeChoice(index: number, answer: LaidOutAnswer): Record<string, unknown>;
  /** Fields of an answer in one body that clients expect. */
  bodyExtras: Record<string, unknown>;
}

export interface UsageOptions {
  includeUsage: boolean;
  /** Usage so far on each chunk: of its choice, as vLLM has it. */
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
  #opened = false;
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

  token(token: { visible: readonly Visible[] }, { sequence, index, last }: TokenPlace): string {
    const before = this.#opened ? '' : this.#openings();
    this.#opened = true;
    const echo = index === 0 ? this.#format.echo(sequence) : null;
    const visible = echo === null ? token.visible : behind(echo, token.visible);
    const choices = visible.map((part) => this.#format.tokenChoice(sequence, part)).filter((choice) => choice !== null);
    if (index === 0 && choices.length > 0) Object.assign(choices[0]!, this.#format.firstTokenExtras(sequence));
    if (!last) return before + choices.map((choice) => this.#choiceEvent(this.#withTokens(choice, sequence, index, echo), sequence, index + 1)).join('');
    const { finishReason, stopReason } = this.#generation.sequences[sequence]!.answer;
    choices.push({ ...(choices.pop() ?? this.#format.emptyChoice(sequence)), finish_reason: finishReason, stop_reason: stopReason });
    return before + choices.map((choice, at) => this.#choiceEvent(this.#withTokens(choice, sequence, index, echo), sequence, index + 1, at === choices.length - 1)).join('');
  }

  /** All choices begin when the first token of any is there. */
  #openings(): string {
    const openings = this.#generation.sequences.map((_, index) => this.#format.openingChoice(index)).filter((choice) => choice !== null);
    const seconds = this.#generation.sequences.map((_, index) => this.#format.secondChoice(index)).filter((choice) => choice !== null);
    return openings.map((choice, index) => this.#choiceEvent(choice, index, 0, false, this.#format.openingExtras)).join('') + seconds.map((choice, index) => this.#choiceEvent(choice, index, 0)).join('');
  }

  /** Tells of the tokens up to this one that no event before has told of. */
  #withTokens(choice: Record<string, unknown>, sequence: number, index: number, echo: Echo | null): Record<string, unknown> {
    const told = this.#told[sequence]!;
    const news = this.#generation.sequences[sequence]!.answer.tokens.slice(told.tokens, index + 1);
    // An event that only adds to one of the same token, such as a call's arguments behind its name, has nothing new to tell.
    const echoed = echo !== null && told.tokens === 0 ? echo : null;
    const tokens: readonly Token[] = echoed === null ? news : [...echoed.tokens, ...(echoed.alone ? [] : news)];
    const logprobs = this.#format.logprobs(tokens, told.characters, echoed === null ? 0 : 1);
    told.tokens = index + 1;
    for (const { text } of tokens) told.characters += text.length;
    return { ...choice, logprobs, token_ids: this.#format.tellsTokenIds ? news.map(({ id }) => id) : null };
  }

  end(billed: Billed, metrics: RequestMetrics | null): string {
    const usage = this.#usage.includeUsage ? event({ ...this.#envelope([]), usage: this.#usageOf(billed), system_fingerprint: SYSTEM_FINGERPRINT, ...(metrics === null ? {} : { metrics }) }) : '';
    return `${usage}data: [DONE]\n\n`;
  }

  whole(billed: Billed, metrics: RequestMetrics | null): unknown {
    const choices = this.#generation.sequences.map(({ answer }, index) => {
      const echo = this.#format.echo(index);
      const tokens: readonly Token[] = echo === null ? answer.tokens : [...echo.tokens, ...(echo.alone ? [] : answer.tokens)];
      const tokenIds = this.#format.tellsTokenIds ? answer.tokens.map(({ id }) => id) : null;
      return { ...this.#format.wholeChoice(index, answer), logprobs: this.#format.logprobs(tokens, 0, echo === null ? 0 : 1), token_ids: tokenIds };
    });
    return {
      ...this.#envelope(choices),
      service_tier: null,
      system_fingerprint: SYSTEM_FINGERPRINT,
      usage: { ...this.#usageOf(billed), completion_tokens_details: null },
      ...this.#format.bodyExtras,
      metrics: metrics === null ? null : { ...metrics, speculative_decoding: null },
    };
  }

  /** The envelope's fields are the same for all: they are written once, as there is such an event for each token. */
  #choiceEvent(choice: Record<string, unknown>, sequence: number, completionTokens: number, ends = false, extras: Record<string, unknown> = {}): string {
    this.#head ??= `data: ${JSON.stringify(this.#envelope([])).slice(0, -']}'.length)}`;
    const promptTokens = this.#generation.sequences[sequence]!.promptTokens.length;
    const beside = {
      ...(this.#usage.continuousUsage ? { usage: counts({ promptTokens, completionTokens }) } : {}),
      ...(ends && !this.#usage.includeUsage ? { system_fingerprint: SYSTEM_FINGERPRINT } : {}),
      ...extras,
    };
    const tail = JSON.stringify(beside);
    return `${this.#head}${JSON.stringify(choice)}]${tail === '{}' ? '}' : `,${tail.slice(1)}`}\n\n`;
  }

  /** A stream leaves out what vLLM has not set. */
  #usageOf(billed: Billed) {
    const created = this.#format.tellsCreatedCache ? this.#createdCache(billed) : null;
    const whole = { cached_tokens: billed.cachedTokens, created_cache_tokens: created, multimodal_tokens: null };
    const streamed = created === null ? { cached_tokens: billed.cachedTokens } : { cached_tokens: billed.cachedTokens, created_cache_tokens: created };
    return { ...counts(billed), prompt_tokens_details: this.#generation.stream ? streamed : whole };
  }

  /** The prompt's full blocks that were not in the prefix cache before. */
  #createdCache({ cachedTokens }: Billed): Tokens {
    const prompt = this.#generation.sequences[0]!.promptTokens.length;
    return this.#service.prefixCaching ? Math.max(0, Math.floor(prompt / BLOCK_TOKENS) * BLOCK_TOKENS - cachedTokens) : 0;
  }

  #envelope(choices: unknown[]) {
    return { id: this.#generation.id, object: this.#generation.stream ? this.#format.chunkObject : this.#format.object, created: this.#created, model: this.#service.servedModel, choices };
  }
}

/** What a first token shows, behind the prompt. */
function behind(echo: Echo, visible: readonly Visible[]): Visible[] {
  const [first, ...others] = visible;
  const text = first?.kind === 'content' && !echo.alone ? first.text : '';
  return [{ kind: 'content', text: echo.text + text }, ...others];
}

function event(data: unknown): string {
  return `data: ${JSON.stringify(data)}\n\n`;
}

function counts({ promptTokens, completionTokens }: Pick<Billed, 'promptTokens' | 'completionTokens'>) {
  return { prompt_tokens: promptTokens, total_tokens: promptTokens + completionTokens, completion_tokens: completionTokens };
}
