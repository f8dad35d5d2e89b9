/** Reads the text messages of one side of a WebSocket off its bytes (RFC 6455), packed ones too (permessage-deflate, RFC 7692). */
import { constants, inflateRawSync } from 'node:zlib';
import type { Bytes } from '../../profile/units.ts';

const OPCODES = { continuation: 0, text: 1, binary: 2, firstControl: 8 } as const;
const FIN = 0x80;
const PACKED = 0x40;
const MASKED = 0x80;
/** Messages of the realtime API are events with at most some seconds of sound. */
const MAX_MESSAGE_BYTES: Bytes = 16 * 1024 * 1024;
/** What a message's last bytes are once it is unpacked, which senders leave out. */
const PACKED_END = Buffer.from([0, 0, 0xff, 0xff]);
/** Deflate looks back so far. */
const WINDOW_BYTES: Bytes = 32 * 1024;

interface FrameHead {
  isLast: boolean;
  isPacked: boolean;
  opcode: number;
  mask: Buffer | null;
  length: Bytes;
  /** Of the head itself. */
  bytes: Bytes;
}

export class WebSocketReader {
  readonly #onText: (text: string) => void;
  #held: Buffer = Buffer.alloc(0);
  /** Of the message that is under way. */
  #parts: Buffer[] = [];
  #partsBytes: Bytes = 0;
  #opcode: number = OPCODES.text;
  #isPacked = false;
  #packing: 'none' | 'each' | 'together' = 'none';
  #window: Buffer = Buffer.alloc(0);
  #isLost = false;

  constructor(onText: (text: string) => void) {
    this.#onText = onText;
  }

  /** Nothing more can be read: bytes are missing, or are no WebSocket's. */
  get isLost(): boolean {
    return this.#isLost;
  }

  /** @param extensions value of the header by which the server agreed to extensions, or null */
  agreed(extensions: string | null): void {
    const offer = /(?:^|,)\s*permessage-deflate([^,]*)/i.exec(extensions ?? '');
    if (offer !== null) this.#packing = /server_no_context_takeover/i.test(offer[1]!) ? 'each' : 'together';
  }

  push(bytes: Buffer): void {
    if (this.#isLost) return;
    const all = this.#held.length === 0 ? bytes : Buffer.concat([this.#held, bytes]);
    let at = 0;
    for (;;) {
      const head = frameHead(all, at);
      if (head !== null && (head.length > MAX_MESSAGE_BYTES || this.#partsBytes + head.length > MAX_MESSAGE_BYTES)) this.lose();
      if (this.#isLost) return;
      if (head === null || all.length < at + head.bytes + head.length) break;
      const payload = all.subarray(at + head.bytes, at + head.bytes + head.length);
      at += head.bytes + head.length;
      this.#frame(head, payload);
    }
    // Kept apart from what it came in, which may be used again.
    this.#held = at === all.length ? Buffer.alloc(0) : Buffer.from(all.subarray(at));
  }

  /** Bytes are missing: what comes after them cannot be told apart. */
  lose(): void {
    this.#isLost = true;
    this.#held = Buffer.alloc(0);
    this.#parts = [];
  }

  #frame({ isLast, isPacked, opcode, mask }: FrameHead, payload: Buffer): void {
    if (opcode >= OPCODES.firstControl) return;
    if (opcode !== OPCODES.continuation) {
      this.#parts = [];
      this.#partsBytes = 0;
      this.#opcode = opcode;
      this.#isPacked = isPacked;
    }
    this.#parts.push(mask === null ? Buffer.from(payload) : Buffer.from(payload.map((byte, index) => byte ^ mask[index % mask.length]!)));
    this.#partsBytes += payload.length;
    if (!isLast) return;
    const whole = this.#parts.length === 1 ? this.#parts[0]! : Buffer.concat(this.#parts);
    this.#parts = [];
    this.#partsBytes = 0;
    const message = this.#isPacked ? this.#unpacked(whole) : whole;
    if (message !== null && this.#opcode === OPCODES.text) this.#onText(message.toString('utf8'));
  }

  #unpacked(packed: Buffer): Buffer | null {
    try {
      if (this.#packing === 'none') throw new Error('packed without an agreement');
      const message = inflateRawSync(Buffer.concat([packed, PACKED_END]), {
        finishFlush: constants.Z_SYNC_FLUSH,
        maxOutputLength: MAX_MESSAGE_BYTES,
        ...(this.#window.length === 0 ? {} : { dictionary: this.#window }),
      });
      if (this.#packing === 'together') this.#window = Buffer.concat([this.#window, message]).subarray(-WINDOW_BYTES);
      return message;
    } catch {
      this.lose();
      return null;
    }
  }
}

/** Null where it has not come in full. */
function frameHead(bytes: Buffer, at: number): FrameHead | null {
  if (bytes.length < at + 2) return null;
  const [first, second] = [bytes[at]!, bytes[at + 1]!];
  const short = second & ~MASKED;
  const sizeBytes = short === 126 ? 2 : short === 127 ? 8 : 0;
  const maskBytes = (second & MASKED) === 0 ? 0 : 4;
  const headBytes = 2 + sizeBytes + maskBytes;
  if (bytes.length < at + headBytes) return null;
  const length = sizeBytes === 0 ? short : sizeBytes === 2 ? bytes.readUInt16BE(at + 2) : Number(bytes.readBigUInt64BE(at + 2));
  const mask = maskBytes === 0 ? null : bytes.subarray(at + headBytes - maskBytes, at + headBytes);
  return { isLast: (first & FIN) !== 0, isPacked: (first & PACKED) !== 0, opcode: first & 0xf, mask, length, bytes: headBytes };
}
