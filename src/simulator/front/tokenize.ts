/** `/tokenize` and `/detokenize`, which vLLM has of its own. */
import { z } from 'zod';
import { chatPrompt, conversationOf } from './chat.ts';
import { badRequest } from './errors.ts';
import { messageSchema, toolSchema } from './requests.ts';
import type { Service } from './service.ts';

export const tokenizeRequestSchema = z.union([
  z.object({ prompt: z.string(), messages: z.undefined().optional(), add_special_tokens: z.boolean().nullish(), return_token_strs: z.boolean().nullish() }),
  z.object({ messages: z.array(messageSchema), tools: z.array(toolSchema).nullish(), chat_template_kwargs: z.record(z.string(), z.unknown()).nullish(), return_token_strs: z.boolean().nullish() }),
]);

export const detokenizeRequestSchema = z.looseObject({ tokens: z.array(z.int()) });

/** Counts as the server counts, and says where that is an estimate: then the ids are of no real vocabulary. @throws ApiError */
export function tokenize({ tokenizer, maxModelTokens }: Service, body: z.infer<typeof tokenizeRequestSchema>) {
  const prompt = body.messages === undefined ? tokenizer.textPrompt(body.prompt, body.add_special_tokens ?? true) : chatPrompt(tokenizer, conversationOf(body));
  const isEstimate = body.messages === undefined ? tokenizer.vocabulary === null : tokenizer.estimatesChats;
  return { count: prompt.ids.length, max_model_len: maxModelTokens, tokens: prompt.ids, token_strs: body.return_token_strs === true ? prompt.tokens().map(({ piece }) => piece) : null, ...(isEstimate ? { estimated: true } : {}) };
}

/** The text of tokens. @throws ApiError without a vocabulary, or for a token that is not in it */
export function detokenize({ tokenizer }: Service, { tokens }: z.infer<typeof detokenizeRequestSchema>) {
  const unknown = tokenizer.unknown(tokens);
  if (unknown !== undefined) throw badRequest(`Token id ${unknown} is out of vocabulary`, 'tokens');
  const prompt = tokenizer.text(tokens);
  if (prompt === null) throw badRequest('The embedded server estimates tokens, so it cannot tell their text. Start it with --tokenizer and a folder that has the tokenizer.json of the model.', 'tokens');
  return { prompt };
}
