/** SVG to PNG by resvg, as WebAssembly: no native module, no font of the machine's. */
import { initWasm, Resvg } from '@resvg/resvg-wasm';

/** Pixels of the picture for one of the drawing, so that it is sharp on dense screens. */
const SCALE = 2;

let ready: Promise<void> | null = null;

/**
 * @param wasm the program, read once in the life of the process
 * @param fonts TrueType files; texts are drawn with these alone
 */
export async function toPng(svg: string, wasm: Uint8Array, fonts: readonly Uint8Array[]): Promise<Uint8Array> {
  ready ??= initWasm(wasm);
  await ready;
  const drawing = new Resvg(svg, { fitTo: { mode: 'zoom', value: SCALE }, font: { fontBuffers: [...fonts], loadSystemFonts: false, defaultFontFamily: 'Inter', sansSerifFamily: 'Inter' } });
  try {
    return drawing.render().asPng();
  } finally {
    drawing.free();
  }
}
