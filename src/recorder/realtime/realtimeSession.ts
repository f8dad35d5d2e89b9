/**
 * A session of the realtime API, told by its server's events: each answer of the model in it becomes a call of its own, from when
 * the server begins it until it is done. The session itself, which may stand open for an hour, is no call of a model.
 *
 * OpenAI's events: https://platform.openai.com/docs/api-reference/realtime-server-events. vLLM's (transcription alone, without an
 * event for an answer's beginning): vllm/entrypoints/openai/realtime/connection.py.
 *
 * What is said to a session of OpenAI's may be transcribed by a model of its own: each transcription is a call, too, from when the
 * audio was committed.
 */
import type { CallEndLine, CallLine, Capture, RecordingLine, ToolCall, Usage } from '../../profile/recordingFormat.ts';
import type { Milliseconds } from '../../profile/units.ts';
import { asArray, asCount, asObject, asString, parseObject, type JsonObject } from '../../proxy/json.ts';
import { parseUsage } from '../../proxy/usage.ts';
import { microseconds } from '../callRecord.ts';
import { WebSocketReader } from './webSocketReader.ts';

/** Of events that carry output; of these, words. */
const OUTPUT = /^(?:response\..+|transcription)\.delta$/;
const TRANSCRIPTION = 'conversation.item.input_audio_transcription.';
/** Of audio that was committed and not transcribed, as where no session asks for it. */
const MAX_COMMITTED = 64;
const WORDS = /^(?:response\.(?:output_)?(?:text|audio_transcript)|transcription)\.delta$/;
/** vLLM's answers have no names. */
const UNNAMED = '';

interface OpenAnswer {
  id: string;
  responseId: string | null;
  /** As it was known at its beginning. */
  model: string | null;
  outputAt: Milliseconds[];
  /** Its beginning is not told: then neither is how long its first output took. */
  beganUnseen: boolean;
  words: string[];
}

export interface SessionOptions {
  /** The session's own line, whose place in the program its answers share. */
  session: CallLine;
  capture: Capture;
  evidence: CallEndLine['usageEvidence'];
  toT: (at: Milliseconds) => Milliseconds;
  append: (line: RecordingLine) => void;
}

