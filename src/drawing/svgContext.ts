/**
 * The part of the canvas' 2D context that Chart.js draws with, writing SVG: nothing but text comes of it, the same each time, without a
 * browser or a DOM. Colours are attributes, not styles, so that a page's content policy need allow nothing for them.
 */

type Matrix = readonly [a: number, b: number, c: number, d: number, e: number, f: number];
const IDENTITY: Matrix = [1, 0, 0, 1, 0, 0];

interface State {
  fillStyle: string;
  strokeStyle: string;
  lineWidth: number;
  lineCap: string;
  lineJoin: string;
  lineDashOffset: number;
  miterLimit: number;
  globalAlpha: number;
  font: string;
  textAlign: string;
  textBaseline: string;
}

interface Kept {
  state: State;
  dash: readonly number[];
  matrix: Matrix;
  clip: string | null;
}

/** How wide a text is in a font of CSS' short form, such as `600 14px Inter`, in pixels. */
export type MeasureText = (text: string, font: string) => number;

const ANCHORS: Record<string, string> = { center: 'middle', right: 'end', end: 'end' };
/** From the baseline that is asked for down to the letters' own, in font sizes: Inter's capitals are 0.727 high, its descenders 0.24 deep. */
const BASELINES: Record<string, number> = { top: 0.93, hanging: 0.73, middle: 0.36, bottom: -0.24, ideographic: -0.24 };

const round = (value: number): string => String(Number(value.toFixed(2)));
export const escapeXml = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;').replace(/[\0-\x08\x0b\x0c\x0e-\x1f]/g, '\ufffd');

export class SvgContext implements State {
  fillStyle = '#000000';
  strokeStyle = '#000000';
  lineWidth = 1;
  lineCap = 'butt';
  lineJoin = 'miter';
  lineDashOffset = 0;
  miterLimit = 10;
  globalAlpha = 1;
  font = '10px sans-serif';
  textAlign = 'start';
  textBaseline = 'alphabetic';
  readonly #measure: MeasureText;
  readonly #prefix: string;
  readonly #defs: string[] = [];
  readonly #parts: string[] = [];
  readonly #kept: Kept[] = [];
  #dash: readonly number[] = [];
  #matrix: Matrix = IDENTITY;
  #clip: string | null = null;
  #path: string[] = [];

  /** @param prefix of the ids inside, so that several drawings stand on one page */
  constructor(measure: MeasureText, prefix: string) {
    this.#measure = measure;
    this.#prefix = prefix;
  }

