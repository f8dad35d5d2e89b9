/**
 * Compressed recordings: gzip (RFC 1952) in members that begin where a line begins, each with a mark of ours in its header. Any
 * gunzip reads the file as a whole; what is damaged in it costs the member that it is in, and no more.
 */
import { constants, createDeflateRaw, createGunzip, type Gunzip } from 'node:zlib';
import type { Bytes } from '../profile/units.ts';
import { crc32 } from './crc32.ts';

/** How a member's header begins: deflate, with an extra field; no time, no name (RFC 1952, 2.3). */
const MARK = Buffer.from([0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 0xff]);
/** The extra field `AC` with four bytes: the number of the member's first line in its file, from 1. */
const NUMBERED = Buffer.from([8, 0, 0x41, 0x43, 4, 0]);
const NUMBER_BYTES: Bytes = 4;
/** The same without a number, as it was written at first. */
const UNNUMBERED = Buffer.from([4, 0, 0x41, 0x43, 0, 0]);
/** A further member begins when one holds this much text: what a damaged byte can cost. */
const MEMBER_BYTES: Bytes = 4 * 1024 * 1024;
/** On growing contexts of prose (`test/fixtures/longRecording.ts`) level 6 takes eight times as long for a quarter less, level 3 twice for a seventh. */
const LEVEL = 1;

/** Whether a file that begins so is compressed; null while that can't be told. */
export function isGzip(beginning: Buffer): boolean | null {
  if (beginning.length === 0 || (beginning.length === 1 && beginning[0] === 0x1f)) return null;
  return beginning[0] === 0x1f && beginning[1] === 0x8b;
}

/** A member that is being written. */
class Member {
  private readonly stream = createDeflateRaw({ level: LEVEL });
  private output: Buffer[];
  private crc = 0;
  bytes: Bytes = 0;

  /** @param line number of its first line */
  constructor(line: number) {
    const number = Buffer.alloc(NUMBER_BYTES);
    number.writeUInt32LE(line % 2 ** 32);
    this.output = [MARK, NUMBERED, number];
    this.stream.on('data', (part: Buffer) => this.output.push(part));
  }

  async add(text: string): Promise<Buffer> {
    const bytes = Buffer.from(text);
    this.bytes += bytes.length;
    this.crc = crc32(text, this.crc);
    await new Promise<void>((done) => void this.stream.write(bytes, () => this.stream.flush(constants.Z_SYNC_FLUSH, done)));
    return this.taken();
  }

  async finish(): Promise<Buffer> {
    await new Promise<void>((done) => void this.stream.once('end', done).end());
    const trailer = Buffer.alloc(8);
    trailer.writeUInt32LE(this.crc, 0);
    trailer.writeUInt32LE(this.bytes % 2 ** 32, 4);
    this.output.push(trailer);
    return this.taken();
  }

  private taken(): Buffer {
    const { output } = this;
    this.output = [];
    return Buffer.concat(output);
  }
}

/** Compresses batches of whole lines; each can be decompressed when it is written, though its member goes on. */
export class GzipMembers {
  private member: Member | null = null;
  /** Number of the next line in its file. */
  private line = 1;

  /** Lines are counted anew: those that follow go into another file. */
  beginFile(): void {
    this.line = 1;
  }

  /** @returns what to write for a batch: all of it, up to its last byte */
  async add(text: string): Promise<Buffer> {
    const member = (this.member ??= new Member(this.line));
    for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) this.line++;
    const bytes = await member.add(text);
    return member.bytes < MEMBER_BYTES ? bytes : Buffer.concat([bytes, await this.finish()]);
  }

  /** @returns the end of the member that is being written; what is added then begins a new one */
  async finish(): Promise<Buffer> {
    const { member } = this;
    this.member = null;
    return member === null ? Buffer.alloc(0) : member.finish();
  }
}

export interface GunzipListener {
  onBytes(bytes: Buffer): void;
  /** A stretch is lost: what comes next begins with a new line. */
  onDamage(): void;
  /** The first line behind a stretch that was lost has this number in its file. */
  onResumed(line: number): void;
}

