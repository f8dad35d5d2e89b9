/** A recording's file, read on as it grows. */
import { open } from 'node:fs/promises';
import { StringDecoder } from 'node:string_decoder';
import { RecordingReader } from '../profile/readRecording.ts';
import { crc32 } from './crc32.ts';

const PIECE_BYTES = 1 << 20;

/** Hands on the text of a file that grows. */
export class FileTail {
  private readonly decoder = new StringDecoder('utf8');
  private readonly file: string;
  private readonly take: (text: string) => void;
  private offset = 0;

  constructor(file: string, take: (text: string) => void) {
    this.file = file;
    this.take = take;
  }

  /**
   * Reads up to a place in the file, or to its end.
   * @throws what `take` throws, or the error of reading the file
   */
  async readTo(bytes: number): Promise<void> {
    const handle = await open(this.file, 'r');
    try {
      const buffer = Buffer.allocUnsafe(Math.max(1, Math.min(PIECE_BYTES, bytes - this.offset)));
      while (this.offset < bytes) {
        const { bytesRead } = await handle.read(buffer, 0, Math.min(buffer.length, bytes - this.offset), this.offset);
        if (bytesRead === 0) return;
        this.offset += bytesRead;
        this.take(this.decoder.write(buffer.subarray(0, bytesRead)));
      }
    } finally {
      await handle.close();
    }
  }

  /** Hands on what is left of the last letter. Nothing more comes. */
  end(): void {
    this.take(this.decoder.end());
  }
}

export class RecordingTail {
  readonly reader = new RecordingReader({ crc32 });
  private readonly tail: FileTail;

  constructor(file: string) {
    this.tail = new FileTail(file, (text) => this.reader.push(text));
  }

  /**
   * Reads up to a place in the file.
   * @throws RecordingError, or the error of reading the file
   */
  readTo(bytes: number): Promise<void> {
    return this.tail.readTo(bytes);
  }

  /**
   * Reads what is left, after which nothing more comes.
   * @throws RecordingError, or the error of reading the file
   */
  async finish(): Promise<void> {
    await this.tail.readTo(Infinity);
    this.tail.end();
    this.reader.finish();
  }
}
