/** What is used of opentype.js, which comes without types; those that others wrote for it bring a browser's along. */
declare module 'opentype.js' {
  export interface Font {
    unitsPerEm: number;
    /** The glyph of a font's own "not known" where it has none for the letter. */
    charToGlyph(letter: string): { advanceWidth?: number };
  }
  export function parse(font: ArrayBuffer): Font;
}
