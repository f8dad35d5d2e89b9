/** Folds a recording's lines into a `Profile`, in one pass and in whatever pieces the text arrives. */
import type { Call, HookSpan, Profile } from './model.ts';
import {
  RECORDING_FORMAT,
  RECORDING_VERSION,
  RecordingError,
  headerLineSchema,
  recordingLineSchema,
  type GpuLine,
  type HeaderLine,
  type RecordingLine,
} from './recordingFormat.ts';
import type { Milliseconds } from './units.ts';

/** A header longer than this is not ours; says so instead of buffering gigabytes of a file without line ends. */
const LONGEST_HEADER = 4 * 1024 * 1024;
/** A prompt of a million tokens, kept in full, is about 8 MB of JSON; longer lines are taken for damage. */
const LONGEST_LINE = 128 * 1024 * 1024;
/** More than fits beside its own analysis in the memory that Node gives a process by default. */
const LONGEST_RECORDING = 1024 * 1024 * 1024;

/** Turns a line of format version `key` into one of `key + 1`; null drops the line. */
export type Upgrades = Readonly<Record<number, (line: unknown) => unknown>>;

/** The steps from each version to the next. */
export const UPGRADES: Upgrades = { 1: fromVersion1 };

/** Version 2 says more of spans and of where calls come from; of version 1 that is not known. */
function fromVersion1(line: unknown): unknown {
  if (typeof line !== 'object' || line === null || !('type' in line)) return line;
  if (line.type === 'header') return { ...line, version: 2 };
  if (line.type === 'span') return { framework: null, argumentBytes: null, activity: null, ...line };
  if (line.type === 'call') return { trace: null, ...line };
  return line;
}

/** Takes a line of format version `from` to version `to`, one step at a time. */
export function upgradeLine(line: unknown, from: number, to: number, upgrades: Upgrades): unknown {
  let upgraded = line;
  for (let version = from; version < to; version++) {
    const step = upgrades[version];
    if (step === undefined) throw new RecordingError('notARecording', `No recording has format version ${version}. Record the run again.`);
    upgraded = step(upgraded);
  }
  return upgraded;
}

const LINE_TYPES = new Set<unknown>(recordingLineSchema.options.map((option) => option.shape.type.value));

/**
 * Reads a recording as it arrives: whole, in pieces of any size, or line by line while it is being written.
 *
 * `push` throws a `RecordingError` when the first line shows that this is no recording, one of a newer version, or
 * when the text exceeds what can be held. Its message says what and what to do; the caller adds the file's name.
 */
export class RecordingReader {
  /** Pieces of the line that has no end yet. Joined once, so that a long line in small pieces costs no more. */
  #pending: string[] = [];
  #pendingLength = 0;
  /** The pending line is over the limit: dropped up to its end. */
  #skipping = false;
  #total = 0;
  #damaged = 0;
  #version = RECORDING_VERSION;
  #profile: Profile | null = null;
  readonly #calls = new Map<string, Call>();
  readonly #hookSpans = new Map<string, HookSpan>();
  readonly #limit: number;

  constructor(options: { longestRecording?: number } = {}) {
    this.#limit = options.longestRecording ?? LONGEST_RECORDING;
  }

  push(chunk: string): void {
    this.#total += chunk.length;
    if (this.#total > this.#limit) {
      throw new RecordingError(
        'tooLarge',
        `The recording is larger than ${Math.round(this.#limit / 1024 / 1024)} MB, more than can be shown at once. Record a shorter run, or with --capture hashes.`,
      );
    }
    let from = 0;
    for (let newline = chunk.indexOf('\n'); newline !== -1; newline = chunk.indexOf('\n', from)) {
      this.#keep(chunk.slice(from, newline));
      this.#endLine();
      from = newline + 1;
    }
    if (from < chunk.length) this.#keep(chunk.slice(from));
  }

  /**
   * Says that no more text comes. A last line without its line end counts when it is whole, and is left out when it
   * is torn. Throws a `RecordingError` when there was no header.
   */
  finish(): void {
    const last = this.#takePending();
    if (this.#profile === null) {
      if (last.trim() === '') {
        throw new RecordingError('empty', 'The recording is empty: it ended before anything was recorded. Profile the program again.');
      }
      this.#readHeader(last);
    } else if (last.trim() !== '') {
      const line = parseJson(last);
      // A torn last line is what a killed profiler leaves; it is expected, and no damage.
      if (line !== undefined) this.#readLine(line);
    }
  }

