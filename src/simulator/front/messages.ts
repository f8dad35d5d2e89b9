/** `/v1/messages` and `/v1/messages/count_tokens`: Anthropic's API, as vLLM serves it. */
import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { z } from 'zod';
import type { AnswerToken, FinishReason, Visible } from '../answers/layout.ts';
import type { Tokenizer } from '../tokens/tokenizer.ts';
import { chatGeneration, chatPrompt, contentOf, toolCallsOf } from './chat.ts';
import { answer, requestId, type AnswerWriter, type Billed, type Generation, type RequestMetrics, type TokenPlace } from './generation.ts';
import type { ChatMessage, ChatRequest } from './requests.ts';
import type { Service } from './service.ts';

const block = z.looseObject({
  type: z.string(),
  text: z.string().nullish(),
  id: z.string().nullish(),
  name: z.string().nullish(),
  input: z.unknown().optional(),
  tool_use_id: z.string().nullish(),
  content: z.unknown().optional(),
});
type Block = z.infer<typeof block>;
const content = z.union([z.string(), z.array(block)]);

export const countTokensRequestSchema = z.looseObject({
  messages: z.array(z.looseObject({ role: z.string(), content })),
  system: content.nullish(),
  tools: z.array(z.looseObject({ name: z.string(), description: z.string().nullish(), input_schema: z.unknown().optional() })).nullish(),
});

export const messagesRequestSchema = countTokensRequestSchema.extend({
  model: z.string().nullish(),
  max_tokens: z.int(),
  stream: z.boolean().nullish(),
  stop_sequences: z.array(z.string()).nullish(),
  temperature: z.number().nullish(),
  tool_choice: z.looseObject({ type: z.string(), name: z.string().nullish() }).nullish(),
});
export type MessagesRequest = z.infer<typeof messagesRequestSchema>;

/** Answers a message. @throws ApiError */
export async function messages(service: Service, request: IncomingMessage, response: ServerResponse, body: MessagesRequest): Promise<void> {
  const generation = chatGeneration(service, `msg_${requestId(request)}`, asChat(body));
  await answer(service, request, response, generation, new MessagesWriter(service, generation));
}

/** Counts as the server counts. @throws ApiError */
export function countTokens(tokenizer: Tokenizer, body: z.infer<typeof countTokensRequestSchema>) {
  return { input_tokens: chatPrompt(tokenizer, { messages: chatMessages(body), tools: chatTools(body) }).ids.length };
}

function asChat(body: MessagesRequest): ChatRequest {
  const choice = body.tool_choice;
  const names = { auto: 'auto', any: 'required', none: 'none' } as const;
  return {
    messages: chatMessages(body),
    tools: (body.tools ?? []).length === 0 ? null : chatTools(body),
    tool_choice: choice?.type === 'tool' && typeof choice.name === 'string' ? { function: { name: choice.name } } : choice ? names[choice.type as keyof typeof names] : null,
    max_tokens: body.max_tokens,
    stop: body.stop_sequences ?? null,
    stream: body.stream ?? false,
  };
}

function chatTools(body: z.infer<typeof countTokensRequestSchema>) {
  return (body.tools ?? []).map(({ name, description, input_schema: parameters }) => ({ type: 'function', function: { name, description, parameters } }));
}

function chatMessages(body: z.infer<typeof countTokensRequestSchema>): ChatMessage[] {
  const system = textOf(body.system);
  return [...(system === '' ? [] : [{ role: 'system', content: system }]), ...body.messages.flatMap(({ role, content: said }) => (typeof said === 'string' ? [{ role, content: said }] : ofBlocks(role, said)))];
}

/** A message of blocks: results of tools are messages of their own in a chat, calls of tools hang on the assistant's. */
function ofBlocks(role: string, blocks: readonly Block[]): ChatMessage[] {
  const results = blocks.filter(({ type }) => type === 'tool_result').map((each) => ({ role: 'tool', tool_call_id: each.tool_use_id ?? '', content: textOf(each.content) }));
  const calls = blocks.filter(({ type }) => type === 'tool_use').map((each) => ({ id: each.id ?? '', function: { name: each.name ?? '', arguments: JSON.stringify(each.input ?? {}) } }));
  const text = textOf(blocks.filter(({ type }) => type !== 'tool_result' && type !== 'tool_use'));
  return [...results, ...(text !== '' || calls.length > 0 ? [{ role, content: text, ...(calls.length > 0 ? { tool_calls: calls } : {}) }] : [])];
}

