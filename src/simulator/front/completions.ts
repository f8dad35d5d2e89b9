/** `/v1/completions`. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Tokens } from '../../profile/units.ts';
import { constrainedText } from '../answers/constraint.ts';
import type { Question } from '../answers/chooseAnswer.ts';
import { exactFiller, lengthened, OPENING } from '../answers/filler.ts';
import { layOutAnswer, type LaidOutAnswer } from '../answers/layout.ts';
import type { Random } from '../answers/random.ts';
import type { Prompt, Tokenizer } from '../tokens/tokenizer.ts';
import { contentOf } from './chat.ts';
import { constraintOf } from './constraint.ts';
import { badRequest, invalidParameter } from './errors.ts';
import { answer, answerLimit, priorityOf, requestId } from './generation.ts';
import { promptLogprobs, textLogprobs } from './logprobs.ts';
import { OpenAiWriter, usageOptions, type ChoiceFormat, type Echo } from './openAiWriter.ts';
import type { CompletionRequest } from './requests.ts';
import { checkSampling, stopStrings } from './sampling.ts';
import { randomFor, type Service } from './service.ts';

/** The API's own default, small as it is. */
const DEFAULT_MAX_TOKENS = 16;

interface AskedPrompt {
  ids: readonly number[];
  /** As the client wrote it; null where it sent tokens. */
  text: string | null;
  prompt: Prompt | null;
}

/** Answers a text completion with filler. @throws ApiError */
export async function complete(service: Service, request: IncomingMessage, response: ServerResponse, body: CompletionRequest): Promise<void> {
  checkSupported(body);
  const prompts = askedPrompts(service.tokenizer, body.prompt ?? '', body.add_special_tokens ?? true);
  if (prompts.length === 0) throw badRequest('You must pass at least one prompt');
  if (prompts.some(({ ids }) => ids.length === 0)) throw badRequest('The decoder prompt cannot be empty');
  const choices = body.n ?? 1;
  const sequences = prompts.flatMap((asked, index) => {
    const limit = answerLimit(service, body, asked.ids.length, tokensToCompute(body), service.tokenizer.vocabulary === null);
    const randomOf = (choice: number) => randomFor(service, body.seed, asked.ids, index * choices + choice);
    const recorded = asked.text === null ? null : (service.replay?.answerTo({ ...bareQuestion(asked.text), constraint: constraintOf(body) }, randomOf(0), service.tokenizer)?.content ?? null);
    return Array.from({ length: choices }, (_, choice) => ({ promptTokens: asked.ids, answer: answerTo(service, body, asked, limit, recorded, randomOf(choice)) }));
  });
  const generation = {
    id: `cmpl-${requestId(request)}`,
    sequences,
    choicesPerPrompt: choices,
    promptTokens: prompts.reduce((sum, { ids }) => sum + ids.length, 0),
    stream: body.stream === true,
    priority: priorityOf(service, body),
    ignoresPrefixCache: promptLogprobsOf(body) !== null,
  };
  await answer(service, request, response, generation, new OpenAiWriter(service, generation, textFormat(body, prompts), usageOptions(body)));
}

function checkSupported(body: CompletionRequest): void {
  if (body.prompt === null || body.prompt === undefined || body.prompt === '') throw invalidParameter('Either prompt or prompt_embeds must be provided and non-empty.', 'prompt');
  if (typeof body.logprobs === 'number' && body.logprobs < -1) throw invalidParameter('`logprobs` must be a positive value or -1.', 'logprobs', body.logprobs);
  if (typeof body.suffix === 'string') throw badRequest('suffix is only supported for models with FIM completion rendering', 'suffix');
  checkSampling(body, body.logprobs ?? null);
}

/** A prompt that is only to be repeated is computed, and a token with it. */
function tokensToCompute(body: CompletionRequest): Tokens {
  return isAlone(body) ? 1 : (body.max_tokens ?? DEFAULT_MAX_TOKENS);
}

function isAlone({ echo, max_tokens: maxTokens }: CompletionRequest): boolean {
  return echo === true && maxTokens === 0;
}

function answerTo(service: Service, body: CompletionRequest, { text }: AskedPrompt, limit: Tokens, recorded: string | null, random: Random): LaidOutAnswer {
  const { tokenizer, lengths } = service;
  const constraint = constraintOf(body);
  const constrained = constraint === null || recorded !== null ? null : constrainedText(constraint, text ?? '', random);
  const endless = body.ignore_eos === true;
  const given = recorded ?? constrained;
  const length = Math.max(body.min_tokens ?? 0, endless ? limit : given === null ? lengths.draw(random) : 0);
  const content = lengths.isExact && given === null ? exactFiller(random, length, tokenizer, ` ${OPENING}`) : lengthened(given ?? '', random, length, tokenizer);
  const endToken = endless ? null : tokenizer.endOfText;
  const laidOut = layOutAnswer([{ text: content, shown: { kind: 'content' } }], { tokenizer, maxTokens: limit, stop: stopStrings(body), endToken, toolFinishReason: 'stop' });
  if (!isAlone(body)) return laidOut;
  return { tokens: laidOut.tokens.map((token) => ({ ...token, visible: [] })), finishReason: 'length', stopReason: null };
}

