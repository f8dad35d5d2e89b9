/** Joins what the proxy saw, what the hooks tell and what instruments read into the lines of one recording. */
import { tmpdir } from 'node:os';
import { parseUnixUrl, unixUrl } from '../protocol/unixUrl.ts';
import { readCallTag, type CallTag, type HookEvent } from '../protocol/hook.ts';
import type { Backend, CallLine, RecordingLine, Site } from '../profile/recordingFormat.ts';
import type { Milliseconds } from '../profile/units.ts';
import { parseObject } from '../proxy/json.ts';
import type { PowerReading } from '../telemetry/powerSource.ts';
import type { ServerLoad } from '../telemetry/serverMetrics.ts';
import { CallRecord, microseconds } from './callRecord.ts';
import { callId, READ_COLUMNS, type CallBegun, type CallEnded, type GpuSegment, type OtlpArrived, type OtlpOutcome, type Reads, type RecorderOptions, type ToRecorder } from './messages.ts';
import { readExport } from './otlp/intake.ts';
import { RealtimeSession } from './realtime/realtimeSession.ts';
import { digestRequest } from './requestDigest.ts';
import { SourceMaps } from './sourceMaps.ts';

const ONLY_ON_THE_WIRE = 'seen on the wire only: the hook was not in the program that made this call';
/** It read its environment, so that it is one of ours, but runs where no hook is: in another language, or on another machine. */
const onlyOnTheWire = (program: string) => `seen on the wire only: sent by a program of “${program.slice(0, 100)}” that has no hook in it`;
const ONLY_PACKAGES = 'only packages’ code was on the stack when the request left; in a bundle, what its SDK was called by is seen no earlier';
const TAG_UNREADABLE = 'the hook’s note on this call could not be read';
/** Clocks that differ by less are one clock: readings of the wall clock are that coarse, and it is nudged now and then. */
const SAME_CLOCK_MS: Milliseconds = 250;

/** Who is told what the recorder learns, beside the file. */
export interface RecorderListener {
  append(line: RecordingLine): void;
  onWarning(code: string, message: string): void;
  onProcess(pid: number): void;
  /** Frames of a process's call or span, as they are recorded. */
  onFrames(frames: readonly Site[], pid: number): void;
  /** The text of a notebook's cell, by the name that frames have for it. */
  onCell(file: string, text: string): void;
  onOtlpTaken(request: number, outcome: OtlpOutcome): void;
}

export class Recorder {
  readonly #options: RecorderOptions;
  readonly #listener: RecorderListener;
  readonly #calls = new Map<number, CallRecord>();
  /** Calls that may turn out to be sessions of the realtime API. */
  readonly #sessions = new Map<number, RealtimeSession>();
  /** Calls that have ended and whose compressed streams are still being read. */
  readonly #ending = new Set<Promise<void>>();
  readonly #sourceMaps = new SourceMaps();
  readonly #warned = new Set<string>();
  /** Servers whose answers have shown cached tokens: where they then name none, there are none. */
  readonly #reportsCached = new Set<string>();
  /** Milliseconds to add to the times of a process that does not share our clock, by its event file. */
  readonly #clockOffsets = new Map<string, Milliseconds>();
  readonly #processes = new Set<number>();
  #backend: Backend;
  #malformedEvents = 0;
  /** Most calls go where the one before went. */
  #lastUrl: string | null = null;
  #lastServer: string | undefined;
  /** Events that processes could not write. */
  readonly #droppedEvents = new Map<number, number>();

  constructor(options: RecorderOptions, listener: RecorderListener) {
    this.#options = options;
    this.#listener = listener;
    this.#backend = options.backend;
    if (options.backend.server?.promptTokenDetails === true && options.backend.url !== null) this.#reportsCached.add(options.backend.url);
    listener.append(options.header);
  }

  get callsInFlight(): number {
    return this.#calls.size;
  }

  /**
   * Takes one message of the serving thread, other than `stop`.
   * @param bytes those of the message's batch
   * @param reads those of the message's batch
   */
  take(message: Exclude<ToRecorder, { type: 'stop' }>, bytes: Buffer, reads: Float64Array): void {
    switch (message.type) {
      case 'begun':
        this.#callBegun(message, bytes);
        return;
      case 'head':
        this.#calls.get(message.call)?.head(message);
        this.#sessions.get(message.call)?.opened(message.extensions ?? null);
        return;
      case 'reads':
        this.#reads(message, bytes, reads);
        return;
      case 'unread':
        this.#calls.get(message.call)?.giveUp();
        this.#sessions.get(message.call)?.giveUp();
        return;
      case 'ended':
        this.#callEnded(message);
        return;
      case 'otlp':
        this.#otlp(message, bytes);
        return;
      case 'gpu':
        this.#gpu(message.segment);
        return;
      case 'pause':
        this.#listener.append({ type: 'pause', t: this.#t(message.from), end: this.#t(message.to) });
        return;
      case 'warning':
        this.warn(message.code, message.message, message.at);
    }
  }

