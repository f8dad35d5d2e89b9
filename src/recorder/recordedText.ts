/** A recording's bytes, as they lie in its file, made into text: compressed or not, which its first bytes say. */
import { StringDecoder } from 'node:string_decoder';
import type { Bytes } from '../profile/units.ts';
import { GunzipMembers, isGzip } from './gzipMembers.ts';

/** So much is decompressed at once: gzip can make a thousand times as much of it. */
const PIECE_BYTES: Bytes = 64 * 1024;

export interface TextListener {
  onText(text: string): void;
  /** A stretch of the file could not be decompressed; what comes next begins with a new line. */
  onLost(): void;
  /** What comes next begins with the line of this number in its file. */
  onResumed?(line: number): void;
}

export class RecordedText {
  private readonly listener: TextListener;
  private decoder = new StringDecoder('utf8');
  private gunzip: GunzipMembers | null = null;
  /** What came out of the decompressor, whose events must not be thrown through. */
  private decompressed: (Buffer | 'lost' | { line: number })[] = [];
  /** The first bytes, until they say what the file is. */
  private beginning: Buffer | null = Buffer.alloc(0);

  constructor(listener: TextListener) {
    this.listener = listener;
  }

  /**
   * Hands on all text that can be told by now.
   * @throws what the listener throws
   */
  async write(piece: Buffer): Promise<void> {
    let bytes = piece;
    if (this.beginning !== null) {
      bytes = Buffer.concat([this.beginning, piece]);
      const isCompressed = isGzip(bytes);
      this.beginning = isCompressed === null ? bytes : null;
      if (isCompressed === null) return;
      if (isCompressed) this.gunzip = new GunzipMembers({ onBytes: (text) => this.decompressed.push(text), onDamage: () => this.decompressed.push('lost'), onResumed: (line) => this.decompressed.push({ line }) });
    }
    if (this.gunzip === null) {
      this.decode(bytes);
      return;
    }
    for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
      await this.gunzip.write(bytes.subarray(at, at + PIECE_BYTES));
      this.handOn();
    }
  }

  /** Hands on what is left of the last letter. Nothing more comes. */
  async end(): Promise<void> {
    await this.gunzip?.end();
    this.handOn();
    this.listener.onText(this.decoder.end());
  }

  private handOn(): void {
    const decompressed = this.decompressed;
    this.decompressed = [];
    for (const each of decompressed) {
      if (each === 'lost') {
        this.decoder = new StringDecoder('utf8');
        this.listener.onLost();
      } else if (Buffer.isBuffer(each)) this.decode(each);
      else this.listener.onResumed?.(each.line);
    }
  }

  private decode(bytes: Buffer): void {
    this.listener.onText(this.decoder.write(bytes));
  }
}
