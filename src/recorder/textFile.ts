/** Texts that are too many to be held, in a file of their own that only this process can find, and that goes with it. */
import { randomUUID } from 'node:crypto';
import { closeSync, constants, openSync, readSync, unlinkSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { TextsElsewhere } from '../profile/heldTexts.ts';
import type { MessageDigest } from '../profile/recordingFormat.ts';
import type { Bytes } from '../profile/units.ts';

const BATCH_BYTES: Bytes = 1024 * 1024;

export class TextFile implements TextsElsewhere {
  private readonly path: string;
  private file: number | null = null;
  /** Where each text is, written as JSON, which keeps halves of pairs that UTF-8 does not. */
  private readonly places = new Map<MessageDigest, { at: Bytes; bytes: Bytes }>();
  private waiting: Buffer[] = [];
  private waitingBytes: Bytes = 0;
  private bytes: Bytes = 0;

  /** @param folder in which there is as much room as the texts take */
  constructor(folder: string) {
    this.path = join(folder, `.agent-cost-${randomUUID()}.texts`);
  }

  /** @throws Error that names the folder, when there is no room */
  put(message: MessageDigest, text: string): void {
    const bytes = Buffer.from(JSON.stringify(text));
    this.places.set(message, { at: this.bytes + this.waitingBytes, bytes: bytes.length });
    this.waiting.push(bytes);
    this.waitingBytes += bytes.length;
    if (this.waitingBytes >= BATCH_BYTES) this.flush();
  }

  has(message: MessageDigest): boolean {
    return this.places.has(message);
  }

  /** A message's text, held or put here; null where the recording has none. */
  textOf(message: MessageDigest): string | null {
    if (message.text !== null) return message.text;
    const place = this.places.get(message);
    if (place === undefined) return null;
    this.flush();
    const bytes = Buffer.allocUnsafe(place.bytes);
    for (let read = 0; read < place.bytes; ) {
      const now = readSync(this.file!, bytes, read, place.bytes - read, place.at + read);
      if (now === 0) throw new Error(`${this.path} is shorter than it was`);
      read += now;
    }
    return JSON.parse(bytes.toString()) as string;
  }

  close(): void {
    if (this.file === null) return;
    closeSync(this.file);
    this.file = null;
    if (process.platform === 'win32') unlinkSync(this.path);
  }

  private flush(): void {
    if (this.waiting.length === 0) return;
    const all = Buffer.concat(this.waiting);
    try {
      this.file ??= this.open();
      for (let at = 0; at < all.length; ) at += writeSync(this.file, all, at, all.length - at, this.bytes + at);
    } catch (error) {
      throw new Error(`the recording's texts are more than can be held, and found no room in a file (${this.path}): ${error instanceof Error ? error.message : String(error)}`, { cause: error });
    }
    this.bytes += all.length;
    this.waiting = [];
    this.waitingBytes = 0;
  }

  private open(): number {
    const file = openSync(this.path, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | (constants.O_NOFOLLOW ?? 0), 0o600);
    // An open file needs no name: so it goes however the process ends. Windows keeps it until it is closed.
    if (process.platform !== 'win32') unlinkSync(this.path);
    return file;
  }
}
