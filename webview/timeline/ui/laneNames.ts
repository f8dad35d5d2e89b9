/**
 * The lanes' names, left of the drawing: a click folds a lane, a drag moves it, its lower edge makes it higher; a menu has all of
 * that for the keyboard. One of them takes part in the order of tabs, arrows go to the others.
 */
import * as l10n from '@vscode/l10n';
import { attributes, element, fill } from '../../common/dom.ts';
import { scaled, toggled, usualLanes, type LaneChoice, type LaneName } from '../model/laneChoice.ts';
import { droppedAt, movedBy, pinnedOrNot } from '../model/laneGroups.ts';
import { showMenu, type MenuItem } from './menu.ts';
import type { LaneBox, Layout } from '../draw/laneLayout.ts';

const DRAG_THRESHOLD = 4;
const EDGE_PX = 5;
const SCALE_STEP = 1.25;

export interface NamedLane {
  name: LaneName;
  label: string;
}

export interface LaneOwner {
  /** With all lanes of the run in its order. */
  choice(): LaneChoice;
  choose(choice: LaneChoice): void;
  announce(sentence: string): void;
  /** Lanes that the run has something for. */
  available(): readonly NamedLane[];
}

export class LaneNames {
  readonly root = attributes(element('div', 'lane-names'), { role: 'toolbar', 'aria-label': l10n.t('Lanes'), 'aria-orientation': 'vertical' });
  readonly button = attributes(element('button', 'lanes-button link', l10n.t('lanes ▾')), { type: 'button', 'aria-haspopup': 'menu', 'aria-label': l10n.t('Lanes'), title: l10n.t('Which lanes are shown') });
  private readonly owner: LaneOwner;
  private boxes: readonly LaneBox[] = [];
  private nodes = new Map<LaneName, HTMLButtonElement>();
  private readonly line = element('div', 'drop hidden');
  private current: LaneName | null = null;
  private shown = '';

  constructor(owner: LaneOwner) {
    this.owner = owner;
    this.button.addEventListener('click', () => {
      const { left, bottom } = this.button.getBoundingClientRect();
      this.openLanes(left, bottom);
    });
    this.root.addEventListener('keydown', (event) => this.onKey(event));
  }

  /** The layout has changed. */
  show(layout: Layout, narrow: boolean): void {
    this.root.classList.toggle('hidden', narrow);
    this.button.classList.toggle('hidden', narrow);
    if (narrow) return;
    this.boxes = layout.boxes;
    const key = layout.boxes.map((box) => `${box.name}${box.label}${box.group ?? ''}${box.folded}${box.pinned}`).join();
    if (key !== this.shown) {
      this.shown = key;
      const focused = this.root.contains(document.activeElement);
      this.nodes = new Map(layout.boxes.map((box) => [box.name, this.make(box)]));
      fill(this.root, ...this.nodes.values(), this.line);
      this.setCurrent(this.current !== null && this.nodes.has(this.current) ? this.current : (layout.boxes[0]?.name ?? null));
      if (focused && this.current !== null) this.nodes.get(this.current)?.focus({ preventScroll: true });
    }
  }

  /** Puts the names beside their lanes. */
  place(scrollTop: number, pinnedHeight: number): void {
    for (const box of this.boxes) {
      const node = this.nodes.get(box.name);
      if (node === undefined) continue;
      const top = box.top - (box.pinned ? 0 : scrollTop);
      node.style.top = `${top}px`;
      node.style.height = `${Math.max(box.height, 13)}px`;
      node.style.lineHeight = `${Math.min(Math.max(box.rowHeight, 13), 28)}px`;
      // Below pinned lanes nothing of the others shows.
      node.style.clipPath = box.pinned || top >= pinnedHeight ? '' : `inset(${Math.min(box.height, pinnedHeight - top)}px 0 0 0)`;
    }
  }

