/** The hook's event file. */
import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { whenTurnIsOver } from './turns.ts';

const sinceOrigin = performance.now.bind(performance);
/** Where this thread's clock begins, on that of the process: it takes half the time to read, for it needs no `bigint`. */
const origin = Number(process.hrtime.bigint()) / 1e6 - sinceOrigin();

/** Milliseconds of the process's monotonic clock, the same in all its threads. */
export function now(): number {
  return origin + sinceOrigin();
}

/** What waits to be written, at most: characters, and milliseconds where a turn takes long. To write costs more than all else that an event takes. */
const MOST_WAITING = 16_384;
const LONGEST_WAIT_MS = 50;
// In one step where Node can, which opening, writing and closing are not. The host may replace it, in tests of its own.
const writeText = writeFileSync;
const APPENDING = { encoding: 'utf8', flag: 'a', mode: 0o600 } as const;

type Waiting = string | (() => string);

/**
 * Appends events to `events-<pid>-<threadId>.ndjson` in the session's folder, those of one turn of the event loop together.
 *
 * The file is opened for each write and closed again: a descriptor held open would shift the numbers that the host's own
 * files get, and would be lost to programs that close what they do not know.
 */
export class EventLog {
  #file: string;
  #waiting: Waiting[] = [];
  #length = 0;
  /** Of the oldest event that waits. */
  #since = 0;
  #atOnce = false;
  #dropped = 0;
  /** Bytes in the file. */
  #written = 0;
  /** It ends in the middle of a line. */
  #torn = false;

  constructor(eventsDir: string, pid: number, threadId: number) {
    this.#file = join(eventsDir, `events-${pid}-${threadId}.ndjson`);
  }

  /** Events lost so far because they could not be written. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Writes to a file of its own where the first one took no more: what was lost is to be known. */
  writeLast(event: string): void {
    if (this.#dropped > 0) {
      this.#file = this.#file.replace(/\.ndjson$/, '-end.ndjson');
      this.#torn = false;
      this.#written = 0;
    }
    this.write(event);
  }

  /** `event`: as JSON, or what makes it at the end of the turn. Never throws: an event that cannot be written is counted and lost. */
  write(event: Waiting): void {
    try {
      const isFirst = this.#waiting.push(event) === 1;
      this.#length += event.length;
      if (isFirst) this.#since = now();
      if (this.#atOnce) this.flush();
      else if (this.#length > MOST_WAITING || (!isFirst && now() - this.#since > LONGEST_WAIT_MS)) this.#flushKnown();
      else if (isFirst) whenTurnIsOver(() => this.flush(), true);
    } catch {
      this.#dropped += 1;
    }
  }

  /** Writes what waits, as before the program stops to do anything else. Never throws. */
  flush(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#append(waiting.map((event) => (typeof event === 'string' ? event : event())));
  }

  /** In the middle of a turn. */
  #flushKnown(): void {
    const known = this.#waiting.filter((event) => typeof event === 'string');
    this.#waiting = this.#waiting.filter((event) => typeof event !== 'string');
    this.#since = now();
    this.#append(known);
  }

  #append(lines: readonly string[]): void {
    this.#length = 0;
    if (lines.length === 0) return;
    const text = `${this.#torn ? '\n' : ''}${lines.join('\n')}\n`;
    try {
      writeText(this.#file, text, APPENDING);
      this.#written += Buffer.byteLength(text);
      this.#torn = false;
    } catch {
      // A full or missing disk costs the events, never the host.
      const taken = this.#size() - this.#written;
      const rest = Buffer.from(text).subarray(taken);
      this.#dropped += Math.min(lines.length, lostOf(rest));
      this.#torn = taken > 0 && rest.length > 0;
      this.#written += taken;
    }
  }

  /** Of the file, in bytes. */
  #size(): number {
    try {
      return Math.max(this.#written, statSync(this.#file).size);
    } catch {
      return this.#written;
    }
  }

  /** There may be no next turn: what comes from now on is written at once. */
  writeAtOnce(): void {
    this.#atOnce = true;
    this.flush();
  }
}

function lostOf(rest: Uint8Array): number {
  return rest.reduce((lines, byte) => lines + (byte === 10 ? 1 : 0), 0);
}
