/**
 * Makes recorded text safe to show in one line or a block: what would be invisible, would move the cursor or would
 * reorder the text is replaced by something that can be seen. Recorded text is untrusted.
 */

/** Bidirectional controls, zero-width characters, the byte-order mark and language tags. */
const INVISIBLE = /[\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff\ufff9-\ufffb]|\udb40[\udc00-\udfff]/g;
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;
/** Half of a character: UTF-8 has none. */
export const LONE_SURROGATE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

/** `text`, cut at `limit` UTF-16 units, with every control and invisible character shown as a mark. Newlines and tabs stay. */
export function visibleBlock(text: string, limit: number): string {
  const cut = text.length > limit ? `${text.slice(0, limit)}…` : text;
  return cut
    .replace(/\r\n?/g, '\n')
    .replace(LONE_SURROGATE, '\ufffd')
    .replace(CONTROL, (character) => {
      const code = character.charCodeAt(0);
      return code < 0x20 ? String.fromCharCode(0x2400 + code) : code === 0x7f ? '\u2421' : '\ufffd';
    })
    .replace(INVISIBLE, (character) => `\u27e8U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}\u27e9`);
}

/** The same on one line: newlines and tabs become spaces. */
export function visibleText(text: string, limit = 200): string {
  return visibleBlock(text.slice(0, limit + 1).replace(/[\r\n\t]+/g, ' '), limit);
}
