/** What each token of a text adds to it. */

/** Bytes of a character in UTF-8, by its code point. */
function utf8Length(point: number): number {
  return point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
}

/**
 * The part of a text that each of its tokens adds, of a vocabulary whose tokens are bytes: one that ends inside a character adds
 * nothing of it, and the one in which it is complete all.
 * @param lengths of the tokens in bytes
 * @returns null when they are not the text's
 */
export function textsOfByteTokens(text: string, lengths: readonly number[]): string[] | null {
  const texts: string[] = [];
  /** The next character, and how many bytes lie before it. */
  let at = 0;
  let bytes = 0;
  let end = 0;
  for (const length of lengths) {
    end += length;
    const from = at;
    while (at < text.length) {
      const point = text.codePointAt(at)!;
      if (bytes + utf8Length(point) > end) break;
      bytes += utf8Length(point);
      at += point > 0xffff ? 2 : 1;
    }
    texts.push(text.slice(from, at));
  }
  return at === text.length && bytes === end ? texts : null;
}

/** What stands for bytes that are no whole character. */
const INCOMPLETE = '\ufffd';

/**
 * The same of any other vocabulary, by what decoding makes of the tokens so far. Decoding may drop or change what stands at the
 * beginning, so that each step decodes a few tokens before it, too.
 */
export function textsByDecoding(ids: readonly number[], decode: (ids: number[]) => string): string[] {
  const texts: string[] = [];
  let window = 0;
  let read = 0;
  for (let index = 0; index < ids.length; index++) {
    const before = decode(ids.slice(window, read));
    const after = decode(ids.slice(window, index + 1));
    if (after.length <= before.length || after.endsWith(INCOMPLETE)) {
      texts.push('');
      continue;
    }
    texts.push(after.slice(before.length));
    window = read;
    read = index + 1;
  }
  return texts;
}