  /**
   * What has been read so far. The same object grows with each `push`. Throws a `RecordingError` before the header
   * is there.
   */
  get profile(): Profile {
    if (this.#profile === null) throw new RecordingError('empty', 'Nothing has been recorded yet.');
    const profile = this.#profile;
    if (this.#damaged === 0) return profile;
    const lines = this.#damaged === 1 ? '1 line' : `${this.#damaged} lines`;
    const warning = {
      type: 'warning' as const,
      t: profile.lastT,
      code: 'damagedLines',
      message: `${lines} of the recording could not be read and ${this.#damaged === 1 ? 'is' : 'are'} left out; sums may be too low. Was the file edited or the disk full? Record the run again for exact numbers.`,
    };
    return { ...profile, warnings: [...profile.warnings, warning] };
  }

  /** The header is there, so `profile` can be asked for. */
  get started(): boolean {
    return this.#profile !== null;
  }

  /** Lines that could not be read. */
  get damaged(): number {
    return this.#damaged;
  }

  #keep(piece: string): void {
    if (this.#skipping || piece === '') return;
    this.#pending.push(piece);
    this.#pendingLength += piece.length;
    const limit = this.#profile === null ? LONGEST_HEADER : LONGEST_LINE;
    if (this.#pendingLength <= limit) return;
    if (this.#profile === null) throw notARecording();
    this.#takePending();
    this.#skipping = true;
  }

  #takePending(): string {
    const text = this.#pending.length === 1 ? (this.#pending[0] ?? '') : this.#pending.join('');
    this.#pending = [];
    this.#pendingLength = 0;
    return text;
  }

  #endLine(): void {
    if (this.#skipping) {
      this.#skipping = false;
      this.#damaged++;
      return;
    }
    const text = this.#takePending();
    if (this.#profile === null) this.#readHeader(text);
    else if (text.trim() !== '') {
      const line = parseJson(text);
      if (line === undefined) this.#damaged++;
      else this.#readLine(line);
    }
  }

  #readHeader(text: string): void {
    const line = parseJson(text.startsWith('\uFEFF') ? text.slice(1) : text);
    if (typeof line !== 'object' || line === null || !('format' in line) || line.format !== RECORDING_FORMAT || !('version' in line)) {
      if (text.startsWith('{"type":"header"')) {
        throw new RecordingError('damaged', 'The recording was cut off or damaged within its first line, so nothing of it can be read. Profile the program again.');
      }
      throw notARecording();
    }
    const version = line.version;
    if (typeof version !== 'number' || !Number.isInteger(version)) throw notARecording();
    if (version > RECORDING_VERSION) {
      throw new RecordingError(
        'newerVersion',
        `The recording has format version ${version}, and this Agent Cost Profiler reads versions up to ${RECORDING_VERSION}. Update Agent Cost Profiler to open it.`,
      );
    }
    this.#version = version;
    const header = headerLineSchema.safeParse(upgradeLine(line, version, RECORDING_VERSION, UPGRADES));
    if (!header.success) {
      const where = header.error.issues[0]?.path.join('.') ?? 'unknown';
      throw new RecordingError('damaged', `The recording's first line is damaged (field ${where}), so it cannot be read. Profile the program again.`);
    }
    this.#profile = emptyProfile(header.data);
  }

  #readLine(raw: unknown): void {
    const profile = this.#profile;
    if (profile === null) return;
    const upgraded = upgradeLine(raw, this.#version, RECORDING_VERSION, UPGRADES);
    if (upgraded === null) return;
    const parsed = recordingLineSchema.safeParse(upgraded);
    if (parsed.success) this.#fold(profile, parsed.data);
    else if (!isUnknownType(upgraded)) this.#damaged++;
  }

  #fold(profile: Profile, line: RecordingLine): void {
    if (line.type === 'header') {
      this.#damaged++;
      return;
    }
    // Another clock's times do not say how long the run was.
    if (line.type !== 'traceSpan') profile.lastT = Math.max(profile.lastT, endOf(line));
    switch (line.type) {
      case 'process':
        profile.processes.push(line);
        break;
      case 'call': {
        if (this.#calls.has(line.id)) {
          this.#damaged++;
          break;
        }
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
        }
        break;
      }
      case 'span': {
        if (this.#hookSpans.has(line.id)) {
          this.#damaged++;
          break;
        }
        const span: HookSpan = { start: line, end: null };
        this.#hookSpans.set(line.id, span);
        insertInOrder(profile.hookSpans, span, (each) => each.start.t);
        break;
      }
      case 'spanEnd': {
        const span = this.#hookSpans.get(line.id);
        if (span !== undefined) span.end ??= line;
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
  }
}

/** Reads a whole recording. Throws a `RecordingError` for text that is none. */
export function readRecording(text: string): Profile {
  const reader = new RecordingReader();
  reader.push(text);
  reader.finish();
  return reader.profile;
}

function notARecording(): RecordingError {
  return new RecordingError('notARecording', 'This is not a recording of Agent Cost Profiler. Open an .agentcost file that `agent-cost run` has written.');
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Not JSON: the caller decides whether that is damage, a torn end or another kind of file.
    return undefined;
  }
}

/** A later release may add types of lines without a new version; those are for others to read, and no damage. */
export function isUnknownType(line: unknown): boolean {
  return typeof line === 'object' && line !== null && 'type' in line && typeof line.type === 'string' && !LINE_TYPES.has(line.type);
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

/** Where `value` belongs in a sorted list, after its equals. Lines come almost in order, so the end is tried first. */
function placeInOrder<Item>(items: readonly Item[], value: number, timeOf: (item: Item) => number): number {
  const last = items[items.length - 1];
  if (last === undefined || timeOf(last) <= value) return items.length;
  let low = 0;
  let high = items.length - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const item = items[middle];
    if (item !== undefined && timeOf(item) <= value) low = middle + 1;
    else high = middle;
  }
  return low;
}

function insertInOrder<Item>(items: Item[], item: Item, timeOf: (item: Item) => number): void {
  const place = placeInOrder(items, timeOf(item), timeOf);
  if (place === items.length) items.push(item);
  else items.splice(place, 0, item);
}

/** Keeps GPU lines in order and apart: where two overlap, the one read first stands. */
function insertGpuLine(lines: GpuLine[], line: GpuLine): void {
  const place = placeInOrder(lines, line.t, (each) => each.t);
  const start = Math.max(line.t, lines[place - 1]?.end ?? line.t);
  const end = Math.min(line.end, lines[place]?.t ?? line.end);
  if (end <= start) return;
  lines.splice(place, 0, start === line.t && end === line.end ? line : { ...line, t: start, end });
}
