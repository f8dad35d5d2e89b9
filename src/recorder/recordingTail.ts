/** A recording's file, read on as it grows. */
import { open } from 'node:fs/promises';
import { StringDecoder } from 'node:string_decoder';
import { RecordingReader } from '../profile/readRecording.ts';

const PIECE_BYTES = 1 << 20;

export class RecordingTail {
  readonly reader = new RecordingReader();
  private readonly decoder = new StringDecoder('utf8');
  private readonly file: string;
  private offset = 0;

  constructor(file: string) {
    this.file = file;
  }

  /**
   * Reads up to a place in the file, or to its end.
   * @throws RecordingError, or the error of reading the file
   */
  async readTo(bytes: number): Promise<void> {
    const handle = await open(this.file, 'r');
    try {
      const buffer = Buffer.allocUnsafe(Math.max(1, Math.min(PIECE_BYTES, bytes - this.offset)));
      while (this.offset < bytes) {
        const { bytesRead } = await handle.read(buffer, 0, Math.min(buffer.length, bytes - this.offset), this.offset);
        if (bytesRead === 0) return;
        this.offset += bytesRead;
        this.reader.push(this.decoder.write(buffer.subarray(0, bytesRead)));
      }
    } finally {
      await handle.close();
    }
  }

  /**
   * Reads what is left, after which nothing more comes.
   * @throws RecordingError, or the error of reading the file
   */
  async finish(): Promise<void> {
    await this.readTo(Infinity);
    this.reader.push(this.decoder.end());
    this.reader.finish();
  }
}