function bareQuestion(prompt: string): Question {
  return { messages: [{ role: 'user', text: prompt }], said: [prompt], tools: [], toolChoice: 'none', calledTools: [], constraint: null, minTokens: 0 };
}

/** Each prompt, whose tokens the client may have cut itself. @throws ApiError when it names one that there is not */
function askedPrompts(tokenizer: Tokenizer, prompt: NonNullable<CompletionRequest['prompt']>, withMarks: boolean): AskedPrompt[] {
  const ofText = (text: string): AskedPrompt => {
    const cut = tokenizer.textPrompt(text, withMarks);
    return { ids: cut.ids, text, prompt: cut };
  };
  const ofIds = (ids: number[]): AskedPrompt => ({ ids: known(tokenizer, ids), text: null, prompt: tokenizer.idsPrompt(ids) });
  if (typeof prompt === 'string') return [ofText(prompt)];
  if (prompt.length === 0) return [];
  if (prompt.every((one) => typeof one === 'number')) return [ofIds(prompt)];
  return prompt.map((one) => (typeof one === 'string' ? ofText(one) : ofIds(one)));
}

/** Each prompt's tokens. @throws ApiError when the client names one that there is not */
export function tokenizedPrompts(tokenizer: Tokenizer, prompt: NonNullable<CompletionRequest['prompt']>): (readonly number[])[] {
  return askedPrompts(tokenizer, prompt, true).map(({ ids }) => ids);
}

function known(tokenizer: Tokenizer, ids: number[]): number[] {
  const unknown = tokenizer.unknown(ids);
  if (unknown !== undefined) throw badRequest(`Token id ${unknown} is out of vocabulary`, 'prompt');
  return ids;
}

/** Whether probabilities of the prompt are asked for: with `echo`, those of the answer are of both. */
function promptLogprobsOf({ echo, logprobs, prompt_logprobs: own }: CompletionRequest): number | null {
  return own ?? (echo === true ? (logprobs ?? null) : null);
}

/** @throws ApiError where the prompt's text is not known */
function echoed(body: CompletionRequest, { text, prompt }: AskedPrompt): Echo {
  const tokens = toldTokens(prompt, 'echo');
  // Whoever takes token ids gets the prompt as such, and not as text.
  const repeated = body.return_token_ids === true ? '' : (text ?? tokens.map((token) => token.text).join(''));
  return { text: repeated, tokens, alone: isAlone(body) };
}

function toldTokens(prompt: Prompt | null, parameter: string) {
  if (prompt === null) throw badRequest('The embedded server estimates tokens, so it cannot tell their text. Send the prompt as text, or start the server with --tokenizer and a folder that has the tokenizer.json of the model.', parameter);
  return prompt.tokens();
}

const chunk = (index: number, text: string) => ({ index, text, logprobs: null, finish_reason: null, stop_reason: null });

function textFormat(body: CompletionRequest, prompts: readonly AskedPrompt[]): ChoiceFormat {
  const { logprobs } = body;
  const names = { asIds: body.return_tokens_as_token_ids === true };
  const choices = body.n ?? 1;
  const promptOf = (index: number) => prompts[Math.floor(index / choices)]!;
  // Made before anything is sent, so that what cannot be told is an error and no broken stream.
  const echoes = body.echo === true ? prompts.map((asked) => echoed(body, asked)) : null;
  const ofPrompts = promptLogprobsOf(body) === null || body.stream === true ? null : prompts.map(({ prompt }) => promptLogprobs(toldTokens(prompt, 'prompt_logprobs')));
  const promptIds = (index: number) => promptOf(index).ids;
  return {
    object: 'text_completion',
    chunkObject: 'text_completion',
    openingChoice: () => null,
    secondChoice: () => null,
    tellsCreatedCache: false,
    openingExtras: {},
    echo: (index) => echoes?.[Math.floor(index / choices)] ?? null,
    tokenChoice: (index, part) => (part.kind === 'content' ? chunk(index, part.text) : null),
    firstTokenExtras: (index) => (echoes !== null || body.return_token_ids === true ? { prompt_token_ids: promptIds(index) } : {}),
    logprobs: (tokens, offset, unscored) => (typeof logprobs === 'number' ? textLogprobs(tokens, logprobs > 0 || logprobs === -1, offset, unscored, names) : null),
    tellsTokenIds: body.return_token_ids === true,
    emptyChoice: (index) => chunk(index, ''),
    wholeChoice: (index, laidOut) => ({
      index,
      text: (echoes?.[Math.floor(index / choices)]?.text ?? '') + contentOf(laidOut),
      logprobs: null,
      finish_reason: laidOut.finishReason,
      stop_reason: laidOut.stopReason,
      token_ids: null,
      prompt_logprobs: ofPrompts?.[Math.floor(index / choices)] ?? null,
      prompt_token_ids: body.return_token_ids === true ? promptIds(index) : null,
      routed_experts: null,
    }),
    bodyExtras: { kv_transfer_params: null, ec_transfer_params: null },
  };
}
