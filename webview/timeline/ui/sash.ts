/** The edge between the lanes and the details: dragged, moved by the arrow keys, and put back by a double click, as in the editor. */
import * as l10n from '@vscode/l10n';
import { attributes, element } from '../../common/dom.ts';
import type { DetailsSize } from './kept.ts';

const KEY_STEP = 24;
const LEAST = { height: 80, width: 220 };
/** Of what both share, for the lanes. */
const LEAST_FOR_LANES = { height: 120, width: 320 };

export class Sash {
  readonly root = attributes(element('div', 'sash'), { role: 'separator', tabindex: '0', 'aria-label': l10n.t('Size of the details') });
  private readonly details: HTMLElement;
  private readonly changed: (size: DetailsSize) => void;
  private readonly size: DetailsSize;
  private axis: keyof DetailsSize = 'height';

  /** `changed` is called when the reader has changed it. */
  constructor(details: HTMLElement, kept: DetailsSize, changed: (size: DetailsSize) => void) {
    this.details = details;
    this.size = { ...kept };
    this.changed = changed;
    this.root.addEventListener('pointerdown', (event) => this.drag(event));
    this.root.addEventListener('dblclick', () => this.set(null));
    this.root.addEventListener('keydown', (event) => this.key(event));
  }

  /** The details are beside the lanes (`width`) or below them (`height`). Called whenever the page has another size. */
  layOut(axis: keyof DetailsSize): void {
    this.axis = axis;
    this.root.setAttribute('aria-orientation', axis === 'height' ? 'horizontal' : 'vertical');
    const size = this.size[axis];
    for (const each of ['height', 'width'] as const) this.details.style.removeProperty(each);
    // Of a page that is smaller now, it takes what the style sheet leaves it.
    if (size !== null) this.details.style.setProperty(axis, `${size}px`);
    this.tell();
  }

  private drag(event: PointerEvent): void {
    if (event.button !== 0) return;
    event.preventDefault();
    this.root.focus({ preventScroll: true });
    const place = (from: PointerEvent): number => (this.axis === 'height' ? from.clientY : from.clientX);
    const began = place(event);
    const before = this.current();
    this.root.setPointerCapture(event.pointerId);
    const move = (moved: PointerEvent): void => this.set(before + began - place(moved));
    this.root.addEventListener('pointermove', move);
    this.root.addEventListener('lostpointercapture', () => this.root.removeEventListener('pointermove', move), { once: true });
  }

  private key(event: KeyboardEvent): void {
    const [more, less] = this.axis === 'height' ? ['ArrowUp', 'ArrowDown'] : ['ArrowLeft', 'ArrowRight'];
    const by = event.key === more ? KEY_STEP : event.key === less ? -KEY_STEP : null;
    if (by === null && event.key !== 'Enter') return;
    event.preventDefault();
    // The lanes have these keys, too.
    event.stopPropagation();
    this.set(by === null ? null : this.current() + by);
  }

  private current(): number {
    const { height, width } = this.details.getBoundingClientRect();
    return this.axis === 'height' ? height : width;
  }

  private most(): number {
    const { clientHeight = 0, clientWidth = 0 } = this.details.parentElement ?? {};
    return Math.max(LEAST[this.axis], (this.axis === 'height' ? clientHeight : clientWidth) - LEAST_FOR_LANES[this.axis]);
  }

  private within(size: number): number {
    return Math.round(Math.min(this.most(), Math.max(LEAST[this.axis], size)));
  }

  /** Null: as large as it is by itself. */
  private set(size: number | null): void {
    this.size[this.axis] = size === null ? null : this.within(size);
    this.layOut(this.axis);
    this.changed({ ...this.size });
  }

  private tell(): void {
    attributes(this.root, { 'aria-valuenow': String(Math.round(this.current())), 'aria-valuemin': String(LEAST[this.axis]), 'aria-valuemax': String(this.most()) });
  }
}
