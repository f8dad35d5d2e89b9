/** Where a recorder's batches go: one file, or one after the other, as text or compressed. */
import type { Bytes } from '../profile/units.ts';
import { GzipMembers } from './gzipMembers.ts';

/** What the sink needs of an open file; a `FileHandle` is one. */
export interface AppendTarget {
  write(buffer: Buffer, offset: number, length: number): Promise<{ bytesWritten: number }>;
  close(): Promise<void>;
}

export interface SinkOptions {
  compress?: boolean;
  /** Where a recording goes on in a next file: when this one is so long, and how the next is opened. */
  parts?: { bytes: Bytes; open: (part: number) => Promise<AppendTarget>; header: (part: number) => string } | null;
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

  constructor(target: AppendTarget, { compress = false, parts = null }: SinkOptions = {}) {
    this.target = target;
    this.gzip = compress ? new GzipMembers() : null;
    this.parts = parts;
  }

  /** The bytes for a batch of whole lines, to be written before the next is asked for. A part ends with the batch that made it as long as it may be. */
  async encode(lines: string): Promise<Buffer> {
    let text = lines;
    if (this.endsPart && this.parts !== null) {
      this.endsPart = false;
      this.opensPart = true;
      this.partBytes = 0;
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
    }
    return this.target.write(buffer, offset, length);
  }

  /** @returns what is to be written before the file is closed */
  finish(): Promise<Buffer> {
    return this.gzip?.finish() ?? Promise.resolve(Buffer.alloc(0));
  }

  close(): Promise<void> {
    return closed(this.target);
  }
}

async function closed(target: AppendTarget): Promise<void> {
  await target.close().catch(() => {
    // Closing a file on a failing disk may fail, too; a loss has been said when it was written.
  });
}
