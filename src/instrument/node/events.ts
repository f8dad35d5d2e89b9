/** The hook's event file: one line appended with one synchronous write for each event. */
import { closeSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { HookEvent } from './contract.ts';

const hrtime = process.hrtime.bigint.bind(process.hrtime);

/** Milliseconds of the process's monotonic clock, the same in all its threads. */
export function now(): number {
  return Number(hrtime()) / 1e6;
}

/**
 * Appends events to `events-<pid>-<threadId>.ndjson` in the session's folder.
 *
 * The file is opened for each event and closed again: a descriptor held open would shift the numbers that the host's own
 * files get, and would be lost to programs that close what they do not know.
 */
export class EventLog {
  #file: string;
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
      const line = Buffer.from(`${this.#torn ? '\n' : ''}${JSON.stringify(event)}\n`);
      const descriptor = openSync(this.#file, 'a', 0o600);
      try {
        const written = writeSync(descriptor, line);
        this.#torn = written < line.length && written > 0;
        if (written < line.length) this.#dropped += 1;
      } finally {
        closeSync(descriptor);
      }
    } catch {
      // A full or missing disk costs the event, never the host.
      this.#dropped += 1;
    }
  }
}
