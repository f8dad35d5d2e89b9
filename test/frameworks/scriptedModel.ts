/**
 * A model's server for framework tests: it calls each tool that it is offered once, in their order, with arguments that fit,
 * then answers, and logs what it truly served. It speaks chat completions, responses and Anthropic's messages, streamed and plain.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { PATIENT } from '../fixtures/patient.ts';

/** One call of a model, as it was served. */
export interface Served {
  path: string;
  stream: boolean;
  promptTokens: number;
  cachedTokens: number;
  completionTokens: number;
  /** Names of the tools that the answer asks for. */
  tools: string[];
}

/** What a request says, whichever API it speaks. */
export interface Asked {
  path: string;
  stream: boolean;
  /** All text of the prompt, roles and all. */
  prompt: string;
  tools: OfferedTool[];
  /** Names of the tools that were called since the user's last message. */
  called: string[];
}

export interface OfferedTool {
  name: string;
  parameters: Schema;
}

interface Schema {
  type?: string | string[];
  enum?: unknown[];
  const?: unknown;
  default?: unknown;
  anyOf?: Schema[];
  items?: Schema;
  properties?: Record<string, Schema>;
  required?: string[];
  $ref?: string;
  $defs?: Record<string, Schema>;
}

/** An answer: tools to call, or words. */
export type Turn = { tools: { name: string; arguments: string }[] } | { text: string };

export interface ModelOptions {
  /** Decides an answer in the place of the rule; null leaves it to the rule. */
  answer?: (asked: Asked) => Turn | null;
  /** Calls all tools that are left at once. */
  parallel?: boolean;
}

type Json = Record<string, unknown>;

/** As of a small model: the first token takes its time, the others come at a steady pace. */
const FIRST_TOKEN_MS = 40;
const TOKEN_MS = 4;
const MODEL = 'scripted';

export class ScriptedModel {
  readonly served: Served[] = [];
  readonly #server: Server;
  readonly #options: ModelOptions;
  /** Everything that was said up to and with each response. */
  readonly #stored = new Map<string, Json[]>();
  #ids = 0;

  private constructor(options: ModelOptions) {
    this.#options = options;
    this.#server = createServer(PATIENT, (request, response) => void this.#receive(request, response));
  }