function textOf(said: unknown): string {
  if (typeof said === 'string') return said;
  return Array.isArray(said) ? said.map((part: { text?: unknown }) => (typeof part.text === 'string' ? part.text : '')).join('\n') : '';
}

const STOP_REASONS: Readonly<Record<FinishReason, string>> = { stop: 'end_turn', length: 'max_tokens', tool_calls: 'tool_use' };

class MessagesWriter implements AnswerWriter {
  readonly #service: Service;
  readonly #generation: Generation;
  /** Ids of the answer's calls of tools, by their number. */
  readonly #callIds: string[] = [];
  /** The block that is open: its place, and what it is of: text, or a call of a tool. */
  #open: { index: number; call: number | null } | null = null;
  #blocks = 0;

  constructor(service: Service, generation: Generation) {
    this.#service = service;
    this.#generation = generation;
  }

  begin(): string {
    return event('message_start', { message: this.#message([], null, null, { input_tokens: this.#generation.promptTokens, output_tokens: 0 }) });
  }

  token({ visible }: AnswerToken, _place: TokenPlace, _billed: Billed): string {
    return visible.map((part) => this.#part(part)).join('');
  }

  #part(visible: Visible): string {
    if (visible.kind === 'content') {
      const opening = this.#open?.call !== null || this.#open === null ? this.#openBlock(null, { type: 'text', text: '' }) : '';
      return opening + event('content_block_delta', { index: this.#open?.index, delta: { type: 'text_delta', text: visible.text } });
    }
    if (visible.kind === 'toolName') return this.#openBlock(visible.call, { type: 'tool_use', id: this.#callId(visible.call), name: visible.name, input: {} });
    return event('content_block_delta', { index: this.#open?.index, delta: { type: 'input_json_delta', partial_json: visible.text } });
  }

  end(billed: Billed, metrics: RequestMetrics | null): string {
    const { stopReason, stopSequence } = this.#ending();
    return this.#closeBlock() + event('message_delta', { delta: { stop_reason: stopReason, stop_sequence: stopSequence }, usage: usageOf(billed), metrics }) + event('message_stop', {});
  }

  whole(billed: Billed, metrics: RequestMetrics | null): unknown {
    const { answer: laidOut } = this.#generation.sequences[0]!;
    const { stopReason, stopSequence } = this.#ending();
    const text = contentOf(laidOut);
    const calls = toolCallsOf(laidOut).map((call, index) => ({ type: 'tool_use', id: this.#callId(index), name: call.name, input: parsed(call.arguments) }));
    return { ...this.#message([...(text === '' ? [] : [{ type: 'text', text }]), ...calls], stopReason, stopSequence, usageOf(billed)), metrics };
  }

  #ending(): { stopReason: string; stopSequence: string | null } {
    const { finishReason, stopReason } = this.#generation.sequences[0]!.answer;
    return { stopReason: stopReason === null ? STOP_REASONS[finishReason] : 'stop_sequence', stopSequence: stopReason };
  }

  #openBlock(call: number | null, start: unknown): string {
    const before = this.#closeBlock();
    this.#open = { index: this.#blocks++, call };
    return before + event('content_block_start', { index: this.#open.index, content_block: start });
  }

  #closeBlock(): string {
    const closing = this.#open === null ? '' : event('content_block_stop', { index: this.#open.index });
    this.#open = null;
    return closing;
  }

  #callId(call: number): string {
    return (this.#callIds[call] ??= `toolu_${randomBytes(8).toString('hex')}`);
  }

  #message(blocks: unknown[], stopReason: string | null, stopSequence: string | null, usage: unknown) {
    return { id: this.#generation.id, type: 'message', role: 'assistant', model: this.#service.servedModel, content: blocks, stop_reason: stopReason, stop_sequence: stopSequence, usage };
  }
}

/** Arguments that `max_tokens` cut off are no JSON any more. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}

function usageOf({ promptTokens, cachedTokens, completionTokens }: Billed) {
  return { input_tokens: promptTokens - cachedTokens, output_tokens: completionTokens, cache_creation_input_tokens: 0, cache_read_input_tokens: cachedTokens };
}

function event(type: string, data: Record<string, unknown>): string {
  return `event: ${type}\ndata: ${JSON.stringify({ type, ...data })}\n\n`;
}
