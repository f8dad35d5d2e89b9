/** The flame graph's drawing in its place: sized, scrolled, redrawn at most once a frame; pointers become nodes. */
import { attributes, element } from '../../common/dom.ts';
import { FLAME_PITCH, FlamePainter, type FlameScene } from '../draw/flamePainter.ts';
import { Tooltip } from './tooltip.ts';
import type { FlameLayout } from '../model/flameLayout.ts';

export type FlameState = Pick<FlameScene, 'theme' | 'zoom' | 'marked' | 'current' | 'labelOf'> & { layout: FlameLayout };

export interface FlameCanvasActions {
  /** Null while there is nothing to draw. */
  state(): FlameState | null;
  pick(node: number): void;
  back(): void;
  describe(node: number): HTMLElement[];
}

export class FlameCanvas {
  readonly root = element('div', 'flame-scroller');
  readonly tooltip = new Tooltip();
  private readonly canvas = attributes(element('canvas', ''), { 'aria-hidden': 'true' });
  private readonly spacer = element('div', '');
  private readonly painter: FlamePainter;
  private readonly actions: FlameCanvasActions;
  private hovered = -1;
  private frame = 0;

  constructor(actions: FlameCanvasActions) {
    this.actions = actions;
    this.painter = new FlamePainter(this.canvas);
    this.root.append(element('div', 'sticky', this.canvas), this.spacer);
    this.root.addEventListener('scroll', () => this.draw());
    this.canvas.addEventListener('pointermove', (event) => this.hover(event));
    this.canvas.addEventListener('pointerleave', () => this.leave());
    this.canvas.addEventListener('click', (event) => {
      const node = this.nodeAt(event);
      if (node >= 0) actions.pick(node);
    });
    this.canvas.addEventListener('dblclick', () => actions.back());
  }

  draw(): void {
    if (this.frame !== 0) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = 0;
      this.drawNow();
    });
  }

  private drawNow(): void {
    const state = this.actions.state();
    if (state === null) return;
    this.spacer.style.height = `${state.layout.depth * FLAME_PITCH}px`;
    const { clientWidth: width, clientHeight: height } = this.root;
    if (width === 0 || height === 0) return;
    const pixelRatio = devicePixelRatio;
    const [wide, high] = [Math.round(width * pixelRatio), Math.round(height * pixelRatio)];
    if (this.canvas.width !== wide || this.canvas.height !== high) {
      this.canvas.width = wide;
      this.canvas.height = high;
      this.canvas.style.width = `${width}px`;
      this.canvas.style.height = `${height}px`;
    }
    this.painter.draw({ ...state, width, height, scrollTop: this.root.scrollTop, pixelRatio, hovered: this.hovered });
  }

  /** Brings a node's row into sight. */
  reveal(depth: number): void {
    const top = depth * FLAME_PITCH;
    const { scrollTop, clientHeight } = this.root;
    if (top < scrollTop) this.root.scrollTop = top;
    else if (top + FLAME_PITCH > scrollTop + clientHeight) this.root.scrollTop = top + FLAME_PITCH - clientHeight;
  }

  private nodeAt(event: MouseEvent): number {
    const state = this.actions.state();
    if (state === null) return -1;
    const { layout, zoom } = state;
    const box = this.canvas.getBoundingClientRect();
    const depth = Math.floor((event.clientY - box.top + this.root.scrollTop) / FLAME_PITCH);
    const place = (layout.start[zoom] ?? 0) + ((event.clientX - box.left) / Math.max(1, box.width)) * layout.widthOf(zoom);
    return layout.nodeAt(place, depth, zoom);
  }

  private hover(event: PointerEvent): void {
    const node = this.nodeAt(event);
    if (node !== this.hovered) {
      this.hovered = node;
      this.canvas.classList.toggle('pointing', node >= 0);
      this.draw();
    }
    if (node < 0) this.tooltip.hide();
    else this.tooltip.showLines(`flame ${node}`, () => this.actions.describe(node), event.clientX, event.clientY);
  }

  private leave(): void {
    this.tooltip.hide();
    this.hovered = -1;
    this.draw();
  }
}