  private make(box: LaneBox): HTMLButtonElement {
    const state = `${box.folded ? `, ${l10n.t('folded')}` : ''}${box.pinned ? `, ${l10n.t('pinned')}` : ''}`;
    const node = element('button', [box.pinned ? 'pinned' : '', box.series === 'group' ? 'head' : '', box.group === null ? '' : 'member'].join(' ').trim(), element('span', 'fold', box.folded ? '▸' : '▾'), box.label);
    attributes(node, { type: 'button', 'aria-expanded': String(!box.folded), 'aria-label': `${this.labelOf(box.name)}${state}`, title: l10n.t('Click folds, a drag moves, the lower edge resizes; right click for more') });
    node.addEventListener('focus', () => this.setCurrent(box.name));
    node.addEventListener('contextmenu', (event) => {
      event.preventDefault();
      const { left, top } = node.getBoundingClientRect();
      // The key has no place on screen.
      if (event.clientX === 0 && event.clientY === 0) this.openLane(box.name, left + 8, top + 16);
      else this.openLane(box.name, event.clientX, event.clientY);
    });
    // Enter and Space come as a click without a pointer.
    node.addEventListener('click', (event) => {
      if (event.detail === 0) this.fold(box.name);
    });
    this.listenToPointer(node, box.name);
    return node;
  }

  private fold(name: LaneName): void {
    this.owner.choose(toggled(this.owner.choice(), 'folded', name));
  }

  private boxOf(name: LaneName): LaneBox | undefined {
    return this.boxes.find((box) => box.name === name);
  }

  private labelOf(name: LaneName): string {
    return this.owner.available().find((lane) => lane.name === name)?.label ?? name;
  }

  private listenToPointer(node: HTMLElement, name: LaneName): void {
    let start: { y: number; resizes: boolean; dragging: boolean; height: number; scale: number } | null = null;
    const onEdge = (event: PointerEvent): boolean => node.getBoundingClientRect().bottom - event.clientY <= EDGE_PX && this.boxOf(name)?.folded === false && this.boxOf(name)?.series !== 'group';
    node.addEventListener('pointerdown', (event) => {
      if (event.button !== 0) return;
      start = { y: event.clientY, resizes: onEdge(event), dragging: false, height: this.boxOf(name)?.height ?? 1, scale: this.owner.choice().scale[name] ?? 1 };
      node.setPointerCapture(event.pointerId);
    });
    node.addEventListener('pointermove', (event) => {
      node.classList.toggle('edge', start?.resizes ?? onEdge(event));
      if (start === null) return;
      if (!start.dragging && Math.abs(event.clientY - start.y) < DRAG_THRESHOLD) return;
      start.dragging = true;
      if (start.resizes) this.owner.choose(scaled(this.owner.choice(), name, (start.scale * Math.max(1, start.height + event.clientY - start.y)) / start.height));
      else this.showDrop(this.dropAt(event.clientY));
    });
    const release = (event: PointerEvent, done: boolean): void => {
      const was = start;
      start = null;
      this.line.classList.add('hidden');
      if (was === null || !done) return;
      if (!was.dragging) this.fold(name);
      else if (!was.resizes) {
        const drop = this.dropAt(event.clientY);
        if (drop !== null) this.owner.choose(droppedAt(this.owner.choice(), name, drop.box.name, drop.after, this.boxes));
      }
    };
    node.addEventListener('pointerup', (event) => release(event, true));
    node.addEventListener('pointercancel', (event) => release(event, false));
  }

  /** The lane that a pointer is nearest to, and whether it is in its lower half. */
  private dropAt(clientY: number): { box: LaneBox; after: boolean } | null {
    let best: { box: LaneBox; after: boolean } | null = null;
    let distance = Infinity;
    for (const box of this.boxes) {
      const edges = this.nodes.get(box.name)?.getBoundingClientRect();
      if (edges === undefined) continue;
      const middle = (edges.top + edges.bottom) / 2;
      const away = Math.max(edges.top - clientY, clientY - edges.bottom, 0);
      if (away < distance) {
        distance = away;
        best = { box, after: clientY > middle };
      }
    }
    return best;
  }

