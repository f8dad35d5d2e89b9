/** The floor: every covered pixel of every row and the labels that fit, on one bare canvas. No axis, no hover, no details, nothing kept of a span but its rectangle. */
import { categoryIndex } from '../../../webview/timeline/model/category.ts';
import { StripPainter, WideItems } from '../../../webview/timeline/model/pixelStrip.ts';
import { Row } from '../../../webview/timeline/model/row.ts';
import { APPENDED_SPANS, makeBench, painted } from './drive.ts';
import { AGENTS, DEPTHS, makeTrace } from './trace.ts';
import type { ViewRange } from '../../../webview/timeline/model/viewRange.ts';

const ROW_HEIGHT = 14;
const WIDE = 8;
const LABEL = 40;
const CATEGORIES = [categoryIndex.nested, categoryIndex.llm, categoryIndex.tool];
const colours = new Uint32Array(16).map((_, k) => 0x404040 + k * 0x0a0f0c);
const css = Array.from(colours, (colour) => `rgb(${colour & 255},${(colour >> 8) & 255},${(colour >> 16) & 255})`);
const rows = Array.from({ length: AGENTS * DEPTHS }, () => new Row());
const painter = new StripPainter();
const wide = new WideItems();
const canvas = document.createElement('canvas');
const context = canvas.getContext('2d', { alpha: false });
const strip = document.createElement('canvas');
const stripContext = strip.getContext('2d');
let image = new ImageData(1, 1);
let pixels = new Uint32Array(1);
let range: ViewRange = { start: 0, end: 1 };
let frame = 0;
let end = 0;

function draw(): void {
  frame = 0;
  if (context === null || stripContext === null) return;
  pixels.fill(0);
  wide.length = 0;
  rows.forEach((row, number) => painter.paint(row, range.start, range.end, pixels, number * strip.width, strip.width, colours, wide, WIDE * devicePixelRatio, number));
  stripContext.putImageData(image, 0, 0);
  context.fillStyle = '#1f1f1f';
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.imageSmoothingEnabled = false;
  const height = ROW_HEIGHT * devicePixelRatio;
  rows.forEach((_, number) => context.drawImage(strip, 0, number, strip.width, 1, 0, number * height, strip.width, height - 1));
  context.font = `${11 * devicePixelRatio}px sans-serif`;
  context.textBaseline = 'middle';
  for (let i = 0; i < wide.length; i++) {
    const left = Math.max(0, wide.left[i] as number);
    const width = Math.min(strip.width, wide.right[i] as number) - left;
    const top = (wide.row[i] as number) * height;
    context.fillStyle = css[wide.category[i] as number] ?? '';
    context.fillRect(left, top, width - 1, height - 1);
    if (width < LABEL * devicePixelRatio) continue;
    context.fillStyle = '#ffffff';
    context.fillText('function', left + 5, top + height / 2);
  }
}

const ask = (): void => void (frame ||= requestAnimationFrame(draw));

globalThis.bench = makeBench({
  load: async (count) => {
    const trace = makeTrace(count);
    canvas.width = strip.width = innerWidth * devicePixelRatio;
    canvas.height = innerHeight * devicePixelRatio;
    canvas.style.width = `${innerWidth}px`;
    strip.height = rows.length;
    image = new ImageData(strip.width, rows.length);
    pixels = new Uint32Array(image.data.buffer);
    document.body.append(canvas);
    const begun = performance.now();
    for (let i = 0; i < trace.length; i++) rows[(trace.agent[i] as number) * DEPTHS + (trace.depth[i] as number)]?.append(trace.start[i] as number, trace.end[i] as number, CATEGORIES[trace.leaf[i] as number] ?? 0, i, 0);
    end = trace.wallMs;
    range = { start: 0, end };
    ask();
    await painted();
    const fullMs = performance.now() - begun;
    return { firstMs: fullMs, fullMs, hostMs: null };
  },
  move: (_key, next) => {
    range = next;
    ask();
  },
  point: () => undefined,
  append: () => {
    for (let i = 0; i < APPENDED_SPANS; i++) {
      rows[i % rows.length]?.append(end, end + 0.35, categoryIndex.tool, -1, 0);
      end += 0.4;
    }
    range = { start: 0, end };
    ask();
  },
});
