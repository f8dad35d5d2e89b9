/** What the hook's parts share in one thread: the session, the event log, ids, spans and notes. */
import { isMainThread, threadId } from 'node:worker_threads';
import type { Caller } from './callSites.ts';
import { CALL_TAG_LIMIT, type CallTag, type HookEvent, type SessionFile } from './contract.ts';
import { callSent, currentContext, enclosingSpan, holdForTurn, type Enclosing } from './context.ts';
import { endText, spanText, tagText } from './eventText.ts';
import { EventLog, now } from './events.ts';
import { Flights } from './flights.ts';
import { CALLS_PAST_PROFILER, Router } from './router.ts';
import { looksSecret } from './safeText.ts';

type SpanEvent = Extract<HookEvent, { type: 'span' }>;
type EndEvent = Extract<HookEvent, { type: 'spanEnd' }>;

export interface SpanStart {
  caller: Caller;
  kind: SpanEvent['kind'];
  name: string;
  source: SpanEvent['source'];
  detail: string | null;
  callId: string | null;
  /** `langgraph 1.7.3`. */
  framework?: string | null;
  /** Size of a tool's arguments as JSON. */
  argumentBytes?: number | null;
  /** Kind `other`: what the time goes into. */
  activity?: SpanEvent['activity'];
  evidence?: SpanEvent['evidence'];
  /** When it began, if that is not now. */
  t?: number;
  /** Tag of the last model call before it. */
  after?: string | null;
}

/** A span that has begun. The first `end` counts. */
export interface Span extends Enclosing {
  end(status: EndEvent['status'], error: string | null, resultBytes: number | null): void;
}

export class Runtime {
  readonly thread = isMainThread ? 'main' : `worker-${threadId}`;
  readonly router: Router;
  readonly flights = new Flights();
  readonly #log: EventLog;
  readonly #noted = new Set<string>();
  #calls = 0;
  #spans = 0;
  /** Called with the first request to a model. */
  onModelCall: (() => void) | null = null;

  constructor(session: SessionFile) {
    this.#log = new EventLog(session.eventsDir, process.pid, threadId);
    this.router = new Router(session);
  }

  hello(): void {
    this.#write({
      type: 'hello',
      t: now(),
      epochMs: Date.now(),
      pid: process.pid,
      ppid: process.ppid,
      runtime: 'node',
      runtimeVersion: process.version,
      // The runtime and the script as they are; what the user typed after them may hold a key.
      argv: process.argv.map((word, position) => (position > 1 && looksSecret(word) ? '…' : word)),
      cwd: process.cwd(),
    });
    this.#log.flush();
  }

  bye(): void {
    this.#log.writeAtOnce();
    const bye: HookEvent = { type: 'bye', t: now(), dropped: this.#log.dropped };
    this.#log.writeLast(JSON.stringify(bye));
  }

  /** Writes what was told so far: the program is about to stop for something else. */
  flush(): void {
    this.#log.flush();
  }

  /** Tells the user something, once for each code. */
  note(code: string, message: string): void {
    if (this.#noted.has(code)) return;
    this.#noted.add(code);
    this.#write({ type: 'note', t: now(), code, message });
  }

  newId(): string {
    return `${process.pid}-${threadId}-s${++this.#spans}`;
  }

  openSpan(start: SpanStart): Span {
    const span = new WrittenSpan(this, this.newId(), enclosingSpan());
    this.writeSpan({ ...start, id: span.id, parent: span.outer?.id ?? null, after: currentContext()?.lastCall?.tag });
    return span;
  }

  writeSpan(start: SpanStart & { id: string; parent: string | null }): void {
    // What is not known or usual is left out.
    const text = spanText({
      t: start.t ?? now(),
      id: start.id,
      kind: start.kind,
      name: start.name,
      parent: start.parent,
      thread: this.thread,
      unattributed: start.caller.unattributed,
      source: start.source,
      framework: start.framework ?? undefined,
      argumentBytes: start.argumentBytes ?? undefined,
      detail: start.detail,
      callId: start.callId,
      activity: start.activity ?? undefined,
      evidence: start.evidence,
      after: start.after ?? undefined,
      frames: start.caller.frames,
    });
    this.#log.write(text);
  }

  writeSpanEnd(id: string, t: number, status: EndEvent['status'], error: string | null, resultBytes: number | null): void {
    this.#log.write(endText({ t, id, status, error, resultBytes }));
  }

  /** The same, where what came of it may be known only a little later: `outcome` is asked once the event is written. */
  writeSpanEndLater(id: string, t: number, outcome: () => Pick<EndEvent, 'status' | 'error'>): void {
    this.#log.write(() => endText({ t, id, ...outcome(), resultBytes: null }));
  }

  /** The value of the call header for an LLM request from inside of `around`, cut (outermost frames first) to the limit. */
  tag(caller: Caller, around: Enclosing | null = enclosingSpan()): string {
    this.onModelCall?.();
    if (this.router.isFull) this.note('calls-past-profiler', CALLS_PAST_PROFILER);
    // It goes out in this turn.
    holdForTurn(around);
    const id = `${process.pid}-${threadId}-${++this.#calls}`;
    callSent(id);
    const tag: CallTag = {
      v: 1,
      id,
      pid: process.pid,
      thread: this.thread,
      unattributed: caller.unattributed,
      parent: around?.id ?? null,
      dropped: this.#log.dropped > 0 ? this.#log.dropped : undefined,
      frames: caller.frames,
    };
    for (;;) {
      const text = tagText(tag);
      if (text.length <= CALL_TAG_LIMIT || tag.frames.length === 0) return text;
      tag.frames = tag.frames.slice(0, -1);
      if (tag.frames.length === 0) tag.unattributed = 'the path of the calling file is too long to be sent';
    }
  }

  #write(event: HookEvent): void {
    this.#log.write(JSON.stringify(event));
  }
}

class WrittenSpan implements Span {
  readonly id: string;
  readonly outer: Enclosing | null;
  readonly passesOn = false;
  readonly isLeftBehind = false;
  readonly isFunction = false;
  readonly #runtime: Runtime;
  #endedAt: number | null = null;

  constructor(runtime: Runtime, id: string, outer: Enclosing | null) {
    this.#runtime = runtime;
    this.id = id;
    this.outer = outer;
    outer?.innerBegan();
  }

  get ended(): boolean {
    return this.#endedAt !== null;
  }

  get endedAt(): number | null {
    return this.#endedAt;
  }

  end(status: EndEvent['status'], error: string | null, resultBytes: number | null): void {
    if (this.#endedAt !== null) return;
    this.#endedAt = now();
    this.#runtime.writeSpanEnd(this.id, this.#endedAt, status, error, resultBytes);
    this.outer?.innerEnded(this.#endedAt);
  }

  chainFrom(): null {
    return null;
  }

  actual(): Enclosing {
    return this;
  }

  innerBegan(): void {
    // It ends when it is told to.
  }

  innerEnded(): void {
    // As above.
  }
}
