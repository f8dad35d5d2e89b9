/** Folds a recording's lines into a `Profile`, one by one. Pure. */
import type { Call, HookSpan, Profile } from './model.ts';
import { insertGpuLine, insertInOrder } from './recordedOrder.ts';
import type { HeaderLine, RecordingLine } from './recordingFormat.ts';
import type { Milliseconds } from './units.ts';

/** Told of each call and span as its end is read. */
export type OnEnded = (ended: Call | HookSpan) => void;

export class ProfileFolder {
  /** Grows with each line. */
  readonly profile: Profile;
  readonly #calls = new Map<string, Call>();
  readonly #hookSpans = new Map<string, HookSpan>();
  readonly #onEnded: OnEnded | null;

  constructor(header: HeaderLine, onEnded: OnEnded | null = null) {
    this.#onEnded = onEnded;
    this.profile = emptyProfile(header);
  }

  /** The id of a hook's span, as it is held. */
  heldId(id: string): string | undefined {
    return this.#hookSpans.get(id)?.start.id;
  }

  /** @returns false for a line that says what an earlier one said already */
  fold(line: Exclude<RecordingLine, HeaderLine>): boolean {
    const { profile } = this;
    // Another clock's times do not say how long the run was.
    if (line.type !== 'traceSpan') profile.lastT = Math.max(profile.lastT, endOf(line));
    switch (line.type) {
      case 'process':
        profile.processes.push(line);
        break;
      case 'call': {
        if (this.#calls.has(line.id)) return false;
        const call: Call = { start: line, firstTokenAt: null, end: null };
        this.#calls.set(line.id, call);
        insertInOrder(profile.calls, call, (each) => each.start.t);
        break;
      }
      case 'firstToken': {
        const call = this.#calls.get(line.id);
        if (call !== undefined) call.firstTokenAt ??= line.t;
        break;
      }
      case 'callEnd': {
        const call = this.#calls.get(line.id);
        if (call !== undefined && call.end === null) {
          call.end = line;
          call.firstTokenAt = line.firstTokenAt ?? call.firstTokenAt;
          this.#onEnded?.(call);
        }
        break;
      }
      case 'span': {
        if (this.#hookSpans.has(line.id)) return false;
        const span: HookSpan = { start: line, end: null };
        this.#hookSpans.set(line.id, span);
        insertInOrder(profile.hookSpans, span, (each) => each.start.t);
        break;
      }
      case 'spanEnd': {
        const span = this.#hookSpans.get(line.id);
        if (span !== undefined && span.end === null) {
          span.end = line;
          this.#onEnded?.(span);
        }
        break;
      }
      case 'traceSpan':
        profile.traceSpans.push(line);
        break;
      case 'gpu':
        insertGpuLine(profile.gpu, line);
        break;
      case 'sample':
        insertInOrder(profile.samples, line, (each) => each.t);
        break;
      case 'pause':
        insertInOrder(profile.pauses, line, (each) => each.t);
        break;
      case 'source':
        profile.sources.push(line);
        break;
      case 'commit':
        profile.commit ??= line;
        break;
      case 'warning':
        profile.warnings.push(line);
        break;
      case 'backend':
        profile.backend = line.backend;
        break;
      case 'end':
        profile.end = { t: line.t, exitCode: line.exitCode, signal: line.signal };
        break;
    }
    return true;
  }
}

/** The profile of a recording of which only the header is there. */
export function emptyProfile(header: HeaderLine): Profile {
  return {
    header,
    backend: header.backend,
    processes: [],
    calls: [],
    hookSpans: [],
    traceSpans: [],
    gpu: [],
    samples: [],
    pauses: [],
    sources: [],
    commit: null,
    warnings: [],
    end: null,
    lastT: 0,
  };
}

/** The latest time of the run that a line mentions. When the recorder read a source file is none of it. */
function endOf(line: Exclude<RecordingLine, HeaderLine>): Milliseconds {
  if (line.type === 'gpu' || line.type === 'pause') return line.end;
  return line.type === 'source' || line.type === 'commit' ? 0 : line.t;
}