/** Decompresses what comes in pieces of any size, and goes on behind what is damaged. */
export class GunzipMembers {
  private readonly listener: GunzipListener;
  /** Null before the first member, and behind damage until the next. */
  private gunzip: Gunzip | null = null;
  private hasBegun = false;
  /** Ends the wait for the piece that is being decompressed. */
  private settle: (() => void) | null = null;
  /** The end of the last piece, where it may be the beginning of a member's header. */
  private held: Buffer = Buffer.alloc(0);
  /** Of this member: text that came out, and the last bytes that went in, which at its end say how much text it has. */
  private textBytes: Bytes = 0;
  private lastBytes: Buffer = Buffer.alloc(0);
  private isDamaged = false;

  constructor(listener: GunzipListener) {
    this.listener = listener;
  }

  /** Decompresses all of it that can be by now. */
  async write(piece: Buffer): Promise<void> {
    const bytes = this.held.length === 0 ? piece : Buffer.concat([this.held, piece]);
    let from = 0;
    let searched = 0;
    let to = -1;
    for (let at = bytes.indexOf(MARK); at !== -1 && to < 0; at = bytes.indexOf(MARK, searched)) {
      const header = headerBehindMark(bytes.subarray(at + MARK.length));
      searched = at + MARK.length;
      if (header === 'cut') to = at;
      if (header === 'cut' || header === 'none') continue;
      await this.feed(bytes.subarray(from, at));
      await this.endMember(true);
      this.begin();
      if (this.isDamaged && header.line !== null) this.listener.onResumed(header.line);
      this.isDamaged = false;
      from = at;
    }
    if (to < 0) to = bytes.length - lengthOfBegunMark(bytes.subarray(searched));
    await this.feed(bytes.subarray(from, to));
    this.held = Buffer.from(bytes.subarray(to));
  }

  /** Nothing more comes; a member without its end is one that was being written. */
  async end(): Promise<void> {
    await this.feed(this.held);
    this.held = Buffer.alloc(0);
    await this.endMember(false);
  }

  private begin(): void {
    const gunzip = createGunzip({ finishFlush: constants.Z_SYNC_FLUSH });
    this.gunzip = gunzip;
    this.hasBegun = true;
    this.textBytes = 0;
    this.lastBytes = Buffer.alloc(0);
    gunzip.on('data', (text: Buffer) => {
      this.textBytes += text.length;
      this.listener.onBytes(text);
    });
    gunzip.on('error', () => {
      this.gunzip = null;
      this.damaged();
      this.settle?.();
    });
  }

  private async feed(bytes: Buffer): Promise<void> {
    if (bytes.length === 0) return;
    // Somebody else's gzip has no mark of ours.
    if (!this.hasBegun) this.begin();
    const { gunzip } = this;
    if (gunzip === null) return;
    this.lastBytes = Buffer.concat([this.lastBytes, bytes.subarray(-4)]).subarray(-4);
    await new Promise<void>((done) => {
      this.settle = done;
      gunzip.write(bytes, () => done());
    });
  }

  /** @param isFollowed by another member: then it has to be whole */
  private async endMember(isFollowed: boolean): Promise<void> {
    const { gunzip } = this;
    if (gunzip === null) return;
    await new Promise<void>((done) => {
      this.settle = done;
      gunzip.once('end', done).end();
    });
    if (this.gunzip === null) return;
    this.gunzip = null;
    if (isFollowed && (this.lastBytes.length < 4 || this.lastBytes.readUInt32LE() !== this.textBytes % 2 ** 32)) this.damaged();
  }

  private damaged(): void {
    this.isDamaged = true;
    this.listener.onDamage();
  }
}

/** What stands behind a mark: a header's rest, with the number of its first line where it has one; `cut` where that is not all there. */
function headerBehindMark(bytes: Buffer): { line: number | null } | 'cut' | 'none' {
  const field = bytes.subarray(0, NUMBERED.length);
  if (field.equals(UNNUMBERED)) return { line: null };
  const isBegun = [NUMBERED, UNNUMBERED].some((each) => field.equals(each.subarray(0, field.length)));
  if (!isBegun) return 'none';
  return bytes.length < NUMBERED.length + NUMBER_BYTES ? 'cut' : { line: bytes.readUInt32LE(NUMBERED.length) };
}

/** How many of the last bytes may be the beginning of a mark. */
function lengthOfBegunMark(bytes: Buffer): number {
  for (let length = Math.min(MARK.length - 1, bytes.length); length > 0; length--) {
    if (bytes.subarray(-length).equals(MARK.subarray(0, length))) return length;
  }
  return 0;
}
