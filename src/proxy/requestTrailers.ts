/** Fields behind a chunked request's last chunk (RFC 9110, section 6.5). */
import { FramingError } from './chunkedDecoder.ts';
import { isForwarded } from './requestHead.ts';

const FIELD = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):([\t\x20-\x7e\x80-\xff]*)$/;
/** What servers must know before the body, and some would take from behind it: who asks, and how the body is to be read (RFC 9110, section 6.5.1). */
const ONLY_BEFORE = new Set(['authorization', 'cookie', 'trailer', 'content-encoding', 'content-type', 'content-range']);

/**
 * Names and values in turn, without those that belong before the body.
 * @param bytes lines up to the empty one, with it
 * @throws FramingError for what is no field
 */
export function requestTrailers(bytes: Buffer): string[] {
  const trailers: string[] = [];
  for (const line of bytes.toString('latin1').split('\r\n')) {
    if (line === '') continue;
    const field = FIELD.exec(line);
    if (field === null) throw new FramingError('bad trailer');
    const [, name = '', value = ''] = field;
    const lower = name.toLowerCase();
    if (isForwarded(lower) && !ONLY_BEFORE.has(lower)) trailers.push(name, value.trim());
  }
  return trailers;
}