  #reads({ first, count, start }: Reads, bytes: Buffer, reads: Float64Array): void {
    let from = start;
    for (let place = first * READ_COLUMNS; place < (first + count) * READ_COLUMNS; place += READ_COLUMNS) {
      const end = from + reads[place + 2]!;
      this.#read(reads[place]!, reads[place + 1]!, bytes.subarray(from, end));
      from = end;
    }
  }

  #read(call: number, at: Milliseconds, bytes: Buffer): void {
    const record = this.#calls.get(call);
    if (record === undefined) return;
    const session = this.#sessions.get(call);
    if (session !== undefined) {
      if (!session.read(bytes, at)) this.warn('sessionUnread', 'A session of the realtime API could not be read any further: answers in it from then on are not in the recording.', at);
      return;
    }
    record.read(bytes, at);
  }

  #otlp({ request, signal, contentType, contentEncoding, body }: OtlpArrived, bytes: Buffer): void {
    const { startedAtEpoch, header } = this.#options;
    const { lines, outcome } = readExport({ signal, contentType, contentEncoding, body: bytes.subarray(body.start, body.end) }, { startedAtEpoch, cwd: header.cwd });
    for (const line of lines) this.#listener.append(line);
    this.#listener.onOtlpTaken(request, outcome);
  }

  /** Takes an event that a hook wrote into `file`. */
  hookEvent(event: HookEvent, file: { path: string; pid: number }): void {
    const t = () => this.#t(event.t + (this.#clockOffsets.get(file.path) ?? 0));
    switch (event.type) {
      case 'hello': {
        this.#placeClock(event.t, event.epochMs, file.path);
        this.#process(event.pid);
        const { pid, ppid, runtime, runtimeVersion, argv, cwd } = event;
        this.#listener.append({ type: 'process', t: t(), pid, ppid, runtime, runtimeVersion, argv, cwd });
        return;
      }
      case 'span': {
        const { id, kind, name, parent, thread, unattributed, source, framework, argumentBytes, activity, evidence, detail, callId: toolCall, after } = event;
        const frames = this.#original(event.frames, file.pid);
        this.#listener.append({
          type: 'span', t: t(), id, kind, name, parent, pid: file.pid, thread, frames, unattributed, evidence, source, framework, argumentBytes, activity, detail, callId: toolCall, after,
        });
        return;
      }
      case 'spanEnd': {
        const { id, status, error, resultBytes } = event;
        this.#listener.append({ type: 'spanEnd', t: t(), id, status, error, resultBytes });
        return;
      }
      case 'note':
        this.warn(event.code, event.message, event.t + (this.#clockOffsets.get(file.path) ?? 0));
        return;
      case 'cell':
        this.#listener.onCell(event.file, event.text);
        return;
      case 'bye':
        this.#dropped(file.pid, event.dropped);
    }
  }

  /** Told with each call and at a process's end: the last word counts. */
  #dropped(pid: number, count: number): void {
    if (count > (this.#droppedEvents.get(pid) ?? 0)) this.#droppedEvents.set(pid, count);
  }

  malformedEvent(now: Milliseconds): void {
    if (++this.#malformedEvents === 1) this.warn('hookEventMalformed', 'An event from inside the program could not be read and was left out: some tool calls may be missing.', now);
  }

  /** A reading of the server's load, asked for at `asked`. */
  load({ kind, ...load }: ServerLoad, asked: Milliseconds, answered: Milliseconds): void {
    this.#listener.append({ type: 'sample', t: this.#t((asked + answered) / 2), source: kind, ...load, watts: null, joules: null, tookMs: microseconds(answered - asked) });
  }

  /** A reading of the GPUs' power or energy counter; what was measured before the recording began is left out. */
  power(source: string, { at, watts, joules, overMs, gpus, utilization }: PowerReading): void {
    if (this.#t(at) < 0) return;
    this.#listener.append({ type: 'sample', t: this.#t(at), source, running: null, waiting: null, kvUse: null, watts, joules, ...(overMs > 0 ? { overMs } : {}), ...(gpus === undefined ? {} : { gpus }), ...(utilization === undefined ? {} : { utilization }) });
  }

  /** Records a warning, once for each message. */
  warn(code: string, message: string, at: Milliseconds): void {
    const key = `${code}\n${message}`;
    if (this.#warned.has(key)) return;
    this.#warned.add(key);
    this.#listener.append({ type: 'warning', t: this.#t(at), code, message });
    this.#listener.onWarning(code, message);
  }

  /** Resolves when all calls that have ended are recorded. */
  async settled(): Promise<void> {
    await Promise.all(this.#ending);
  }

  /** The last line of an orderly end. Calls in flight stay without an end. */
  end(exitCode: number | null, signal: string | null, at: Milliseconds): void {
    if (this.#malformedEvents > 1) this.warn('hookEventsMalformed', `${this.#malformedEvents} events from inside the program could not be read and were left out.`, at);
    for (const [pid, count] of this.#droppedEvents)
      this.warn('hookEventsDropped', `Process ${pid} could not write ${count === 1 ? 'one' : count} of its events: some tool calls are missing. Make room in the folder for temporary files (${tmpdir()}).`, at);
    this.#listener.append({ type: 'end', t: this.#t(at), exitCode, signal });
  }

  #t(at: Milliseconds): Milliseconds {
    return microseconds(at - this.#options.startedAt);
  }

  #callBegun(begun: CallBegun, bytes: Buffer): void {
    const id = callId(begun.call);
    const record = new CallRecord(id, begun.endpoint, begun.upstream, begun.path, {
      onFirstToken: (at) => this.#listener.append({ type: 'firstToken', t: this.#t(at), id }),
      onUnread: (why) => this.warn('answerUnread', `A compressed stream could not be read to its end (${why}): its text and what it says of tokens are not in the recording. The program has it as it came.`, begun.at),
    });
    this.#calls.set(begun.call, record);
    const body = begun.body === null ? null : parseObject(bytes.toString('utf8', begun.body.start, begun.body.end));
    const tag = readTag(begun.tag);
    if (tag !== null && typeof tag === 'object') {
      this.#process(tag.pid);
      this.#dropped(tag.pid, tag.dropped ?? 0);
    }
    const { model, request } = digestRequest(begun.endpoint, body, begun.bytes, this.#options.capture);
    const { endpoint, method, path, attempt } = begun;
    // Ollama streams unless it is told not to.
    const stream = endpoint === 'ollama' && body !== null && !/embed/.test(path) ? body['stream'] !== false : begun.stream;
    const server = this.#serverOf(begun.upstream);
    const line: CallLine = { type: 'call', t: this.#t(begun.at), id: record.id, endpoint, method, path, server, model, stream, attempt, ...this.#attribution(tag, begun.program), trace: readTraceparent(begun.traceparent), request };
    this.#listener.append(line);
    if (method === 'GET' && path.endsWith('/realtime')) this.#sessions.set(begun.call, this.#session(line));
  }

  #serverOf(url: string): string | undefined {
    if (url !== this.#lastUrl) {
      this.#lastUrl = url;
      this.#lastServer = serverOf(url);
    }
    return this.#lastServer;
  }

  #session(session: CallLine): RealtimeSession {
    const evidence = this.#backend.simulated ? 'simulated' : 'measured';
    return new RealtimeSession({ session, capture: this.#options.capture, evidence, toT: (at) => this.#t(at), append: (line) => this.#listener.append(line) });
  }

  #attribution(tag: CallTag | 'unreadable' | null, program: string | null): Pick<CallLine, 'pid' | 'thread' | 'frames' | 'unattributed' | 'parent' | 'tag'> {
    if (tag === null || tag === 'unreadable') return { pid: null, thread: null, frames: [], unattributed: tag !== null ? TAG_UNREADABLE : program === null ? ONLY_ON_THE_WIRE : onlyOnTheWire(program), parent: null };
    const frames = this.#original(tag.frames, tag.pid);
    return { pid: tag.pid, thread: tag.thread, frames, unattributed: frames.length > 0 ? null : (tag.unattributed ?? (tag.frames.length > 0 ? ONLY_PACKAGES : 'no line of the program was on the stack')), parent: tag.parent, tag: tag.id };
  }

  #callEnded(ended: CallEnded): void {
    const record = this.#calls.get(ended.call);
    if (record === undefined) return;
    this.#calls.delete(ended.call);
    this.#sessions.get(ended.call)?.end(ended.at);
    this.#sessions.delete(ended.call);
    const settled = record.settled();
    if (settled === null) {
      this.#recordEnd(record, ended);
      return;
    }
    const recorded = settled.then(() => {
      this.#recordEnd(record, ended);
      this.#ending.delete(recorded);
    });
    this.#ending.add(recorded);
  }

  #recordEnd(record: CallRecord, ended: CallEnded): void {
    const line = record.end(ended, this.#options.capture, (at) => this.#t(at));
    const evidence = this.#backend.simulated ? 'simulated' : 'measured';
    const times = record.answer.serverTimes;
    // Of audio no server tells what it had cached.
    if (record.endpoint !== 'opaque') this.#learnCachedTokens(record, line.usage, ended.at);
    if (record.answer.tooLong) this.warn('answerTooLong', 'An answer of more than 8 million characters: its text is not in the recording. Its tokens and times are.', ended.at);
    this.#listener.append({
      ...line,
      usageEvidence: evidence,
      server: times === null ? null : { queueMs: rounded(times.queueMs), prefillMs: rounded(times.prefillMs), decodeMs: rounded(times.decodeMs), ...(times.inferenceMs === undefined ? {} : { inferenceMs: times.inferenceMs }), evidence },
    });
    if (line.model !== null && this.#backend.model === null) {
      this.#backend = { ...this.#backend, model: line.model };
      this.#listener.append({ type: 'backend', t: this.#t(ended.at), backend: this.#backend });
    }
  }

  /** Fills in cached tokens where a server is known to tell them; says once that it does not. */
  #learnCachedTokens(record: CallRecord, usage: { cachedTokens: number | null; promptTokens: number | null; completionTokens: number | null } | null, at: Milliseconds): void {
    if (usage === null || usage.promptTokens === null) return;
    if (usage.cachedTokens !== null) {
      this.#reportsCached.add(record.upstream);
      this.#learnDetails(true, at);
    } else if (this.#reportsCached.has(record.upstream)) usage.cachedTokens = 0;
    else if (usage.completionTokens !== null && usage.completionTokens > 0) {
      // Told at the start.
      if (this.#backend.server?.promptTokenDetails === false) return;
      const remedy = this.#backend.kind === 'vllm' ? ' Start vLLM with `--enable-prompt-tokens-details`.' : '';
      this.warn('cachedTokensUnknown', `Cached tokens unknown: the server does not report them.${remedy}`, at);
    }
  }

  /** A vLLM says only by its answers whether they tell of cached tokens. */
  #learnDetails(told: boolean, at: Milliseconds): void {
    const { kind, server } = this.#backend;
    if (kind !== 'vllm' || !server || server.promptTokenDetails === told) return;
    this.#backend = { ...this.#backend, server: { ...server, promptTokenDetails: told } };
    this.#listener.append({ type: 'backend', t: this.#t(at), backend: this.#backend });
  }

  #gpu(segment: GpuSegment): void {
    const { state, batch, kvTokens, kvCapacityTokens, watts, shares } = segment;
    this.#listener.append({
      type: 'gpu', t: this.#t(Number(segment.startNs) / 1e6), end: this.#t(Number(segment.endNs) / 1e6), state, batch, kvTokens, kvCapacityTokens, watts, shares, evidence: 'simulated',
    });
  }

  /** Compares a process's clock with ours through the wall clock that both can read. */
  #placeClock(theirs: Milliseconds, theirEpoch: Milliseconds, file: string): void {
    const ours = this.#options.startedAt + (theirEpoch - this.#options.startedAtEpoch);
    const offset = ours - theirs;
    this.#clockOffsets.set(file, Math.abs(offset) < SAME_CLOCK_MS ? 0 : offset);
  }

  #process(pid: number): void {
    if (this.#processes.has(pid)) return;
    this.#processes.add(pid);
    this.#listener.onProcess(pid);
  }

  #original(frames: Site[], pid: number): Site[] {
    const original = frames.flatMap((frame) => this.#sourceMaps.original(frame) ?? []);
    this.#listener.onFrames(original, pid);
    return original;
  }
}

/** What people call the server of a base URL; undefined where a request was refused and went nowhere. */
function serverOf(url: string): string | undefined {
  const unix = parseUnixUrl(url);
  if (unix !== null) return unixUrl({ ...unix, path: '' });
  return URL.canParse(url) ? new URL(url).host : undefined;
}

function rounded(value: Milliseconds | null): Milliseconds | null {
  return value === null ? null : microseconds(value);
}

/** `00-<trace id>-<span id>-<flags>` (W3C Trace Context, level 1); null for what is none. */
function readTraceparent(header: string | null): CallLine['trace'] {
  const match = header === null ? null : /^[\da-f]{2}-([\da-f]{32})-([\da-f]{16})-[\da-f]{2}/.exec(header);
  return match === null ? null : { traceId: match[1]!, spanId: match[2]! };
}

function readTag(header: string | null): CallTag | 'unreadable' | null {
  if (header === null) return null;
  return readCallTag(header) ?? 'unreadable';
}
