/** `/v1/completions`. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Question } from '../answers/chooseAnswer.ts';
import { exactFiller, lengthened, OPENING } from '../answers/filler.ts';
import { layOutAnswer } from '../answers/layout.ts';
import type { Tokenizer } from '../tokens/tokenizer.ts';
import { contentOf } from './chat.ts';
import { badRequest } from './errors.ts';
import { answer, answerLimit, priorityOf, requestId } from './generation.ts';
import { textLogprobs } from './logprobs.ts';
import { OpenAiWriter, usageOptions, type ChoiceFormat } from './openAiWriter.ts';
import type { CompletionRequest } from './requests.ts';
import { randomFor, type Service } from './service.ts';

/** The API's own default, small as it is. */
const DEFAULT_MAX_TOKENS = 16;

/** Answers a text completion with filler. @throws ApiError */
export async function complete(service: Service, request: IncomingMessage, response: ServerResponse, body: CompletionRequest): Promise<void> {
  if (body.echo === true) throw badRequest('The embedded server does not support echo.', 'echo');
  const prompts = tokenizedPrompts(service.tokenizer, body.prompt, body.add_special_tokens ?? true);
  if (prompts.length === 0 || prompts.some((prompt) => prompt.length === 0)) throw badRequest('Either prompt or prompt_embeds must be provided and non-empty.', 'prompt');
  const stop = typeof body.stop === 'string' ? [body.stop] : (body.stop ?? []);
  const choices = body.n ?? 1;
  const { tokenizer } = service;
  const sequences = prompts.flatMap((promptTokens, prompt) => {
    const text = typeof body.prompt === 'string' ? body.prompt : body.prompt[prompt];
    const recorded = typeof text === 'string' ? (service.replay?.answerTo(bareQuestion(text), randomFor(service, body.seed, promptTokens, prompt * choices), tokenizer) ?? null) : null;
    const limit = answerLimit(service, body, promptTokens.length, body.max_tokens ?? DEFAULT_MAX_TOKENS, tokenizer.vocabulary === null);
    return Array.from({ length: choices }, (_, choice) => {
      const random = randomFor(service, body.seed, promptTokens, prompt * choices + choice);
      const endless = body.ignore_eos === true;
      const length = Math.max(body.min_tokens ?? 0, endless ? limit : recorded === null ? service.lengths.draw(random) : 0);
      const content = service.lengths.isExact && recorded === null ? exactFiller(random, length, tokenizer, ` ${OPENING}`) : lengthened(recorded?.content ?? '', random, length, tokenizer);
      const laidOut = layOutAnswer([{ text: content, shown: { kind: 'content' } }], { tokenizer, maxTokens: limit, stop, endToken: endless ? null : tokenizer.endOfText, toolFinishReason: 'stop' });
      return { promptTokens, answer: laidOut };
    });
  });
  const generation = {
    id: `cmpl-${requestId(request)}`,
    sequences,
    choicesPerPrompt: choices,
    promptTokens: prompts.reduce((sum, prompt) => sum + prompt.length, 0),
    stream: body.stream === true,
    priority: priorityOf(service, body),
  };
  await answer(service, request, response, generation, new OpenAiWriter(service, generation, textFormat(body), usageOptions(body)));
}

function bareQuestion(prompt: string): Question {
  return { messages: [{ role: 'user', text: prompt }], said: [prompt], tools: [], toolChoice: 'none', calledTools: [], json: null, minTokens: 0 };
}

/** Each prompt's tokens, which the client may have cut itself. @throws ApiError when it names one that there is not */
export function tokenizedPrompts(tokenizer: Tokenizer, prompt: CompletionRequest['prompt'], withMarks = true): number[][] {
  if (typeof prompt === 'string') return [tokenizer.textPrompt(prompt, withMarks).ids];
  if (prompt.every((one) => typeof one === 'number')) return [known(tokenizer, prompt)];
  return prompt.map((one) => (typeof one === 'string' ? tokenizer.textPrompt(one, withMarks).ids : known(tokenizer, one)));
}

function known(tokenizer: Tokenizer, ids: number[]): number[] {
  const unknown = tokenizer.unknown(ids);
  if (unknown !== undefined) throw badRequest(`Token id ${unknown} is out of vocabulary`, 'prompt');
  return ids;
}

const chunk = (index: number, text: string) => ({ index, text, logprobs: null, finish_reason: null, stop_reason: null });

const textFormat = ({ logprobs }: CompletionRequest): ChoiceFormat => ({
  object: 'text_completion',
  chunkObject: 'text_completion',
  openingChoice: () => null,
  tokenChoice: (index, part) => (part.kind === 'content' ? chunk(index, part.text) : null),
  logprobs: (tokens, offset) => (typeof logprobs === 'number' ? textLogprobs(tokens, logprobs > 0, offset) : null),
  emptyChoice: (index) => chunk(index, ''),
  wholeChoice: (index, laidOut) => ({ index, text: contentOf(laidOut), logprobs: null, finish_reason: laidOut.finishReason, stop_reason: laidOut.stopReason, prompt_logprobs: null }),
  bodyExtras: { kv_transfer_params: null },
});
