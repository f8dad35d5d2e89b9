/** What is learned from an answer: its output's arrival, text, tool calls, usage, and how it ended. */
import type { Capture, Endpoint, ToolCall, Usage } from '../profile/recordingFormat.ts';
import { asArray, asObject, asString, parseObject, type JsonObject } from '../proxy/json.ts';
import { parseServerTimes, parseUsage, type ServerTimes } from '../proxy/usage.ts';
import type { Milliseconds } from '../profile/units.ts';

interface OpenToolCall {
  id: string;
  name: string;
  arguments: string[];
}

/** What stands before and after the text of a stream's events, when nothing else in them changes from token to token. */
interface EventTemplate {
  before: string;
  after: string;
}

const NEEDS_ESCAPE = /["\\]/;

/** One call's answer, filled from the events of a stream or from one JSON body. */
export class Answer {
  readonly #endpoint: Endpoint;
  #text: string[] = [];
  readonly #toolCalls = new Map<string, OpenToolCall>();
  #template: EventTemplate | null = null;
  firstTokenAt: Milliseconds | null = null;
  /** Arrival of every event that carried output. */
  outputAt: Milliseconds[] = [];
  usage: Usage | null = null;
  serverTimes: ServerTimes | null = null;
  finishReason: string | null = null;
  model: string | null = null;
  /** The server's message about what went wrong, and its short name for it. */
  error: { message: string; code: string } | null = null;
  /** The stream has said that it is complete. */
  finished = false;

  constructor(endpoint: Endpoint) {
    this.#endpoint = endpoint;
  }

  /** Takes one event's data. */
  event(data: string, at: Milliseconds): void {
    if (data === '[DONE]') {
      this.finished = true;
      return;
    }
    const known = this.#textByTemplate(data);
    if (known !== null) {
      this.#text.push(known);
      this.outputAt.push(at);
      return;
    }
    const event = parseObject(data);
    if (event === null) return;
    if (this.#endpoint === 'responses' ? this.#responsesEvent(event) : this.#chunk(event)) {
      this.firstTokenAt ??= at;
      this.outputAt.push(at);
      if (this.#endpoint !== 'responses') this.#learnTemplate(data, event);
    }
  }

  /** The text of an event that is the last parsed one but for its text; parsing each would cost ten times as much. */
  #textByTemplate(data: string): string | null {
    const template = this.#template;
    if (template === null) return null;
    const { before, after } = template;
    if (data.length <= before.length + after.length || !data.startsWith(before) || !data.endsWith(after)) return null;
    const text = data.slice(before.length, data.length - after.length);
    return NEEDS_ESCAPE.test(text) ? null : text;
  }

  #learnTemplate(data: string, event: JsonObject): void {
    this.#template = null;
    const choices = asArray(event['choices']);
    const choice = asObject(choices[0]);
    if (choices.length !== 1 || choice === null || asString(choice['finish_reason']) !== null || asObject(event['usage']) !== null) return;
    const delta = asObject(choice['delta']);
    // A field beside the text could carry output of its own.
    if (delta !== null && Object.values(delta).some((value) => value !== null && value !== delta['content'] && value !== delta['role'])) return;
    const text = asString(delta === null ? choice['text'] : delta['content']);
    const key = delta === null ? '"text":"' : '"content":"';
    const at = data.indexOf(key);
    if (text === null || text === '' || NEEDS_ESCAPE.test(text) || at < 0 || data.includes(key, at + 1)) return;
    const start = at + key.length;
    if (data.startsWith(`${text}"`, start)) this.#template = { before: data.slice(0, start), after: data.slice(start + text.length) };
  }

  /** Takes a plain answer. */
  body(answer: JsonObject): void {
    this.#common(answer);
    if (this.#endpoint === 'responses') {
      this.#responsesOutput(answer);
      return;
    }
    for (const entry of asArray(answer['choices'])) {
      const choice = asObject(entry);
      if (choice === null) continue;
      this.finishReason = asString(choice['finish_reason']) ?? this.finishReason;
      const message = asObject(choice['message']);
      this.#text.push(asString(message?.['content']) ?? asString(choice['text']) ?? '');
      asArray(message?.['tool_calls']).forEach((call, index) => this.#toolCallDelta(`${String(choice['index'])}.${index}`, asObject(call)));
    }
  }

  text(capture: Capture): string | null {
    return capture === 'full' ? this.#text.join('') : null;
  }

  toolCalls(capture: Capture): ToolCall[] {
    return [...this.#toolCalls.values()].map((call) => {
      const text = call.arguments.join('');
      return { callId: call.id, name: call.name, argumentBytes: Buffer.byteLength(text), arguments: capture === 'full' ? text : null };
    });
  }

  /** Fields that all answers share. */
  #common(answer: JsonObject): void {
    this.model = asString(answer['model']) ?? this.model;
    this.usage = parseUsage(answer['usage']) ?? this.usage;
    this.serverTimes = parseServerTimes(answer) ?? this.serverTimes;
    const error = asObject(answer['error']);
    if (error !== null) {
      const code = error['type'] ?? error['code'];
      this.error = { message: asString(error['message']) ?? 'the server gave no message', code: typeof code === 'string' || typeof code === 'number' ? String(code) : 'error' };
    } else if (typeof answer['error'] === 'string') this.error = { message: answer['error'], code: 'error' };
  }

  /** @returns whether the chunk carries output */
  #chunk(chunk: JsonObject): boolean {
    this.#common(chunk);
    let output = false;
    for (const entry of asArray(chunk['choices'])) {
      const choice = asObject(entry);
      if (choice === null) continue;
      const finish = asString(choice['finish_reason']);
      if (finish !== null) {
        this.finishReason = finish;
        this.finished = true;
      }
      const delta = asObject(choice['delta']);
      const text = asString(delta?.['content']) ?? asString(choice['text']) ?? '';
      if (text !== '') {
        this.#text.push(text);
        output = true;
      }
      // `reasoning` and `reasoning_content` are vLLM's names, the latter also DeepSeek's.
      for (const name of ['reasoning', 'reasoning_content', 'refusal']) if ((asString(delta?.[name]) ?? '') !== '') output = true;
      for (const call of asArray(delta?.['tool_calls'])) {
        const object = asObject(call);
        this.#toolCallDelta(`${String(choice['index'])}.${String(object?.['index'])}`, object);
        output = true;
      }
    }
    return output;
  }

  #toolCallDelta(key: string, call: JsonObject | null): void {
    if (call === null) return;
    const called = asObject(call['function']);
    let open = this.#toolCalls.get(key);
    if (open === undefined) this.#toolCalls.set(key, (open = { id: '', name: '', arguments: [] }));
    open.id ||= asString(call['id']) ?? '';
    open.name += asString(called?.['name']) ?? '';
    const text = asString(called?.['arguments']);
    if (text !== null) open.arguments.push(text);
  }

  #responsesEvent(event: JsonObject): boolean {
    const type = asString(event['type']) ?? '';
    const delta = asString(event['delta']) ?? '';
    switch (type) {
      case 'response.output_text.delta':
        this.#text.push(delta);
        return delta !== '';
      case 'response.completed':
      case 'response.incomplete':
      case 'response.failed': {
        this.finished = true;
        // llama.cpp puts its timings beside the response.
        this.serverTimes = parseServerTimes(event) ?? this.serverTimes;
        const response = asObject(event['response']);
        if (response === null) return false;
        this.#common(response);
        this.#text = [];
        this.#responsesOutput(response);
        return false;
      }
      case 'error':
        this.error = { message: asString(event['message']) ?? 'the server gave no message', code: asString(event['code']) ?? 'error' };
        return false;
      default:
        return type.endsWith('.delta') && delta !== '';
    }
  }

  #responsesOutput(response: JsonObject): void {
    const incomplete = asString(asObject(response['incomplete_details'])?.['reason']);
    this.finishReason = incomplete ?? asString(response['status']);
    asArray(response['output']).forEach((entry, index) => {
      const item = asObject(entry);
      if (item?.['type'] === 'function_call') {
        const call = { id: asString(item['call_id']) ?? '', name: asString(item['name']) ?? '', arguments: [asString(item['arguments']) ?? ''] };
        this.#toolCalls.set(String(index), call);
      } else for (const part of asArray(item?.['content'])) this.#text.push(asString(asObject(part)?.['text']) ?? '');
    });
  }
}
