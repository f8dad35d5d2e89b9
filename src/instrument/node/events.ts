/** The hook's event file. */
import { closeSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { HookEvent } from './contract.ts';

const hrtime = process.hrtime.bigint.bind(process.hrtime);

/** Milliseconds of the process's monotonic clock, the same in all its threads. */
export function now(): number {
  return Number(hrtime()) / 1e6;
}

/** What waits to be written, at most: characters, and milliseconds where a turn takes long. To write costs more than all else that an event takes. */
const MOST_WAITING = 16_384;
const LONGEST_WAIT_MS = 50;
// The host may replace it, in tests of its own. No timer: where two of them are due at once, stacks of what waited for one show it.
const soon = setImmediate;

/**
 * Appends events to `events-<pid>-<threadId>.ndjson` in the session's folder, those of one turn of the event loop together.
 *
 * The file is opened for each write and closed again: a descriptor held open would shift the numbers that the host's own
 * files get, and would be lost to programs that close what they do not know.
 */
export class EventLog {
  #file: string;
  #waiting: string[] = [];
  #length = 0;
  /** Of the oldest event that waits. */
  #since = 0;
  #atOnce = false;
  #dropped = 0;
  #torn = false;

  constructor(eventsDir: string, pid: number, threadId: number) {
    this.#file = join(eventsDir, `events-${pid}-${threadId}.ndjson`);
  }

  /** Events lost so far because they could not be written. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Writes to a file of its own where the first one took no more: what was lost is to be known. */
  writeLast(event: HookEvent): void {
    if (this.#dropped > 0) {
      this.#file = this.#file.replace(/\.ndjson$/, '-end.ndjson');
      this.#torn = false;
    }
    this.write(event);
  }

  /** Never throws: an event that cannot be written is counted and lost. */
  write(event: HookEvent): void {
    try {
      const line = `${JSON.stringify(event)}\n`;
      const isFirst = this.#waiting.push(line) === 1;
      this.#length += line.length;
      if (isFirst) this.#since = now();
      if (this.#atOnce || this.#length > MOST_WAITING || (!isFirst && now() - this.#since > LONGEST_WAIT_MS)) this.flush();
      else if (isFirst) soon(() => this.flush());
    } catch {
      this.#dropped += 1;
    }
  }

  /** Writes what waits, as before the program stops to do anything else. Never throws. */
  flush(): void {
    const lines = this.#waiting;
    if (lines.length === 0) return;
    this.#waiting = [];
    this.#length = 0;
    try {
      const text = `${this.#torn ? '\n' : ''}${lines.join('')}`;
      const length = Buffer.byteLength(text);
      const descriptor = openSync(this.#file, 'a', 0o600);
      try {
        const written = writeSync(descriptor, text);
        this.#torn = written < length && written > 0;
        if (written < length) this.#dropped += lostOf(Buffer.from(text).subarray(written));
      } finally {
        closeSync(descriptor);
      }
    } catch {
      // A full or missing disk costs the events, never the host.
      this.#dropped += lines.length;
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
