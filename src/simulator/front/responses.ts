/** `/v1/responses`, without memory of earlier responses. */
import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { z } from 'zod';
import type { AnswerToken, Visible } from '../answers/layout.ts';
import { chatGeneration, contentOf, toolCallsOf } from './chat.ts';
import { badRequest } from './errors.ts';
import { answer, requestId, type AnswerWriter, type Billed, type Generation, type RequestMetrics, type TokenPlace } from './generation.ts';
import type { ChatMessage, ChatRequest } from './requests.ts';
import type { Service } from './service.ts';

const inputItem = z.looseObject({
  type: z.string().nullish(),
  role: z.string().nullish(),
  content: z.union([z.string(), z.array(z.looseObject({ text: z.string().nullish() }))]).nullish(),
  call_id: z.string().nullish(),
  name: z.string().nullish(),
  arguments: z.string().nullish(),
  output: z.unknown().optional(),
});
type InputItem = z.infer<typeof inputItem>;

export const responsesRequestSchema = z.looseObject({
  model: z.string().nullish(),
  input: z.union([z.string(), z.array(inputItem)]),
  instructions: z.string().nullish(),
  tools: z.array(z.looseObject({ type: z.string(), name: z.string().nullish(), description: z.string().nullish(), parameters: z.unknown().optional() })).nullish(),
  tool_choice: z.union([z.string(), z.looseObject({ type: z.string(), name: z.string().nullish() })]).nullish(),
  text: z.looseObject({ format: z.looseObject({ type: z.string(), schema: z.unknown().optional() }).nullish() }).nullish(),
  max_output_tokens: z.int().nullish(),
  stream: z.boolean().nullish(),
  previous_response_id: z.string().nullish(),
  background: z.boolean().nullish(),
  priority: z.int().nullish(),
});
export type ResponsesRequest = z.infer<typeof responsesRequestSchema>;

/** Answers a response. @throws ApiError */
export async function respond(service: Service, request: IncomingMessage, response: ServerResponse, body: ResponsesRequest): Promise<void> {
  if (typeof body.previous_response_id === 'string') throw badRequest('The embedded server keeps no responses. Send the whole conversation as `input`.', 'previous_response_id');
  if (body.background === true) throw badRequest('The embedded server runs nothing in the background.', 'background');
  const generation = chatGeneration(service, `resp_${requestId(request)}`, asChat(body));
  await answer(service, request, response, generation, new ResponsesWriter(service, generation, body));
}

function asChat(body: ResponsesRequest): ChatRequest {
  const format = body.text?.format;
  const tools = (body.tools ?? []).filter(({ type, name }) => type === 'function' && typeof name === 'string');
  const choice = body.tool_choice;
  return {
    messages: [...(body.instructions ? [{ role: 'system', content: body.instructions }] : []), ...(typeof body.input === 'string' ? [{ role: 'user', content: body.input }] : body.input.map(asMessage))],
    tools: tools.length === 0 ? null : tools.map(({ name, description, parameters }) => ({ type: 'function', function: { name: name!, description, parameters } })),
    tool_choice: tools.length === 0 ? null : typeof choice === 'object' && choice !== null ? (typeof choice.name === 'string' ? { function: { name: choice.name } } : 'auto') : choice,
    response_format: format?.type === 'json_schema' ? { type: 'json_schema', json_schema: { name: 'response', schema: format.schema } } : format?.type === 'json_object' ? { type: 'json_object' } : null,
    max_tokens: body.max_output_tokens ?? null,
    stream: body.stream ?? false,
    priority: body.priority ?? null,
  };
}

function asMessage(item: InputItem): ChatMessage {
  if (item.type === 'function_call') return { role: 'assistant', content: null, tool_calls: [{ id: item.call_id ?? '', function: { name: item.name ?? '', arguments: item.arguments ?? '{}' } }] };
  if (item.type === 'function_call_output') return { role: 'tool', tool_call_id: item.call_id ?? '', content: typeof item.output === 'string' ? item.output : JSON.stringify(item.output ?? '') };
  const text = typeof item.content === 'string' ? item.content : (item.content ?? []).map((part) => part.text ?? '').join('\n');
  return { role: item.role ?? 'user', content: text };
}

type Item = Record<string, unknown> & { id: string };

class ResponsesWriter implements AnswerWriter {
  readonly #service: Service;
  readonly #generation: Generation;
  readonly #request: ResponsesRequest;
  readonly #created = Math.floor(Date.now() / 1000);
  /** The answer's items: its text, if it has any, then its calls of tools. */
  readonly #items: Item[];
  readonly #hasText: boolean;
  #open = -1;
  #sequence = 0;

