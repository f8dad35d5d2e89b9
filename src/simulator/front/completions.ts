/** `/v1/completions`. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Question } from '../answers/chooseAnswer.ts';
import { exactFiller, lengthened, OPENING } from '../answers/filler.ts';
import { layOutAnswer } from '../answers/layout.ts';
import { splitIntoTokens, tokenId } from '../tokenEstimate.ts';
import { contentOf } from './chat.ts';
import { BEGIN_OF_TEXT } from './chatTemplate.ts';
import { badRequest } from './errors.ts';
import { answer, answerLimit, priorityOf, requestId } from './generation.ts';
import { OpenAiWriter, usageOptions, type ChoiceFormat } from './openAiWriter.ts';
import type { CompletionRequest } from './requests.ts';
import { randomFor, type Service } from './service.ts';

const END_OF_TEXT = '<|end_of_text|>';
/** The API's own default, small as it is. */
const DEFAULT_MAX_TOKENS = 16;

/** Answers a text completion with filler. @throws ApiError */
export async function complete(service: Service, request: IncomingMessage, response: ServerResponse, body: CompletionRequest): Promise<void> {
  if (body.echo === true) throw badRequest('The embedded server does not support echo.', 'echo');
  if (body.logprobs !== null && body.logprobs !== undefined) throw badRequest('The embedded server runs no model, so it has no logprobs. Use a real backend for them.', 'logprobs');
  const prompts = tokenizedPrompts(body.prompt);
  if (prompts.length === 0 || prompts.some((prompt) => prompt.length === 0)) throw badRequest('Either prompt or prompt_embeds must be provided and non-empty.', 'prompt');
  const stop = typeof body.stop === 'string' ? [body.stop] : (body.stop ?? []);
  const choices = body.n ?? 1;
  const sequences = prompts.flatMap((promptTokens, prompt) => {
    const text = typeof body.prompt === 'string' ? body.prompt : body.prompt[prompt];
    const recorded = typeof text === 'string' ? (service.replay?.answerTo(bareQuestion(text), randomFor(service, body.seed, promptTokens, prompt * choices)) ?? null) : null;
    const limit = answerLimit(service, body, promptTokens.length, body.max_tokens ?? DEFAULT_MAX_TOKENS);
    return Array.from({ length: choices }, (_, choice) => {
      const random = randomFor(service, body.seed, promptTokens, prompt * choices + choice);
      const endless = body.ignore_eos === true;
      const length = Math.max(body.min_tokens ?? 0, endless ? limit : recorded === null ? service.lengths.draw(random) : 0);
      const content = service.lengths.isExact && recorded === null ? exactFiller(random, length, ` ${OPENING}`) : lengthened(recorded?.content ?? '', random, length);
      const laidOut = layOutAnswer(
        { content, toolCalls: [] },
        { maxTokens: limit, stop, frame: () => ({ before: '', after: '' }), endToken: endless ? null : END_OF_TEXT, toolFinishReason: 'stop' },
      );
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
  await answer(service, request, response, generation, new OpenAiWriter(service, generation, textFormat, usageOptions(body)));
}

function bareQuestion(prompt: string): Question {
  return { messages: [{ role: 'user', text: prompt }], said: [prompt], tools: [], toolChoice: 'none', calledTools: [], json: null, minTokens: 0 };
}

export function tokenizedPrompts(prompt: CompletionRequest['prompt']): number[][] {
  if (typeof prompt === 'string') return [tokenized(prompt)];
  if (prompt.every((one) => typeof one === 'number')) return [prompt];
  return prompt.map((one) => (typeof one === 'string' ? tokenized(one) : one));
}

function tokenized(prompt: string): number[] {
  return [BEGIN_OF_TEXT, ...splitIntoTokens(prompt)].map(tokenId);
}

const chunk = (index: number, text: string) => ({ index, text, logprobs: null, finish_reason: null, stop_reason: null });

const textFormat: ChoiceFormat = {
  object: 'text_completion',
  chunkObject: 'text_completion',
  openingChoice: () => null,
  tokenChoice: (index, { visible }) => (visible.kind === 'content' ? chunk(index, visible.text) : null),
  emptyChoice: (index) => chunk(index, ''),
  wholeChoice: (index, laidOut) => ({ index, text: contentOf(laidOut), logprobs: null, finish_reason: laidOut.finishReason, stop_reason: laidOut.stopReason, prompt_logprobs: null }),
  bodyExtras: { kv_transfer_params: null },
};
