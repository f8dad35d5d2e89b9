/** The font that charts are drawn with where nobody's own can be asked: Inter, under the SIL Open Font License. */
import { readFileSync } from 'node:fs';
import { parse, type Font } from 'opentype.js';
import { fontSize, type MeasureText } from './svgContext.ts';

/** Names of the files that the build puts beside the bundle. */
export const FONT_FILES = { regular: 'Inter_400Regular.ttf', strong: 'Inter_600SemiBold.ttf' } as const;

/** A part of the drawing that is not where it should be, with what to do about it. */
export class DrawingError extends Error {}

/** @throws DrawingError */
export function readPart(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new DrawingError(`${file}, which charts are drawn with, cannot be read: ${error instanceof Error ? error.message : String(error)}. Build again with npm run build, or write no charts with --no-out.`);
  }
}

/** Widths as the fonts' own tables have them, letter by letter: without kerning, which the little that it saves is not worth. */
export function measureWith(regular: Buffer, strong: Buffer): MeasureText {
  const [light, heavy] = [regular, strong].map(font) as [Font, Font];
  return (text, css) => {
    const used = /\b([6-9]00|bold)\b/.test(css) ? heavy : light;
    return (fontSize(css) / used.unitsPerEm) * [...text].reduce((sum, letter) => sum + (used.charToGlyph(letter).advanceWidth ?? 0), 0);
  };
}

function font(bytes: Buffer): Font {
  return parse(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer);
}
