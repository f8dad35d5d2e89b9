/**
 * A line's checksum: its last member `crc`, eight hexadecimal digits of the CRC-32 (ISO 3309, as zlib, gzip and PNG have it) of
 * the line's UTF-8 bytes up to that member's comma. Any language's zlib can check it. Pure.
 */

/** CRC-32 of a text's UTF-8 bytes, going on from that of what came before (0 at the beginning). */
export type Crc32 = (text: string, before?: number) => number;

/** What stands between a line's other members and its end. */
const OPENS = ',"crc":"';
const CLOSES = '"}';
const HEX_DIGITS = 8;
const MEMBER_LENGTH = OPENS.length + HEX_DIGITS + CLOSES.length;

/** For each byte the remainder of its polynomial, reflected: 0xEDB88320 (ISO 3309). */
const REMAINDERS = Uint32Array.from({ length: 256 }, (_, byte) => {
  let remainder = byte;
  for (let bit = 0; bit < 8; bit++) remainder = remainder & 1 ? 0xedb88320 ^ (remainder >>> 1) : remainder >>> 1;
  return remainder;
});

/** In plain code, for who has no zlib or an older one; a tenth as fast as zlib's. */
export const plainCrc32: Crc32 = (text, before = 0) => {
  let crc = ~before;
  const take = (byte: number): void => void (crc = (REMAINDERS[(crc ^ byte) & 0xff] ?? 0) ^ (crc >>> 8));
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit < 0x80) {
      take(unit);
      continue;
    }
    const point = text.codePointAt(at) ?? unit;
    if (point > 0xffff) at++;
    // Half of a pair is written as U+FFFD.
    const written = point >= 0xd800 && point <= 0xdfff ? 0xfffd : point;
    if (written < 0x800) take(0xc0 | (written >> 6));
    else {
      if (written < 0x10000) take(0xe0 | (written >> 12));
      else {
        take(0xf0 | (written >> 18));
        take(0x80 | ((written >> 12) & 0x3f));
      }
      take(0x80 | ((written >> 6) & 0x3f));
    }
    take(0x80 | (written & 0x3f));
  }
  return ~crc >>> 0;
};

/** The JSON of an object that has members, with its checksum as the last of them. */
export function withChecksum(json: string, crc32: Crc32): string {
  const body = json.slice(0, -1);
  return body + OPENS + hex(crc32(body)) + CLOSES;
}

/** Whether a line is as it was written; null where it has no checksum in the place where one is written. */
export function hasRightChecksum(line: string, crc32: Crc32): boolean | null {
  // The line end of an editor on Windows.
  const end = line.endsWith('\r') ? line.length - 1 : line.length;
  const at = end - MEMBER_LENGTH;
  if (at < 1 || !line.startsWith(OPENS, at) || !line.startsWith(CLOSES, end - CLOSES.length)) return null;
  return numberAt(line, at + OPENS.length) === crc32(line.slice(0, at));
}

/** What the hexadecimal digits at a place are, as they are written (lower case); -1 where they are none. A text for each line would cost as much as its CRC. */
function numberAt(line: string, at: number): number {
  let number = 0;
  for (let k = at; k < at + HEX_DIGITS; k++) {
    const unit = line.charCodeAt(k);
    const digit = unit >= 0x30 && unit <= 0x39 ? unit - 0x30 : unit >= 0x61 && unit <= 0x66 ? unit - 0x61 + 10 : -1;
    if (digit < 0) return -1;
    number = number * 16 + digit;
  }
  return number;
}

function hex(crc: number): string {
  return crc.toString(16).padStart(HEX_DIGITS, '0');
}