  private showDrop(drop: { box: LaneBox; after: boolean } | null): void {
    const edges = drop === null ? undefined : this.nodes.get(drop.box.name)?.getBoundingClientRect();
    this.line.classList.toggle('hidden', edges === undefined);
    if (edges === undefined || drop === null) return;
    this.line.style.top = `${(drop.after ? edges.bottom + 3 : edges.top - 4) - this.root.getBoundingClientRect().top}px`;
  }

  private setCurrent(name: LaneName | null): void {
    this.current = name;
    for (const [each, node] of this.nodes) node.tabIndex = each === name ? 0 : -1;
  }

  private onKey(event: KeyboardEvent): void {
    const name = this.current;
    if (name === null || event.ctrlKey || event.metaKey) return;
    const names = this.boxes.map((box) => box.name);
    const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
    if (step !== 0 && event.altKey) this.move(name, step);
    else if (step !== 0) this.nodes.get(names[names.indexOf(name) + step] ?? name)?.focus();
    else if (event.key === 'Delete') this.hide(name);
    else if (event.key === 'p') this.pin(name);
    else if (event.key === '+' || event.key === '=') this.resize(name, SCALE_STEP);
    else if (event.key === '-') this.resize(name, 1 / SCALE_STEP);
    else return;
    // The names' own keys are not the drawing's.
    event.stopPropagation();
    event.preventDefault();
  }

  private move(name: LaneName, by: 1 | -1): void {
    this.owner.choose(movedBy(this.owner.choice(), name, by, this.boxes));
    this.owner.announce(by === 1 ? l10n.t`Lane ${this.labelOf(name)} moved down` : l10n.t`Lane ${this.labelOf(name)} moved up`);
  }

  private hide(name: LaneName): void {
    this.owner.choose(toggled(this.owner.choice(), 'hidden', name));
    this.owner.announce(l10n.t`Lane ${this.labelOf(name)} hidden`);
  }

  private pin(name: LaneName): void {
    const box = this.boxOf(name);
    if (box !== undefined) this.owner.choose(pinnedOrNot(this.owner.choice(), box));
  }

  private resize(name: LaneName, factor: number): void {
    const choice = this.owner.choice();
    this.owner.choose(scaled(choice, name, (choice.scale[name] ?? 1) * factor));
  }

  /** All that can be done with one lane. */
  private openLane(name: LaneName, x: number, y: number): void {
    const choice = this.owner.choice();
    const box = this.boxOf(name);
    const label = this.labelOf(name);
    const fixed = choice.folded.includes(name) || box?.series === 'group';
    showMenu(l10n.t`Lane ${label}`, [
      { label: l10n.t('Folded'), checked: choice.folded.includes(name), act: () => this.fold(name) },
      { label: l10n.t('Pinned to the top'), checked: box?.pinned ?? false, act: () => this.pin(name) },
      { label: l10n.t('Move up'), act: () => this.move(name, -1) },
      { label: l10n.t('Move down'), act: () => this.move(name, 1) },
      { label: l10n.t('Higher'), disabled: fixed, act: () => this.resize(name, SCALE_STEP) },
      { label: l10n.t('Lower'), disabled: fixed, act: () => this.resize(name, 1 / SCALE_STEP) },
      { label: l10n.t('Hide'), act: () => this.hide(name) },
    ], x, y);
  }

  private openLanes(x: number, y: number): void {
    const choice = this.owner.choice();
    const available = this.owner.available();
    const items: MenuItem[] = available
      .map(({ name, label }) => ({ label, checked: !choice.hidden.includes(name), act: () => this.owner.choose(toggled(this.owner.choice(), 'hidden', name)) }));
    showMenu(l10n.t('Lanes'), [...items, { label: l10n.t('Reset'), act: () => this.owner.choose(usualLanes) }], x, y);
  }
}