  /** What was drawn, as elements to stand in an `<svg>`. */
  get content(): string {
    return `${this.#defs.length === 0 ? '' : `<defs>${this.#defs.join('')}</defs>`}${this.#parts.join('')}`;
  }

  save(): void {
    const { fillStyle, strokeStyle, lineWidth, lineCap, lineJoin, lineDashOffset, miterLimit, globalAlpha, font, textAlign, textBaseline } = this;
    this.#kept.push({ state: { fillStyle, strokeStyle, lineWidth, lineCap, lineJoin, lineDashOffset, miterLimit, globalAlpha, font, textAlign, textBaseline }, dash: this.#dash, matrix: this.#matrix, clip: this.#clip });
  }

  restore(): void {
    const kept = this.#kept.pop();
    if (kept === undefined) return;
    Object.assign(this, kept.state);
    this.#dash = kept.dash;
    this.#matrix = kept.matrix;
    this.#clip = kept.clip;
  }

  resetTransform(): void {
    this.#matrix = IDENTITY;
  }

  setTransform(...matrix: [number, number, number, number, number, number]): void {
    this.#matrix = matrix;
  }

  translate(x: number, y: number): void {
    this.#multiply([1, 0, 0, 1, x, y]);
  }

  rotate(angle: number): void {
    this.#multiply([Math.cos(angle), Math.sin(angle), -Math.sin(angle), Math.cos(angle), 0, 0]);
  }

  scale(x: number, y: number): void {
    this.#multiply([x, 0, 0, y, 0, 0]);
  }

  getLineDash(): number[] {
    return [...this.#dash];
  }

  setLineDash(dash: readonly number[]): void {
    this.#dash = dash;
  }

  beginPath(): void {
    this.#path = [];
  }

  closePath(): void {
    if (this.#path.length > 0) this.#path.push('Z');
  }

  moveTo(x: number, y: number): void {
    this.#path.push(`M${this.#point(x, y)}`);
  }

  lineTo(x: number, y: number): void {
    this.#path.push(`${this.#path.length === 0 ? 'M' : 'L'}${this.#point(x, y)}`);
  }

  bezierCurveTo(x1: number, y1: number, x2: number, y2: number, x: number, y: number): void {
    this.#path.push(`C${this.#point(x1, y1)} ${this.#point(x2, y2)} ${this.#point(x, y)}`);
  }

  quadraticCurveTo(x1: number, y1: number, x: number, y: number): void {
    this.#path.push(`Q${this.#point(x1, y1)} ${this.#point(x, y)}`);
  }

  rect(x: number, y: number, width: number, height: number): void {
    this.#path.push(`M${this.#point(x, y)}L${this.#point(x + width, y)}L${this.#point(x + width, y + height)}L${this.#point(x, y + height)}Z`);
  }

  arc(x: number, y: number, radius: number, from: number, to: number, isBackwards = false): void {
    const at = (angle: number) => this.#point(x + radius * Math.cos(angle), y + radius * Math.sin(angle));
    const turn = isBackwards ? from - to : to - from;
    this.#path.push(`${this.#path.length === 0 ? 'M' : 'L'}${at(from)}`);
    const size = round(radius * Math.hypot(this.#matrix[0], this.#matrix[1]));
    const sweep = isBackwards ? 0 : 1;
    const direction = isBackwards ? -1 : 1;
    // An arc of SVG cannot go full circle: halves can.
    if (Math.abs(turn) >= 2 * Math.PI - 1e-6) {
      for (const half of [1, 2]) this.#path.push(`A${size} ${size} 0 1 ${sweep} ${at(from + direction * half * Math.PI)}`);
      return;
    }
    const angle = ((turn % (2 * Math.PI)) + 2 * Math.PI) % (2 * Math.PI);
    this.#path.push(`A${size} ${size} 0 ${angle > Math.PI ? 1 : 0} ${sweep} ${at(to)}`);
  }

  clip(): void {
    const id = `${this.#prefix}-clip-${this.#defs.length}`;
    this.#defs.push(`<clipPath id="${id}"${this.#clipAttribute()}><path d="${this.#path.join('')}"/></clipPath>`);
    this.#clip = id;
  }

  fill(): void {
    this.#addPath(`fill="${escapeXml(this.fillStyle)}"`);
  }

  stroke(): void {
    this.#addPath(`fill="none" ${this.#strokeAttributes()}`);
  }

  fillRect(x: number, y: number, width: number, height: number): void {
    const path = this.#path;
    this.#path = [];
    this.rect(x, y, width, height);
    this.fill();
    this.#path = path;
  }

  strokeRect(x: number, y: number, width: number, height: number): void {
    const path = this.#path;
    this.#path = [];
    this.rect(x, y, width, height);
    this.stroke();
    this.#path = path;
  }

  /** Nothing is there yet that could be cleared: a drawing is made once. */
  clearRect(): void {}

  measureText(text: string): { width: number; actualBoundingBoxLeft: number; actualBoundingBoxRight: number; actualBoundingBoxAscent: number; actualBoundingBoxDescent: number } {
    const width = this.#measure(text, this.font);
    const size = fontSize(this.font);
    return { width, actualBoundingBoxLeft: 0, actualBoundingBoxRight: width, actualBoundingBoxAscent: 0.73 * size, actualBoundingBoxDescent: 0.24 * size };
  }

  fillText(text: string, x: number, y: number): void {
    this.#addText(text, x, y, `fill="${escapeXml(this.fillStyle)}"`);
  }

  strokeText(text: string, x: number, y: number): void {
    this.#addText(text, x, y, `fill="none" ${this.#strokeAttributes()}`);
  }

  #addText(text: string, x: number, y: number, paint: string): void {
    if (text.trim() === '') return;
    const size = fontSize(this.font);
    const [a, b, c, d] = this.#matrix;
    const down = (BASELINES[this.textBaseline] ?? 0) * size;
    const [left, top] = this.#apply(x, y + down);
    const anchor = ANCHORS[this.textAlign];
    const isTurned = b !== 0 || c !== 0 || a !== 1 || d !== 1;
    const place = isTurned ? `transform="matrix(${[a, b, c, d, left, top].map(round).join(' ')})"` : `x="${round(left)}" y="${round(top)}"`;
    const weight = /\b([1-9]00|bold)\b/.exec(this.font)?.[1];
    const alpha = this.globalAlpha === 1 ? '' : ` opacity="${round(this.globalAlpha)}"`;
    const drawn = `<text ${place} font-size="${round(size)}"${weight === undefined ? '' : ` font-weight="${weight}"`}${anchor === undefined ? '' : ` text-anchor="${anchor}"`} ${paint}${alpha}>${escapeXml(text)}</text>`;
    // Around it, as a clip of the text's own would turn with it.
    this.#parts.push(this.#clip === null ? drawn : `<g${this.#clipAttribute()}>${drawn}</g>`);
  }

  #addPath(paint: string): void {
    if (this.#path.length > 0) this.#parts.push(`<path d="${this.#path.join('')}" ${paint}${this.#common()}/>`);
  }

  #common(): string {
    return `${this.globalAlpha === 1 ? '' : ` opacity="${round(this.globalAlpha)}"`}${this.#clipAttribute()}`;
  }

  #clipAttribute(): string {
    return this.#clip === null ? '' : ` clip-path="url(#${this.#clip})"`;
  }

  #strokeAttributes(): string {
    const { strokeStyle, lineWidth, lineCap, lineJoin, lineDashOffset } = this;
    const cap = lineCap === 'butt' ? '' : ` stroke-linecap="${lineCap}"`;
    const join = lineJoin === 'miter' ? '' : ` stroke-linejoin="${lineJoin}"`;
    const dash = this.#dash.length === 0 ? '' : ` stroke-dasharray="${this.#dash.map(round).join(' ')}"${lineDashOffset === 0 ? '' : ` stroke-dashoffset="${round(lineDashOffset)}"`}`;
    return `stroke="${escapeXml(strokeStyle)}" stroke-width="${round(lineWidth)}"${cap}${join}${dash}`;
  }

  #multiply([a, b, c, d, e, f]: Matrix): void {
    const [a1, b1, c1, d1] = this.#matrix;
    const [x, y] = this.#apply(e, f);
    this.#matrix = [a1 * a + c1 * b, b1 * a + d1 * b, a1 * c + c1 * d, b1 * c + d1 * d, x, y];
  }

  #apply(x: number, y: number): [number, number] {
    const [a, b, c, d, e, f] = this.#matrix;
    return [a * x + c * y + e, b * x + d * y + f];
  }

  #point(x: number, y: number): string {
    return this.#apply(x, y).map(round).join(' ');
  }
}

/** The size in a font of CSS' short form, in pixels; 10, as the canvas has it, where there is none. */
export function fontSize(font: string): number {
  return Number(/(\d+(?:\.\d+)?)px/.exec(font)?.[1] ?? 10);
}
