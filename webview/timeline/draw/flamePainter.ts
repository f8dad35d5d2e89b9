/** Draws a call tree, the run at the top: what is too narrow for a shape of its own is a line of its colour, so that nothing goes blank. */
import { hatch } from './patterns.ts';
import { textWidth } from './scene.ts';
import { fitText } from '../model/spanText.ts';
import type { Theme } from '../../common/theme.ts';
import type { NodeKind } from '../model/callTree.ts';
import type { FlameLayout } from '../model/flameLayout.ts';
import type { CategoryName } from '../model/category.ts';

/** Pixels from one row to the next, and of it for the row. */
export const FLAME_PITCH = 21;
const ROW_HEIGHT = 20;
const LEAST_FOR_LABEL = 28;

export interface FlameScene {
  layout: FlameLayout;
  theme: Theme;
  /** What stands on a node. */
  labelOf(node: number): string;
  /** The node that fills the width. */
  zoom: number;
  /** CSS pixels. */
  width: number;
  height: number;
  scrollTop: number;
  pixelRatio: number;
  /** Leaves with selected spans. */
  marked: ReadonlySet<number>;
  /** The node that the keyboard is at, or -1. */
  current: number;
  hovered: number;
}

const categories: Record<NodeKind, CategoryName> = { run: 'request', frame: 'step', llm: 'decode', tool: 'tool', rest: 'idle' };

export class FlamePainter {
  private readonly ctx: CanvasRenderingContext2D | null;
  /** By depth: the last pixel that has a line. */
  private readonly lastLine: number[] = [];

  constructor(canvas: HTMLCanvasElement) {
    this.ctx = canvas.getContext('2d');
  }

  draw(scene: FlameScene): void {
    const { ctx } = this;
    if (ctx === null) return;
    const { layout, theme, zoom, width, height, pixelRatio } = scene;
    ctx.setTransform(pixelRatio, 0, 0, pixelRatio, 0, 0);
    ctx.fillStyle = theme.background;
    ctx.fillRect(0, 0, width, height);
    ctx.font = theme.font;
    ctx.textBaseline = 'middle';
    this.lastLine.length = 0;
    const scale = width / layout.widthOf(zoom);
    if (!Number.isFinite(scale)) return;
    const path = layout.tree.path(zoom);
    for (const node of path.slice(0, -1)) this.box(ctx, scene, node, 0, width, true);
    const origin = layout.start[zoom] ?? 0;
    const lastDepth = Math.floor((scene.scrollTop + height) / FLAME_PITCH);
    const stack = [zoom];
    for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
      const depth = layout.tree.depth[node] ?? 0;
      const left = ((layout.start[node] ?? 0) - origin) * scale;
      const wide = layout.widthOf(node) * scale;
      if (wide < 1) {
        this.line(ctx, scene, node, left, depth);
        // Its children are on the same pixel.
        if (wide < 0.5) continue;
      } else this.box(ctx, scene, node, left, wide, false);
      if (depth >= lastDepth) continue;
      const children = layout.childrenOf(node);
      for (let at = children.length - 1; at >= 0; at--) if (layout.widthOf(children[at] ?? 0) > 0) stack.push(children[at] ?? 0);
    }
  }

  private line(ctx: CanvasRenderingContext2D, { layout, theme, scrollTop }: FlameScene, node: number, left: number, depth: number): void {
    const pixel = Math.floor(left);
    if (this.lastLine[depth] === pixel) return;
    this.lastLine[depth] = pixel;
    const name = categories[layout.tree.kind[node] ?? 'frame'];
    ctx.fillStyle = theme.contrast && (name === 'step' || name === 'request') ? theme.foreground : theme.fill[name];
    ctx.fillRect(pixel, depth * FLAME_PITCH - scrollTop, 1, ROW_HEIGHT);
  }

  private box(ctx: CanvasRenderingContext2D, scene: FlameScene, node: number, left: number, wide: number, above: boolean): void {
    const { layout, theme, scrollTop, height } = scene;
    const { tree } = layout;
    const top = (tree.depth[node] ?? 0) * FLAME_PITCH - scrollTop;
    if (top > height || top + ROW_HEIGHT < 0) return;
    const kind = tree.kind[node] ?? 'frame';
    const name = categories[kind];
    const right = wide > 3 ? wide - 1 : wide;
    ctx.globalAlpha = above ? 0.6 : 1;
    ctx.fillStyle = theme.fill[name];
    ctx.fillRect(left, top, right, ROW_HEIGHT);
    if (kind === 'rest') {
      ctx.fillStyle = hatch(ctx, theme.dim, 'rising', scene.pixelRatio, 0.5);
      ctx.fillRect(left, top, right, ROW_HEIGHT);
    }
    if (theme.contrast || kind === 'rest') {
      ctx.strokeStyle = theme.contrast ? theme.outline : theme.line;
      ctx.lineWidth = 1;
      if (right > 2) ctx.strokeRect(left + 0.5, top + 0.5, right - 1, ROW_HEIGHT - 1);
    }
    if (wide >= LEAST_FOR_LABEL) {
      const label = fitText(scene.labelOf(node), wide - 9, (text) => textWidth(ctx, text));
      if (kind === 'rest' && label !== '') {
        ctx.fillStyle = theme.background;
        ctx.fillRect(left + 2, top + 2, textWidth(ctx, label) + 6, ROW_HEIGHT - 4);
      }
      ctx.fillStyle = theme.ink[name];
      ctx.fillText(label, left + 4, top + ROW_HEIGHT / 2 + 0.5);
    }
    ctx.globalAlpha = 1;
    if (node === scene.current || scene.marked.has(node)) this.outline(ctx, node === scene.current ? theme.foreground : theme.focus, left, top, right);
    else if (node === scene.hovered) this.outline(ctx, theme.dim, left, top, right);
  }

  private outline(ctx: CanvasRenderingContext2D, color: string, left: number, top: number, wide: number): void {
    ctx.strokeStyle = color;
    ctx.lineWidth = 2;
    ctx.strokeRect(left + 1, top + 1, Math.max(0, wide - 2), ROW_HEIGHT - 2);
  }
}
