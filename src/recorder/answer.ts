/** What is learned from an answer: its output's arrival, text, tool calls, usage, and how it ended. */
import type { Capture, Endpoint, ToolCall, Usage } from '../profile/recordingFormat.ts';
import { asArray, asObject, asString, parseObject, type JsonObject } from '../proxy/json.ts';
import type { ServerTimes } from '../proxy/usage.ts';
import type { Bytes, Milliseconds } from '../profile/units.ts';
import type { EventTemplate } from './alikeEvents.ts';
import type { AnswerParts, Api } from './apis/api.ts';
import { apiOf } from './apis/index.ts';

interface OpenToolCall {
  id: string;
  name: string;
  arguments: string[];
  /** Of arguments that were too long to be kept. */
  lostBytes: Bytes;
}

/** More than any model answers. What goes on is counted and timed, but its words are not kept. */
const MAX_CHARS = 8 * 1024 * 1024;

const NEEDS_ESCAPE = /["\\]/;

/** Chat and completions have it at the top, Responses in `response`, Messages in the `message` that a stream begins with. */
function idOf(answer: JsonObject): string | null {
  const id = asString(answer['id']) ?? asString(asObject(answer['response'])?.['id']) ?? asString(asObject(answer['message'])?.['id']);
  return id === '' ? null : id;
}

/** One call's answer, filled from the events of a stream or from one JSON body. */
export class Answer implements AnswerParts {
  readonly #api: Api;
  /** Events of chat and completions are alike but for their text. */
  readonly #templated: boolean;
  readonly #toolCalls = new Map<string, OpenToolCall>();
  #template: EventTemplate | null = null;
  text: string[] = [];
  firstTokenAt: Milliseconds | null = null;
  /** Arrival of every event that carried output. */
  outputAt: Milliseconds[] = [];
  usage: Usage | null = null;
  serverTimes: ServerTimes | null = null;
  finishReason: string | null = null;
  model: string | null = null;
  /** The answer's own id. */
  id: string | null = null;
  /** The server's message about what went wrong, and its short name for it. */
  error: { message: string; code: string } | null = null;
  finished = false;
  /** Its words were too many to be kept. */
  tooLong = false;
  #chars = 0;
  /** Parts of the text that are in `#chars`. */
  #counted = 0;

  /** @param path as the program asked for it, without its query */
  constructor(endpoint: Endpoint, path = '') {
    this.#api = apiOf(endpoint, path);
    this.#templated = endpoint === 'chat' || endpoint === 'completions';
  }

  /** Takes one event's data, or one line of a stream of lines. */
  event(data: string, at: Milliseconds): void {
    if (data === '[DONE]') {
      this.finished = true;
      return;
    }
    const known = this.#textByTemplate(data);
    if (known !== null) {
      this.alike(known, at);
      return;
    }
    const event = parseObject(data);
    if (event === null) return;
    this.id ??= idOf(event);
    if (!this.#api.event(this, event)) return;
    this.firstTokenAt ??= at;
    this.outputAt.push(at);
    this.#limit();
    if (this.#templated) this.#learnTemplate(data, event);
  }

  /** Takes the text of an event that is like the last parsed one but for it (`template`). */
  alike(text: string, at: Milliseconds): void {
    this.text.push(text);
    this.outputAt.push(at);
    this.#limit();
  }

  /** What the events are like; null while that is not known. */
  get template(): EventTemplate | null {
    return this.#template;
  }

  /** Takes a plain answer. */
  body(answer: JsonObject): void {
    this.id ??= idOf(answer);
    this.#api.body(this, answer);
  }

  toolCall(key: string, part: { id?: string | null; name?: string | null; arguments?: string | null }): void {
    let open = this.#toolCalls.get(key);
    if (open === undefined) this.#toolCalls.set(key, (open = { id: '', name: '', arguments: [], lostBytes: 0 }));
    open.id ||= part.id ?? '';
    open.name += part.name ?? '';
    if (!part.arguments) return;
    this.#chars += part.arguments.length;
    if (this.#chars > MAX_CHARS) this.#forget();
    if (this.tooLong) open.lostBytes += Buffer.byteLength(part.arguments);
    else open.arguments.push(part.arguments);
  }

  textOf(capture: Capture): string | null {
    return capture === 'full' && !this.tooLong ? this.text.join('') : null;
  }

  toolCalls(capture: Capture): ToolCall[] {
    return [...this.#toolCalls.values()].map((call) => {
      const text = call.arguments.join('');
      return { callId: call.id, name: call.name, argumentBytes: Buffer.byteLength(text) + call.lostBytes, arguments: capture === 'full' && !this.tooLong ? text : null };
    });
  }

  #limit(): void {
    if (this.tooLong) {
      this.text = [];
      return;
    }
    // An API that repeats its answer at the end begins anew.
    if (this.#counted > this.text.length) this.#counted = 0;
    for (; this.#counted < this.text.length; this.#counted++) this.#chars += this.text[this.#counted]!.length;
    if (this.#chars > MAX_CHARS) this.#forget();
  }

  #forget(): void {
    this.tooLong = true;
    this.text = [];
    this.#chars = 0;
    for (const call of this.#toolCalls.values()) {
      call.lostBytes += call.arguments.reduce((sum, text) => sum + Buffer.byteLength(text), 0);
      call.arguments = [];
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
}
