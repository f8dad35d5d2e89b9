/** Decompresses an answer aside, as it comes, so that each of its events has the time of the bytes that completed it. */
import * as zlib from 'node:zlib';
import type { Bytes, Milliseconds } from '../profile/units.ts';

/** What a few bytes can become: an answer that unpacks to more is read no further. */
export const MOST_UNPACKED_BYTES: Bytes = 128 * 1024 * 1024;

interface Transform {
  write(bytes: Buffer, done: () => void): void;
  on(event: 'data', take: (bytes: Buffer) => void): unknown;
  on(event: 'error', take: (error: Error) => void): unknown;
  on(event: 'end', take: () => void): unknown;
  destroy(): unknown;
}

// Node 22.15 and later.
const createZstd = (zlib as { createZstdDecompress?: () => Transform }).createZstdDecompress;

/** What decompresses each coding, by a stream's first byte. */
const STREAMS: ReadonlyMap<string, (first: number) => Transform> = new Map<string, (first: number) => Transform>([
  ['gzip', () => zlib.createGunzip()],
  ['x-gzip', () => zlib.createGunzip()],
  // RFC 9110, 8.4.1.2, wants zlib's frame (RFC 1950: method 8 in the low bits); some servers leave it out.
  ['deflate', (first) => ((first & 0x0f) === 8 ? zlib.createInflate() : zlib.createInflateRaw())],
  ['br', () => zlib.createBrotliDecompress()],
  ...(createZstd === undefined ? [] : [['zstd', () => createZstd()] as const]),
]);

/** Whether a stream with this `Content-Encoding` can be unpacked. */
export function isPackedStream(coding: string): boolean {
  return STREAMS.has(coding.toLowerCase());
}

export interface UnpackedListener {
  /** @param at when the bytes came that these were in */
  onBytes(bytes: Buffer, at: Milliseconds): void;
  /** Nothing more can be had of it. */
  onGivenUp(why: string): void;
}

export class Unpacker {
  private readonly create: (first: number) => Transform;
  private readonly listener: UnpackedListener;
  private stream: Transform | null = null;
  /** When the pieces came that are still in the stream. */
  private readonly cameAt: Milliseconds[] = [];
  private unpacked: Bytes = 0;
  private isOver = false;
  private onIdle: (() => void) | null = null;

  /** @param coding one of which `isPackedStream` is true */
  constructor(coding: string, listener: UnpackedListener) {
    this.create = STREAMS.get(coding.toLowerCase())!;
    this.listener = listener;
  }

  /** Takes the next bytes, which must not be overwritten. What is in them is told later on. */
  write(bytes: Buffer, at: Milliseconds): void {
    if (this.isOver || bytes.length === 0) return;
    this.stream ??= this.begin(bytes[0]!);
    this.cameAt.push(at);
    this.stream.write(bytes, () => {
      this.cameAt.shift();
      if (this.cameAt.length === 0) this.idle();
    });
  }

  /** Resolves when all that was written has been told; null where it has. What comes afterwards is not read. */
  settled(): Promise<void> | null {
    if (this.isOver || this.cameAt.length === 0) {
      this.close();
      return null;
    }
    return new Promise((resolve) => {
      this.onIdle = () => {
        this.close();
        resolve();
      };
    });
  }

  /** Reads no further. */
  close(): void {
    this.isOver = true;
    this.stream?.destroy();
    this.idle();
  }

  private begin(first: number): Transform {
    const stream = this.create(first);
    stream.on('data', (bytes) => {
      if (this.isOver) return;
      this.unpacked += bytes.length;
      if (this.unpacked > MOST_UNPACKED_BYTES) this.giveUp(`it unpacks to more than ${MOST_UNPACKED_BYTES / 1024 / 1024} MB`);
      else this.listener.onBytes(bytes, this.cameAt[0]!);
    });
    stream.on('error', ({ message }) => this.giveUp(message));
    // Its end, whatever comes behind it.
    stream.on('end', () => this.close());
    return stream;
  }

  private giveUp(why: string): void {
    if (this.isOver) return;
    this.close();
    this.listener.onGivenUp(why);
  }

  private idle(): void {
    const { onIdle } = this;
    this.onIdle = null;
    onIdle?.();
  }
}
