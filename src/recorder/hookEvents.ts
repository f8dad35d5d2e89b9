/** Follows the event files that the hooks inside the user's programs append to. */
import { closeSync, openSync, readSync, readdirSync, watch, type FSWatcher } from 'node:fs';
import { join } from 'node:path';
import { hookEventSchema, type HookEvent } from '../protocol/hook.ts';
import type { Milliseconds } from '../profile/units.ts';

const EVENT_FILE = /^events-(\d+)-[\w-]+\.ndjson$/;
/** Where the file system tells of no changes (network mounts, exhausted watches), this bounds the delay. */
const POLL_EVERY_MS: Milliseconds = 200;
const READ_BYTES = 256 * 1024;
/** An event longer than this was not written by a hook. */
const MAX_LINE_BYTES = 4 * 1024 * 1024;

interface Followed {
  path: string;
  pid: number;
  offset: number;
  rest: Buffer;
}

export interface HookEventListener {
  onEvent(event: HookEvent, file: { path: string; pid: number }): void;
  onMalformed(file: string): void;
}

export class HookEvents {
  readonly #folder: string;
  readonly #listener: HookEventListener;
  readonly #files = new Map<string, Followed>();
  readonly #buffer = Buffer.allocUnsafeSlow(READ_BYTES);
  readonly #timer: NodeJS.Timeout;
  #watcher: FSWatcher | null = null;
  #soon = false;

  constructor(folder: string, listener: HookEventListener) {
    this.#folder = folder;
    this.#listener = listener;
    try {
      this.#watcher = watch(folder, () => this.#readSoon());
      this.#watcher.on('error', () => {
        // Polling goes on without it.
        this.#watcher?.close();
        this.#watcher = null;
      });
    } catch {
      // No watches to be had: polling alone finds the events, a little later.
    }
    this.#timer = setInterval(() => this.readNow(), POLL_EVERY_MS);
  }

  /** Reads all that has been written until now. */
  readNow(): void {
    let names: string[];
    try {
      names = readdirSync(this.#folder);
    } catch {
      // The folder was removed under us: there are no events to read.
      return;
    }
    for (const name of names) {
      const match = EVENT_FILE.exec(name);
      if (match === null) continue;
      let file = this.#files.get(name);
      if (file === undefined) this.#files.set(name, (file = { path: join(this.#folder, name), pid: Number(match[1]), offset: 0, rest: Buffer.alloc(0) }));
      this.#read(file);
    }
  }

  close(): void {
    clearInterval(this.#timer);
    this.#watcher?.close();
    this.#watcher = null;
  }

  #readSoon(): void {
    if (this.#soon) return;
    this.#soon = true;
    setTimeout(() => {
      this.#soon = false;
      this.readNow();
    }, 2);
  }

  #read(file: Followed): void {
    let descriptor: number;
    try {
      descriptor = openSync(file.path, 'r');
    } catch {
      // Removed or not readable: the next poll tries again.
      return;
    }
    try {
      for (;;) {
        const length = readSync(descriptor, this.#buffer, 0, READ_BYTES, file.offset);
        if (length === 0) return;
        file.offset += length;
        this.#lines(file, Buffer.concat([file.rest, this.#buffer.subarray(0, length)]));
      }
    } catch {
      // As above: what was not read now is read with the next poll.
    } finally {
      closeSync(descriptor);
    }
  }

  #lines(file: Followed, bytes: Buffer): void {
    let at = 0;
    for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, at)) {
      if (end > at) this.#line(file, bytes.toString('utf8', at, end));
      at = end + 1;
    }
    file.rest = Buffer.from(bytes.subarray(at));
    if (file.rest.length > MAX_LINE_BYTES) {
      file.rest = Buffer.alloc(0);
      this.#listener.onMalformed(file.path);
    }
  }

  #line(file: Followed, text: string): void {
    let json: unknown;
    try {
      json = JSON.parse(text);
    } catch {
      this.#listener.onMalformed(file.path);
      return;
    }
    const event = hookEventSchema.safeParse(json);
    if (event.success) this.#listener.onEvent(event.data, file);
    else this.#listener.onMalformed(file.path);
  }
}
