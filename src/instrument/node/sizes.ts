/** How large what passes between a model and its tools is, as the JSON that it travels as. */
import { isObject } from './wrapping.ts';

/** Bytes of a text, of raw data, or of anything else as JSON; null for what has no such form. */
export function sizeOf(value: unknown): number | null {
  try {
    if (typeof value === 'string') return Buffer.byteLength(value);
    if (value instanceof Uint8Array) return value.byteLength;
    const text = value === undefined || value === null ? undefined : JSON.stringify(value);
    return text === undefined ? null : Buffer.byteLength(text);
  } catch {
    // A circle, a BigInt, a getter that throws.
    return null;
  }
}

/** The size of a message's content, or of what is no message. */
export function contentSizeOf(value: unknown): number | null {
  return isObject(value) && 'content' in value ? sizeOf(value['content']) : sizeOf(value);
}
