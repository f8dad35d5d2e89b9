/** `/v1/embeddings`: the time and energy of a prefill; the vectors are made of the text alone and mean nothing. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { z } from 'zod';
import type { Tokens } from '../../profile/units.ts';
import { createRandom, hashText } from '../answers/random.ts';
import type { AnswerToken } from '../answers/layout.ts';
import { tokenizedPrompts } from './completions.ts';
import { badRequest } from './errors.ts';
import { answer, answerLimit, requestId, type AnswerWriter, type Billed } from './generation.ts';
import type { Service } from './service.ts';

/** A common size; clients may ask for another. */
const DIMENSIONS = 1024;
const MOST_DIMENSIONS = 16_384;

export const embeddingsRequestSchema = z.looseObject({
  model: z.string().nullish(),
  input: z.union([z.string(), z.array(z.int()), z.array(z.string()), z.array(z.array(z.int()))]),
  dimensions: z.int().min(1).max(MOST_DIMENSIONS).nullish(),
  /** vLLM's own: read no more of each input; -1 for as much as the model reads. */
  truncate_prompt_tokens: z.int().min(-1).nullish(),
  truncation_side: z.enum(['left', 'right']).nullish(),
  encoding_format: z.enum(['float', 'base64']).nullish(),
});
export type EmbeddingsRequest = z.infer<typeof embeddingsRequestSchema>;

/** The engine's prefill ends with a first token, which nobody gets to see. */
const UNSEEN: AnswerToken = { id: 0, piece: '', text: '', visible: [] };

/** Answers with one vector for each input. @throws ApiError */
export async function embed(service: Service, request: IncomingMessage, response: ServerResponse, body: EmbeddingsRequest): Promise<void> {
  const prompts = tokenizedPrompts(service.tokenizer, body.input).map((prompt) => truncated(prompt, body, service.maxModelTokens - 1));
  if (prompts.length === 0 || prompts.some((prompt) => prompt.length === 0)) throw badRequest('`input` must be non-empty.', 'input');
  for (const prompt of prompts) answerLimit(service, {}, prompt.length, null, service.tokenizer.vocabulary === null);
  const generation = {
    id: `embd-${requestId(request)}`,
    sequences: prompts.map((promptTokens) => ({ promptTokens, answer: { tokens: [UNSEEN], finishReason: 'stop' as const, stopReason: null } })),
    choicesPerPrompt: 1,
    promptTokens: prompts.reduce((sum, prompt) => sum + prompt.length, 0),
    stream: false,
  };
  const vectors = prompts.map((prompt) => vectorOf(prompt, body.dimensions ?? DIMENSIONS));
  await answer(service, request, response, generation, new EmbeddingsWriter(service, generation.id, vectors, body.encoding_format ?? 'float'));
}

/** @param most what is left of a prompt that the model could not read whole */
function truncated(prompt: readonly number[], { truncate_prompt_tokens: asked, truncation_side: side }: EmbeddingsRequest, most: Tokens): readonly number[] {
  if (asked === null || asked === undefined) return prompt;
  const left = asked === -1 ? most : asked;
  return side === 'left' ? prompt.slice(Math.max(0, prompt.length - left)) : prompt.slice(0, left);
}

/** The same text has the same vector, of length 1. */
function vectorOf(prompt: readonly number[], dimensions: number): number[] {
  const random = createRandom(hashText(prompt.join(' ')));
  const values = Array.from({ length: dimensions }, () => random.next() - 0.5);
  const length = Math.hypot(...values);
  return values.map((value) => value / length);
}

class EmbeddingsWriter implements AnswerWriter {
  readonly #service: Service;
  readonly #id: string;
  readonly #vectors: readonly number[][];
  readonly #encoding: 'float' | 'base64';

  constructor(service: Service, id: string, vectors: readonly number[][], encoding: 'float' | 'base64') {
    this.#service = service;
    this.#id = id;
    this.#vectors = vectors;
    this.#encoding = encoding;
  }

  /** Embeddings are not streamed. */
  begin(): string {
    return '';
  }

  token(): string {
    return '';
  }

  end(): string {
    return '';
  }

  whole({ promptTokens }: Billed): unknown {
    const encode = (vector: readonly number[]) => (this.#encoding === 'base64' ? Buffer.from(Float32Array.from(vector).buffer).toString('base64') : vector);
    return {
      id: this.#id,
      object: 'list',
      created: Math.floor(Date.now() / 1000),
      model: this.#service.servedModel,
      data: this.#vectors.map((vector, index) => ({ object: 'embedding', index, embedding: encode(vector) })),
      usage: { prompt_tokens: promptTokens, total_tokens: promptTokens, completion_tokens: 0, prompt_tokens_details: null },
    };
  }
}