  static async start(options: ModelOptions = {}): Promise<ScriptedModel> {
    const model = new ScriptedModel(options);
    await new Promise<void>((resolve) => model.#server.listen(0, '127.0.0.1', resolve));
    return model;
  }

  /** Base URL, ending in `/v1`. */
  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/v1`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const path = (request.url ?? '').replace(/\?.*/, '');
    const sent = chunks.length === 0 ? {} : (JSON.parse(Buffer.concat(chunks).toString('utf8')) as Json);
    if (path.endsWith('/models')) json(response, { object: 'list', data: [{ id: MODEL, object: 'model', created: 1, owned_by: 'test' }] });
    else if (path.endsWith('/chat/completions')) await this.#chat(response, sent, askedOfChat(path, sent));
    else if (path.endsWith('/messages')) await this.#messages(response, askedOfMessages(path, sent));
    else if (path.endsWith('/responses')) await this.#responses(response, this.#continued(sent), path);
    else if (path.endsWith('/embeddings')) this.#embeddings(response, path, sent);
    else {
      response.statusCode = 404;
      json(response, { error: { message: `nothing is served at ${path}`, type: 'not_found', param: null, code: null } });
    }
  }

  #decide(asked: Asked): Turn {
    const decided = this.#options.answer?.(asked) ?? null;
    if (decided !== null) return decided;
    const left = asked.tools.filter(({ name }) => !asked.called.includes(name));
    const next = this.#options.parallel === true ? left : left.slice(0, 1);
    if (next.length > 0) return callsFor(next);
    return { text: 'It will rain in the morning and clear up later.' };
  }

  #log(asked: Asked, turn: Turn): Served {
    const promptTokens = Math.ceil(asked.prompt.length / 4);
    const completionTokens = 'text' in turn ? wordsOf(turn.text).length : turn.tools.reduce((sum, { arguments: text }) => sum + 8 + Math.ceil(text.length / 4), 0);
    const served = {
      path: asked.path,
      stream: asked.stream,
      promptTokens,
      cachedTokens: Math.floor(promptTokens / 32) * 16,
      completionTokens,
      tools: 'text' in turn ? [] : turn.tools.map(({ name }) => name),
    };
    this.served.push(served);
    return served;
  }

  /** All of one length: the size of a prompt does not depend on how many calls were served before. */
  #id(prefix: string): string {
    return `${prefix}_${String(++this.#ids).padStart(4, '0')}`;
  }

  async #chat(response: ServerResponse, sent: Json, asked: Asked): Promise<void> {
    const turn = this.#decide(asked);
    const served = this.#log(asked, turn);
    const usage = {
      prompt_tokens: served.promptTokens,
      completion_tokens: served.completionTokens,
      total_tokens: served.promptTokens + served.completionTokens,
      prompt_tokens_details: { cached_tokens: served.cachedTokens },
    };
    const base = { id: this.#id('chatcmpl'), created: 1, model: MODEL };
    const toolCalls = 'text' in turn ? [] : turn.tools.map((tool) => ({ id: this.#id('call'), type: 'function', function: tool }));
    const finish = toolCalls.length > 0 ? 'tool_calls' : 'stop';
    await pause(FIRST_TOKEN_MS);
    if (!asked.stream) {
      await pause(TOKEN_MS * served.completionTokens);
      const message = { role: 'assistant', content: 'text' in turn ? turn.text : null, ...(toolCalls.length > 0 ? { tool_calls: toolCalls } : {}) };
      json(response, { ...base, object: 'chat.completion', choices: [{ index: 0, message, logprobs: null, finish_reason: finish }], usage });
      return;
    }
    const events = new EventStream(response);
    const chunk = (delta: Json, finishReason: string | null = null) =>
      events.send(null, { ...base, object: 'chat.completion.chunk', choices: [{ index: 0, delta, logprobs: null, finish_reason: finishReason }] });
    chunk({ role: 'assistant', content: '' });
    if ('text' in turn) {
      for (const word of wordsOf(turn.text)) {
        chunk({ content: word });
        await pause(TOKEN_MS);
      }
    }
    for (const [index, call] of toolCalls.entries()) {
      chunk({ tool_calls: [{ index, ...call, function: { name: call.function.name, arguments: '' } }] });
      for (const piece of piecesOf(call.function.arguments)) {
        chunk({ tool_calls: [{ index, function: { arguments: piece } }] });
        await pause(TOKEN_MS);
      }
    }
    chunk({}, finish);
    const options = sent['stream_options'] as { include_usage?: boolean } | undefined;
    if (options?.include_usage === true) events.send(null, { ...base, object: 'chat.completion.chunk', choices: [], usage });
    events.end('[DONE]');
  }

  /** A request that goes on from a stored response, with all that was said before. */
  #continued(sent: Json): Json {
    const before = this.#stored.get(String(sent['previous_response_id']));
    return before === undefined ? sent : { ...sent, input: [...before, ...inputOf(sent)] };
  }

  async #responses(response: ServerResponse, sent: Json, path: string): Promise<void> {
    const asked = askedOfResponses(path, sent);
    const turn = this.#decide(asked);
    const served = this.#log(asked, turn);
    const usage = {
      input_tokens: served.promptTokens,
      input_tokens_details: { cached_tokens: served.cachedTokens },
      output_tokens: served.completionTokens,
      output_tokens_details: { reasoning_tokens: 0 },
      total_tokens: served.promptTokens + served.completionTokens,
    };
    const items: Json[] =
      'text' in turn
        ? [{ type: 'message', id: this.#id('msg'), status: 'completed', role: 'assistant', content: [{ type: 'output_text', text: turn.text, annotations: [], logprobs: [] }] }]
        : turn.tools.map((tool) => ({ type: 'function_call', id: this.#id('fc'), call_id: this.#id('call'), status: 'completed', ...tool }));
    const id = this.#id('resp');
    this.#stored.set(id, [...inputOf(sent), ...items]);
    const whole = (status: string, output: Json[]): Json => ({
      id, object: 'response', created_at: 1, status, error: null, incomplete_details: null, instructions: null, metadata: {}, model: MODEL, output,
      parallel_tool_calls: true, temperature: 1, tool_choice: 'auto', tools: sent['tools'] ?? [], top_p: 1, max_output_tokens: null, previous_response_id: null, text: { format: { type: 'text' } },
      truncation: 'disabled', user: null, usage: status === 'completed' ? usage : null,
    });
    await pause(FIRST_TOKEN_MS);
    if (!asked.stream) {
      await pause(TOKEN_MS * served.completionTokens);
      json(response, whole('completed', items));
      return;
    }
    const events = new EventStream(response);
    let sequence = 0;
    const send = (type: string, data: Json) => events.send(type, { type, sequence_number: sequence++, ...data });
    send('response.created', { response: whole('in_progress', []) });
    for (const [index, item] of items.entries()) {
      const at = { output_index: index, item_id: item['id'] };
      if (item['type'] === 'message' && 'text' in turn) {
        send('response.output_item.added', { output_index: index, item: { ...item, status: 'in_progress', content: [] } });
        send('response.content_part.added', { ...at, content_index: 0, part: { type: 'output_text', text: '', annotations: [], logprobs: [] } });
        for (const word of wordsOf(turn.text)) {
          send('response.output_text.delta', { ...at, content_index: 0, delta: word, logprobs: [] });
          await pause(TOKEN_MS);
        }
        send('response.output_text.done', { ...at, content_index: 0, text: turn.text, logprobs: [] });
        send('response.content_part.done', { ...at, content_index: 0, part: (item['content'] as Json[])[0] });
      } else {
        const text = item['arguments'] as string;
        send('response.output_item.added', { output_index: index, item: { ...item, status: 'in_progress', arguments: '' } });
        for (const piece of piecesOf(text)) {
          send('response.function_call_arguments.delta', { ...at, delta: piece });
          await pause(TOKEN_MS);
        }
        send('response.function_call_arguments.done', { ...at, name: item['name'], arguments: text });
      }
      send('response.output_item.done', { output_index: index, item });
    }
    send('response.completed', { response: whole('completed', items) });
    events.end(null);
  }

  async #messages(response: ServerResponse, asked: Asked): Promise<void> {
    const turn = this.#decide(asked);
    const served = this.#log(asked, turn);
    const input = { input_tokens: served.promptTokens - served.cachedTokens, cache_read_input_tokens: served.cachedTokens, cache_creation_input_tokens: 0 };
    const blocks: Json[] = 'text' in turn ? [{ type: 'text', text: turn.text }] : turn.tools.map(({ name, arguments: text }) => ({ type: 'tool_use', id: this.#id('toolu'), name, input: JSON.parse(text) as unknown }));
    const stop = { stop_reason: 'text' in turn ? 'end_turn' : 'tool_use', stop_sequence: null };
    const message = { id: this.#id('msg'), type: 'message', role: 'assistant', model: MODEL };
    await pause(FIRST_TOKEN_MS);
    if (!asked.stream) {
      await pause(TOKEN_MS * served.completionTokens);
      json(response, { ...message, content: blocks, ...stop, usage: { ...input, output_tokens: served.completionTokens } });
      return;
    }
    const events = new EventStream(response);
    const send = (type: string, data: Json) => events.send(type, { type, ...data });
    send('message_start', { message: { ...message, content: [], stop_reason: null, stop_sequence: null, usage: { ...input, output_tokens: 1 } } });
    for (const [index, block] of blocks.entries()) {
      const isText = block['type'] === 'text';
      send('content_block_start', { index, content_block: isText ? { type: 'text', text: '' } : { ...block, input: {} } });
      for (const piece of isText ? wordsOf(block['text'] as string) : piecesOf(JSON.stringify(block['input']))) {
        send('content_block_delta', { index, delta: isText ? { type: 'text_delta', text: piece } : { type: 'input_json_delta', partial_json: piece } });
        await pause(TOKEN_MS);
      }
      send('content_block_stop', { index });
    }
    send('message_delta', { delta: stop, usage: { output_tokens: served.completionTokens } });
    send('message_stop', {});
    events.end(null);
  }

  #embeddings(response: ServerResponse, path: string, sent: Json): void {
    const inputs = Array.isArray(sent['input']) ? sent['input'] : [sent['input']];
    const promptTokens = inputs.reduce<number>((sum, input) => sum + Math.ceil(String(input).length / 4), 0);
    this.served.push({ path, stream: false, promptTokens, cachedTokens: 0, completionTokens: 0, tools: [] });
    // Not all alike, so that a vector store has something to compare.
    const vector = (text: string) => Array.from({ length: 8 }, (_, n) => ((text.charCodeAt(n % Math.max(1, text.length)) || 1) % 17) / 17);
    const encode = (values: number[]) => (sent['encoding_format'] === 'base64' ? Buffer.from(Float32Array.from(values).buffer).toString('base64') : values);
    json(response, {
      object: 'list',
      model: MODEL,
      data: inputs.map((input, index) => ({ object: 'embedding', index, embedding: encode(vector(String(input))) })),
      usage: { prompt_tokens: promptTokens, total_tokens: promptTokens },
    });
  }
}

class EventStream {
  readonly #response: ServerResponse;

  constructor(response: ServerResponse) {
    this.#response = response;
    response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' });
  }

  send(event: string | null, data: Json): void {
    this.#response.write(`${event === null ? '' : `event: ${event}\n`}data: ${JSON.stringify(data)}\n\n`);
  }

  end(last: string | null): void {
    this.#response.end(last === null ? '' : `data: ${last}\n\n`);
  }
}

function json(response: ServerResponse, body: Json): void {
  const text = JSON.stringify(body);
  response.setHeader('content-type', 'application/json');
  response.setHeader('content-length', Buffer.byteLength(text));
  response.end(text);
}

function askedOfChat(path: string, sent: Json): Asked {
  const messages = (sent['messages'] ?? []) as { role: string; tool_calls?: { function: { name: string } }[] }[];
  const since = messages.slice(messages.findLastIndex(({ role }) => role === 'user') + 1);
  const offered = (sent['tools'] ?? []) as { function: { name: string; parameters?: Schema } }[];
  return {
    path,
    stream: sent['stream'] === true,
    prompt: JSON.stringify(messages) + JSON.stringify(sent['tools'] ?? ''),
    tools: offered.map(({ function: { name, parameters } }) => ({ name, parameters: parameters ?? {} })),
    called: since.flatMap(({ tool_calls: calls }) => calls?.map((call) => call.function.name) ?? []),
  };
}

function inputOf(sent: Json): Json[] {
  return typeof sent['input'] === 'string' ? [{ role: 'user', content: sent['input'] }] : ((sent['input'] ?? []) as Json[]);
}

function askedOfResponses(path: string, sent: Json): Asked {
  const input = inputOf(sent) as { type?: string; role?: string; name?: string }[];
  const since = input.slice(input.findLastIndex(({ role }) => role === 'user') + 1);
  const offered = ((sent['tools'] ?? []) as { type: string; name: string; parameters?: Schema }[]).filter(({ type }) => type === 'function');
  return {
    path,
    stream: sent['stream'] === true,
    prompt: JSON.stringify(sent['instructions'] ?? '') + JSON.stringify(input) + JSON.stringify(sent['tools'] ?? ''),
    tools: offered.map(({ name, parameters }) => ({ name, parameters: parameters ?? {} })),
    called: since.flatMap(({ type, name }) => (type === 'function_call' && name !== undefined ? [name] : [])),
  };
}

function askedOfMessages(path: string, sent: Json): Asked {
  const messages = (sent['messages'] ?? []) as { role: string; content: string | { type: string; name?: string }[] }[];
  // Results of tools come in the user's name.
  const isUsers = ({ role, content }: (typeof messages)[number]) => role === 'user' && (typeof content === 'string' || content.every(({ type }) => type !== 'tool_result'));
  const since = messages.slice(messages.findLastIndex(isUsers) + 1);
  const offered = (sent['tools'] ?? []) as { name: string; input_schema?: Schema }[];
  return {
    path,
    stream: sent['stream'] === true,
    prompt: JSON.stringify(sent['system'] ?? '') + JSON.stringify(messages) + JSON.stringify(sent['tools'] ?? ''),
    tools: offered.map(({ name, input_schema: parameters }) => ({ name, parameters: parameters ?? {} })),
    called: since.flatMap(({ content }) => (typeof content === 'string' ? [] : content.flatMap(({ type, name }) => (type === 'tool_use' && name !== undefined ? [name] : [])))),
  };
}

/** An answer that calls tools with arguments that fit. */
export function callsFor(tools: readonly OfferedTool[]): Turn {
  return { tools: tools.map(({ name, parameters }) => ({ name, arguments: JSON.stringify(sampleOf(parameters, parameters)) })) };
}

/** A value that fits a JSON schema, the same each time. */
function sampleOf(schema: Schema, root: Schema): unknown {
  if (schema.$ref !== undefined) return sampleOf(root.$defs?.[schema.$ref.split('/').at(-1) ?? ''] ?? {}, root);
  if (schema.const !== undefined) return schema.const;
  if (schema.enum !== undefined) return schema.enum[0];
  if (schema.anyOf !== undefined) return sampleOf(schema.anyOf[0] ?? {}, root);
  const type = Array.isArray(schema.type) ? schema.type[0] : (schema.type ?? (schema.properties === undefined ? 'string' : 'object'));
  switch (type) {
    case 'object': {
      const properties = Object.entries(schema.properties ?? {});
      const wanted = schema.required === undefined ? properties : properties.filter(([name]) => schema.required!.includes(name));
      return Object.fromEntries(wanted.map(([name, property]) => [name, sampleOf(property, root)]));
    }
    case 'array':
      return [sampleOf(schema.items ?? {}, root)];
    case 'integer':
    case 'number':
      return 3;
    case 'boolean':
      return true;
    case 'null':
      return null;
    default:
      return 'Bergen';
  }
}

function wordsOf(text: string): string[] {
  return text.match(/\s*\S+/g) ?? [text];
}

function piecesOf(text: string): string[] {
  return text.match(/.{1,12}/gs) ?? [];
}
