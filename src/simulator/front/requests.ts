/** What the routes accept. As on vLLM, unknown fields are ignored, and null is as good as absent. */
import { z } from 'zod';

const contentPart = z.looseObject({ type: z.string(), text: z.string().nullish(), refusal: z.string().nullish() });

const toolCall = z.looseObject({
  id: z.string().nullish(),
  function: z.looseObject({ name: z.string(), arguments: z.string().nullish() }),
});

export const messageSchema = z.looseObject({
  role: z.string(),
  content: z.union([z.string(), z.array(contentPart)]).nullish(),
  tool_calls: z.array(toolCall).nullish(),
  tool_call_id: z.string().nullish(),
});
export type ChatMessage = z.infer<typeof messageSchema>;

export const toolSchema = z.looseObject({
  type: z.string(),
  function: z.looseObject({ name: z.string(), description: z.string().nullish(), parameters: z.unknown().optional() }),
});
export type Tool = z.infer<typeof toolSchema>;

const streamOptions = z.looseObject({ include_usage: z.boolean().nullish(), continuous_usage_stats: z.boolean().nullish() });

const responseFormat = z.looseObject({
  type: z.enum(['text', 'json_object', 'json_schema', 'structural_tag']),
  json_schema: z.looseObject({ name: z.string(), schema: z.unknown().optional() }).nullish(),
});

const structuredOutputs = z.looseObject({
  json: z.unknown().optional(),
  regex: z.string().nullish(),
  choice: z.array(z.string()).nullish(),
  grammar: z.string().nullish(),
  json_object: z.boolean().nullish(),
  structural_tag: z.string().nullish(),
});

/** Programs send seeds that JavaScript's numbers cannot hold to the last digit; near enough is good enough for one. */
const int64 = z
  .number()
  .min(-(2 ** 63))
  .max(2 ** 63)
  .refine(Number.isInteger, 'Input should be a valid integer, got a number with a fractional part');

/** What chat and text completions have in common. */
const sampling = {
  model: z.string().nullish(),
  stream: z.boolean().nullish(),
  stream_options: streamOptions.nullish(),
  max_tokens: z.int().nullish(),
  min_tokens: z.int().min(0).nullish(),
  ignore_eos: z.boolean().nullish(),
  n: z.int().nullish(),
  seed: int64.nullish(),
  stop: z.union([z.string(), z.array(z.string())]).nullish(),
  temperature: z.number().nullish(),
  top_p: z.number().nullish(),
  response_format: responseFormat.nullish(),
  /** What follows is vLLM's own. Lower goes first. */
  priority: z.int().nullish(),
  structured_outputs: structuredOutputs.nullish(),
  guided_json: z.unknown().optional(),
  guided_regex: z.string().nullish(),
  guided_choice: z.array(z.string()).nullish(),
  prompt_logprobs: z.int().nullish(),
  echo: z.boolean().nullish(),
  use_beam_search: z.boolean().nullish(),
  return_token_ids: z.boolean().nullish(),
  return_tokens_as_token_ids: z.boolean().nullish(),
};

export const chatRequestSchema = z.looseObject({
  ...sampling,
  messages: z.array(messageSchema),
  max_completion_tokens: z.int().nullish(),
  tools: z.array(toolSchema).nullish(),
  tool_choice: z.union([z.string(), z.looseObject({ function: z.looseObject({ name: z.string().nullish() }).nullish() })]).nullish(),
  logprobs: z.boolean().nullish(),
  top_logprobs: z.int().nullish(),
  /** vLLM's own: for the model's chat template. */
  chat_template_kwargs: z.record(z.string(), z.unknown()).nullish(),
});
export type ChatRequest = z.infer<typeof chatRequestSchema>;

export const completionRequestSchema = z.looseObject({
  ...sampling,
  prompt: z.union([z.string(), z.array(z.int()), z.array(z.string()), z.array(z.array(z.int()))]).nullish(),
  suffix: z.string().nullish(),
  add_special_tokens: z.boolean().nullish(),
  logprobs: z.int().nullish(),
});
export type CompletionRequest = z.infer<typeof completionRequestSchema>;

export type SamplingRequest = ChatRequest | CompletionRequest;

/** All text of a message's content. */
export function contentText(content: ChatMessage['content']): string {
  if (typeof content === 'string') return content;
  return (content ?? []).map((part) => part.text ?? part.refusal ?? '').join('\n');
}
