/** Where a recorder's batches go: one file, or one after the other, as text or compressed. */
import type { Bytes } from '../profile/units.ts';
import { GzipMembers } from './gzipMembers.ts';

/** What the sink needs of an open file; a `FileHandle` is one. */
export interface AppendTarget {
  write(buffer: Buffer, offset: number, length: number): Promise<{ bytesWritten: number }>;
  /** Makes it so long. */
  truncate(bytes: Bytes): Promise<void>;
  close(): Promise<void>;
}

/** Room that is held for the end of a recording on a disk that stays full. */
export interface LastRoom {
  bytes: Bytes;
  /**
   * Makes a file of it, with these lines, as the recording's part of that number.
   * @param replaces whether there is one, which is empty
   * @returns the file's length
   * @throws NodeJS.ErrnoException
   */
  write(part: number, lines: Buffer, replaces: boolean): Promise<Bytes>;
  /** Gives it back. */
  release(): Promise<void>;
}

export interface SinkOptions {
  compress?: boolean;
  /** Where a recording goes on in a next file: when this one is so long, and how the next is opened. */
  parts?: { bytes: Bytes; open: (part: number) => Promise<AppendTarget>; header: (part: number) => string } | null;
  /** Null where there is no room to hold. */
  lastRoom?: Promise<LastRoom | null> | null;
}

export class RecordingSink {
  private target: AppendTarget;
  private readonly gzip: GzipMembers | null;
  private readonly parts: NonNullable<SinkOptions['parts']> | null;
  private part = 1;
  private partBytes: Bytes = 0;
  /** The next batch begins a part, whose file is opened when it is written. */
  private endsPart = false;
  private opensPart = false;
  private readonly lastRoom: Promise<LastRoom | null>;
  /** Written to this part, and how much of it is whole batches. */
  private writtenBytes: Bytes = 0;
  private wholeBytes: Bytes = 0;

  constructor(target: AppendTarget, { compress = false, parts = null, lastRoom = null }: SinkOptions = {}) {
    this.target = target;
    this.lastRoom = Promise.resolve(lastRoom);
    this.gzip = compress ? new GzipMembers() : null;
    this.parts = parts;
  }

  /** The bytes for a batch of whole lines, to be written before the next is asked for. A part ends with the batch that made it as long as it may be. */
  async encode(lines: string): Promise<Buffer> {
    this.wholeBytes = this.writtenBytes;
    let text = lines;
    if (this.endsPart && this.parts !== null) {
      this.endsPart = false;
      this.opensPart = true;
      this.partBytes = 0;
      this.gzip?.beginFile();
      text = this.parts.header(++this.part) + lines;
    }
    let bytes = this.gzip === null ? Buffer.from(text) : await this.gzip.add(text);
    this.partBytes += bytes.length;
    if (this.parts !== null && this.partBytes >= this.parts.bytes) {
      this.endsPart = true;
      if (this.gzip !== null) bytes = Buffer.concat([bytes, await this.gzip.finish()]);
    }
    return bytes;
  }

  /** @throws the error of writing, or of opening the next file; the same bytes can be tried again */
  async write(buffer: Buffer, offset: number, length: number): Promise<{ bytesWritten: number }> {
    if (this.opensPart && this.parts !== null) {
      const next = await this.parts.open(this.part);
      this.opensPart = false;
      await closed(this.target);
      this.target = next;
      this.writtenBytes = this.wholeBytes = 0;
    }
    const written = await this.target.write(buffer, offset, length);
    this.writtenBytes += written.bytesWritten;
    return written;
  }

  /** How long the last lines may be where nothing can be written any more. */
  async lastBytes(): Promise<Bytes> {
    return (await this.lastRoom)?.bytes ?? 0;
  }

  /**
   * Takes back what there is of a batch that could not be written to its end.
   * @returns whether it is to be written anew, from its beginning
   */
  async takeBack(): Promise<boolean> {
    if (this.opensPart) return true;
    try {
      await this.target.truncate(this.wholeBytes);
    } catch {
      // A part of a line stays at its end, which readers leave out.
      return false;
    }
    this.writtenBytes = this.wholeBytes;
    return true;
  }

  /**
   * Writes the last lines into the room that is held for them.
   * @returns how much longer the recording is for it
   * @throws NodeJS.ErrnoException
   */
  async writeLast(lines: Buffer): Promise<Bytes> {
    const room = await this.lastRoom;
    if (room === null) throw new Error('no room is held');
    const isEmpty = !this.opensPart && this.writtenBytes === 0;
    return room.write(this.opensPart || isEmpty ? this.part : this.part + 1, lines, isEmpty);
  }

  /** @returns what is to be written before the file is closed */
  finish(): Promise<Buffer> {
    return this.gzip?.finish() ?? Promise.resolve(Buffer.alloc(0));
  }

  async close(): Promise<void> {
    await closed(this.target);
    await (await this.lastRoom)?.release();
  }
}

async function closed(target: AppendTarget): Promise<void> {
  await target.close().catch(() => {
    // Closing a file on a failing disk may fail, too; a loss has been said when it was written.
  });
}