  constructor(service: Service, generation: Generation, request: ResponsesRequest) {
    this.#service = service;
    this.#generation = generation;
    this.#request = request;
    const { answer: laidOut } = generation.sequences[0]!;
    const text = contentOf(laidOut);
    const calls = toolCallsOf(laidOut);
    this.#hasText = text !== '' || calls.length === 0;
    const id = (prefix: string) => `${prefix}_${randomBytes(8).toString('hex')}`;
    this.#items = [
      ...(this.#hasText ? [{ type: 'message', id: id('msg'), status: 'completed', role: 'assistant', content: [{ type: 'output_text', text, annotations: [], logprobs: [] }] }] : []),
      ...calls.map((call) => ({ type: 'function_call', id: id('fc'), call_id: id('call'), status: 'completed', ...call })),
    ];
  }

  begin(): string {
    return this.#event('response.created', { response: this.#body('in_progress', [], null, null) }) + this.#event('response.in_progress', { response: this.#body('in_progress', [], null, null) });
  }

  token({ visible }: AnswerToken, _place: TokenPlace, _billed: Billed): string {
    return visible.map((part) => this.#part(part)).join('');
  }

  #part(visible: Visible): string {
    const index = visible.kind === 'content' ? 0 : visible.call + (this.#hasText ? 1 : 0);
    const opening = index === this.#open ? '' : this.#openItem(index);
    const place = { output_index: index, item_id: this.#items[index]!.id };
    if (visible.kind === 'content') return opening + this.#event('response.output_text.delta', { ...place, content_index: 0, delta: visible.text, logprobs: [] });
    return visible.kind === 'toolArguments' ? opening + this.#event('response.function_call_arguments.delta', { ...place, delta: visible.text }) : opening;
  }

  end(billed: Billed, metrics: RequestMetrics | null): string {
    const opening = this.#open === -1 ? this.#openItem(0) : '';
    return opening + this.#closeItem() + this.#event(`response.${this.#status()}`, { response: this.whole(billed, metrics) });
  }

  whole(billed: Billed, metrics: RequestMetrics | null): unknown {
    const usage = {
      input_tokens: billed.promptTokens,
      input_tokens_details: { cached_tokens: billed.cachedTokens },
      output_tokens: billed.completionTokens,
      output_tokens_details: { reasoning_tokens: 0 },
      total_tokens: billed.promptTokens + billed.completionTokens,
    };
    return this.#body(this.#status(), this.#items, usage, metrics);
  }

  #status(): 'incomplete' | 'completed' {
    return this.#generation.sequences[0]!.answer.finishReason === 'length' ? 'incomplete' : 'completed';
  }

  #openItem(index: number): string {
    const before = this.#closeItem();
    this.#open = index;
    const item = this.#items[index]!;
    const empty = item['type'] === 'message' ? { content: [] } : { arguments: '' };
    const added = before + this.#event('response.output_item.added', { output_index: index, item: { ...item, ...empty, status: 'in_progress' } });
    if (item['type'] !== 'message') return added;
    return added + this.#event('response.content_part.added', { output_index: index, item_id: item.id, content_index: 0, part: { type: 'output_text', text: '', annotations: [], logprobs: [] } });
  }

  #closeItem(): string {
    const item = this.#items[this.#open];
    if (item === undefined) return '';
    const events: string[] = [];
    const place = { output_index: this.#open, item_id: item.id };
    if (item['type'] === 'message') {
      const part = (item['content'] as { text: string }[])[0]!;
      events.push(this.#event('response.output_text.done', { ...place, content_index: 0, text: part.text, logprobs: [] }), this.#event('response.content_part.done', { ...place, content_index: 0, part }));
    } else events.push(this.#event('response.function_call_arguments.done', { ...place, name: item['name'], arguments: item['arguments'] }));
    events.push(this.#event('response.output_item.done', { output_index: this.#open, item }));
    return events.join('');
  }

  #event(type: string, data: Record<string, unknown>): string {
    return `event: ${type}\ndata: ${JSON.stringify({ ...data, sequence_number: this.#sequence++, type })}\n\n`;
  }

  #body(status: string, output: unknown[], usage: unknown, metrics: RequestMetrics | null) {
    return {
      id: this.#generation.id,
      object: 'response',
      created_at: this.#created,
      status,
      error: null,
      incomplete_details: status === 'incomplete' ? { reason: 'max_output_tokens' } : null,
      instructions: this.#request.instructions ?? null,
      metadata: null,
      model: this.#service.servedModel,
      output,
      parallel_tool_calls: true,
      temperature: 1,
      tool_choice: this.#request.tool_choice ?? 'auto',
      tools: this.#request.tools ?? [],
      top_p: 1,
      max_output_tokens: this.#request.max_output_tokens ?? null,
      previous_response_id: null,
      reasoning: null,
      text: this.#request.text ?? null,
      truncation: 'disabled',
      usage,
      user: null,
      metrics,
    };
  }
}