export class RealtimeSession {
  readonly #options: SessionOptions;
  readonly #reader: WebSocketReader;
  /** By the server's name of each. */
  readonly #open = new Map<string, OpenAnswer>();
  /** When the audio of items was committed. */
  readonly #committed = new Map<string, Milliseconds>();
  #answers = 0;
  #model: string | null = null;
  #transcriber: string | null = null;
  #at: Milliseconds = 0;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#reader = new WebSocketReader((text) => this.#event(text));
  }

  /** @param extensions as the server agreed to them */
  opened(extensions: string | null): void {
    this.#reader.agreed(extensions);
  }

  /** Takes bytes as the server sent them. @returns false where nothing more can be read of them */
  read(bytes: Buffer, at: Milliseconds): boolean {
    this.#at = at;
    this.#reader.push(bytes);
    return !this.#reader.isLost;
  }

  /** Bytes have been left out. */
  giveUp(): void {
    this.#reader.lose();
  }

  /** The connection has ended, and with it what was under way. */
  end(at: Milliseconds): void {
    this.#at = at;
    for (const name of [...this.#open.keys()]) this.#done(name, { status: 'cancelled', error: null, usage: null, finishReason: null, toolCalls: [] });
  }

  #event(text: string): void {
    const event = parseObject(text);
    if (event === null) return;
    const type = asString(event['type']) ?? '';
    if (/^(?:transcription_)?session\.(?:created|updated)$/.test(type)) this.#configured(asObject(event['session']) ?? {});
    else if (type === 'input_audio_buffer.committed') this.#commit(asString(event['item_id']));
    else if (type.startsWith(TRANSCRIPTION)) this.#transcription(type.slice(TRANSCRIPTION.length), event);
    else if (type === 'response.created') this.#begin(asString(asObject(event['response'])?.['id']) ?? UNNAMED, false);
    else if (type === 'response.done') this.#responseDone(asObject(event['response']) ?? {});
    else if (type === 'transcription.done') this.#done(UNNAMED, { status: 'ok', error: null, usage: parseUsage(event['usage']), finishReason: null, toolCalls: [] });
    else if (OUTPUT.test(type)) this.#output(asString(event['response_id']) ?? UNNAMED, WORDS.test(type) ? (asString(event['delta']) ?? '') : '');
  }

  #configured(session: JsonObject): void {
    this.#model = asString(session['model']) ?? this.#model;
    // In a session's own words of today, and of the beta.
    const input = asObject(asObject(session['audio'])?.['input']);
    const transcriber = asObject(input?.['transcription']) ?? asObject(session['input_audio_transcription']);
    this.#transcriber = asString(transcriber?.['model']) ?? this.#transcriber;
  }

  #commit(item: string | null): void {
    if (item === null) return;
    if (this.#committed.size >= MAX_COMMITTED) this.#committed.delete(this.#committed.keys().next().value!);
    this.#committed.set(item, this.#at);
  }

  #transcription(what: string, event: JsonObject): void {
    const item = asString(event['item_id']) ?? UNNAMED;
    const name = `${TRANSCRIPTION}${item} ${asCount(event['content_index']) ?? 0}`;
    if (!this.#open.has(name)) {
      const committed = this.#committed.get(item);
      this.#begin(name, committed === undefined, { at: committed ?? this.#at, model: this.#transcriber, responseId: null });
    }
    const failure = asObject(event['error']);
    const rest = { usage: parseUsage(event['usage']), finishReason: null, toolCalls: [] };
    if (what === 'delta') this.#output(name, asString(event['delta']) ?? '');
    else if (what === 'completed') this.#done(name, { status: 'ok', error: null, ...rest }, asString(event['transcript']));
    else if (what === 'failed') this.#done(name, { status: 'error', error: (this.#options.capture === 'full' ? asString(failure?.['message']) : null) ?? asString(failure?.['code']) ?? asString(failure?.['type']) ?? 'failed', ...rest });
    if (what !== 'delta') this.#committed.delete(item);
  }

  #begin(name: string, beganUnseen: boolean, begun: Pick<OpenAnswer, 'model' | 'responseId'> & { at: Milliseconds } = { at: this.#at, model: this.#model, responseId: name === UNNAMED ? null : name }): OpenAnswer {
    const known = this.#open.get(name);
    if (known !== undefined) return known;
    const { session, toT, append } = this.#options;
    const { at, model, responseId } = begun;
    const answer: OpenAnswer = { id: `${session.id}.${++this.#answers}`, responseId, model, outputAt: [], beganUnseen, words: [] };
    this.#open.set(name, answer);
    append({ ...session, t: toT(at), id: answer.id, endpoint: 'responses', model, stream: true });
    return answer;
  }

  #output(name: string, words: string): void {
    const answer = this.#begin(name, true);
    if (answer.outputAt.length === 0 && !answer.beganUnseen) this.#options.append({ type: 'firstToken', t: this.#options.toT(this.#at), id: answer.id });
    answer.outputAt.push(this.#at);
    if (this.#options.capture === 'full') answer.words.push(words);
  }

  #responseDone(response: JsonObject): void {
    const status = asString(response['status']) ?? 'completed';
    const details = asObject(response['status_details']);
    const failure = asObject(details?.['error']);
    const said = asString(failure?.['message']);
    const code = asString(failure?.['code']) ?? asString(failure?.['type']) ?? 'failed';
    this.#done(asString(response['id']) ?? UNNAMED, {
      status: status === 'failed' ? 'error' : status === 'cancelled' ? 'cancelled' : 'ok',
      // A server's message may quote what was said.
      error: status === 'failed' ? ((this.#options.capture === 'full' ? said : null) ?? code) : null,
      usage: parseUsage(response['usage']),
      finishReason: asString(details?.['reason']) ?? status,
      toolCalls: this.#toolCalls(response),
    });
  }

  #toolCalls(response: JsonObject): ToolCall[] {
    return asArray(response['output']).flatMap((item) => {
      const call = asObject(item);
      if (call?.['type'] !== 'function_call') return [];
      const given = asString(call['arguments']) ?? '';
      return [{ callId: asString(call['call_id']) ?? '', name: asString(call['name']) ?? '', argumentBytes: Buffer.byteLength(given), arguments: this.#options.capture === 'full' ? given : null }];
    });
  }

  #done(name: string, end: { status: CallEndLine['status']; error: string | null; usage: Usage | null; finishReason: string | null; toolCalls: ToolCall[] }, whole: string | null = null): void {
    const { toT, append, capture, evidence, session } = this.#options;
    const { id, responseId, model, outputAt, beganUnseen, words } = this.#begin(name, true);
    this.#open.delete(name);
    append({
      type: 'callEnd',
      t: toT(this.#at),
      id,
      ...end,
      httpStatus: null,
      headersAt: null,
      firstTokenAt: outputAt.length === 0 || beganUnseen ? null : toT(outputAt[0]!),
      chunkGaps: beganUnseen ? [] : outputAt.map((at, index) => (index === 0 ? 0 : microseconds(at - outputAt[index - 1]!))),
      usageEvidence: evidence,
      server: null,
      model: model ?? (name.startsWith(TRANSCRIPTION) ? null : (this.#model ?? session.model)),
      responseId,
      responseBytes: null,
      text: capture === 'full' ? (whole ?? words.join('')) : null,
    });
  }
}
