/** The flame graph as a view: calls by the lines that led to them, as wide as what they took. A click goes into a node, and out again. */
import * as l10n from '@vscode/l10n';
import { attributes, element, fill } from '../../common/dom.ts';
import { makeButton, type ButtonElement } from '../../common/toolkit.ts';
import { buildTree, measures, type CallTree, type Measure, type TreeOrder } from '../model/callTree.ts';
import { FlameLayout } from '../model/flameLayout.ts';
import { linkButton } from './detailParts.ts';
import { FlameCanvas, type FlameState } from './flameCanvas.ts';
import { fillTree } from './flameTree.ts';
import { amountText, callsText, emptyTexts, gapText, kindWord, measureTexts, ownAmount, shareText } from './flameText.ts';
import { Pace } from './pace.ts';
import { SelectField } from './selectField.ts';
import { row } from './tooltip.ts';
import type { Shell, View } from './view.ts';

interface Settings {
  measure: Measure;
  order: TreeOrder;
}

/** Selected spans whose leaves are marked; more can't be told apart. */
const MOST_MARKED = 3000;

export class FlameView implements View {
  readonly root = element('div', 'view flame-view');
  private readonly shell: Shell;
  private readonly state: Settings;
  private readonly path = attributes(element('nav', 'crumbs'), { 'aria-label': l10n.t('Shown part') });
  private readonly gap = attributes(element('span', 'dim'), { role: 'status' });
  private readonly openButton: ButtonElement;
  private readonly notice = element('p', 'view-notice hidden');
  private readonly tree = attributes(element('div', 'visually-hidden'), { role: 'tree' });
  private readonly room = element('div', 'flame');
  private readonly canvas: FlameCanvas;
  private readonly pace = new Pace(() => this.build());
  private calls: CallTree | null = null;
  private layout: FlameLayout | null = null;
  private zoom = 0;
  private current = -1;
  private marked: ReadonlySet<number> = new Set();
  private found: readonly number[] | null = null;

  constructor(shell: Shell, kept: unknown) {
    this.shell = shell;
    const { measure, order } = (typeof kept === 'object' && kept !== null ? kept : {}) as Partial<Record<keyof Settings, unknown>>;
    this.state = { measure: measures.find((each) => each === measure) ?? 'time', order: order === 'time' ? 'time' : 'heavy' };
    const width = new SelectField(l10n.t('Width'), measures.map((each) => [each, measureTexts[each]] as const), (picked) => this.set({ measure: picked }));
    width.value = this.state.measure;
    const inOrder = new SelectField<TreeOrder>(l10n.t('Order'), [['heavy', l10n.t('largest first')], ['time', l10n.t('as they came')]], (picked) => this.set({ order: picked }));
    inOrder.value = this.state.order;
    this.openButton = makeButton(l10n.t('Open Line'), 'quiet', () => this.open());
    this.openButton.title = l10n.t('Open the line of the chosen part (o)');
    const bar = element('div', 'view-bar', width.root, inOrder.root, this.path, element('span', 'grow'), this.gap);
    if (shell.hosted) bar.append(this.openButton);
    this.canvas = new FlameCanvas({
      state: () => this.drawn(),
      pick: (node) => this.enter(node),
      back: () => this.back(),
      describe: (node) => this.describe(node),
    });
    attributes(this.tree, { tabindex: '0', 'aria-label': l10n.t('Calls by line. Arrows go from part to part, Enter goes into one, Escape goes back, O opens the line.') });
    this.room.append(this.canvas.root, this.tree);
    this.root.append(bar, this.notice, this.room, this.canvas.tooltip.root);
    this.tree.addEventListener('keydown', (event) => this.key(event));
    this.canvas.root.addEventListener('mousedown', (event) => {
      // Else the focus would leave with the press.
      event.preventDefault();
      this.focus();
    });
  }

  settings(): Settings {
    return this.state;
  }

  focus(): void {
    this.tree.focus({ preventScroll: true });
  }

  fit(): void {
    this.goTo(0);
  }

  refresh(): void {
    if (this.shell.model.live) this.pace.soon();
    else this.pace.now();
  }

  choiceChanged(reveal: boolean): void {
    if (this.shell.choice.found !== this.found) this.pace.now();
    else this.mark(reveal);
  }

  themeChanged(): void {
    this.canvas.draw();
  }

  resized(): void {
    this.canvas.draw();
  }

  private set(changed: Partial<Settings>): void {
    Object.assign(this.state, changed);
    this.build();
    this.shell.keep();
  }

  private drawn(): FlameState | null {
    const { calls, layout, zoom, marked, current } = this;
    if (calls === null || layout === null || layout.widthOf(zoom) === 0) return null;
    const labelOf = (node: number): string => `${calls.label[node] ?? ''}  ${amountText(calls, node, this.state.measure)}`;
    return { layout, zoom, marked, current, labelOf, theme: this.shell.theme };
  }

  /** Builds the tree anew, and stays where it was. */
  private build(): void {
    const { shell, state } = this;
    this.found = shell.choice.found;
    const only = this.found === null ? null : new Set(this.found);
    const costs = only === null ? shell.costs : shell.costs.filter(({ number }) => only.has(number));
    const before = this.calls;
    const [zoom, current] = [this.zoom, this.current].map((node) => (before === null || node < 0 ? [] : before.path(node).slice(1).map((each) => before.key[each] ?? 0)));
    this.calls = buildTree(costs, state.order, only === null ? shell.model.head : null);
    this.layout = new FlameLayout(this.calls, state.measure, state.order);
    this.zoom = this.findAgain(zoom ?? []);
    this.current = this.current < 0 ? -1 : this.findAgain(current ?? []);
    const isEmpty = this.layout.widthOf(0) === 0;
    fill(this.notice, !isEmpty ? null : only === null ? emptyTexts[state.measure] : l10n.t('Nothing that the search has found belongs here.'));
    this.notice.classList.toggle('hidden', !isEmpty);
    this.room.classList.toggle('hidden', isEmpty);
    const gap = gapText(this.calls, state.measure);
    this.gap.textContent = [gap, only === null ? null : l10n.t('of what was found')].filter((part) => part !== null).join(' · ');
    this.canvas.tooltip.hide();
    this.mark(false);
  }

  /** The node with these keys on its path, as far as there is one with a width. */
  private findAgain(keys: readonly number[]): number {
    const { calls, layout } = this;
    let node = 0;
    for (const key of keys) {
      const next = layout?.shownChildren(node).find((child) => calls?.key[child] === key);
      if (next === undefined) break;
      node = next;
    }
    return node;
  }

  private mark(reveal: boolean): void {
    const { calls, layout } = this;
    if (calls === null || layout === null) return;
    const { selected } = this.shell.choice;
    const wanted = new Set(selected.slice(0, MOST_MARKED));
    const marked = new Set<number>();
    let first = -1;
    calls.spans.forEach((span, call) => {
      if (!wanted.has(span)) return;
      marked.add(calls.leaves[call] ?? 0);
      if (span === selected[0]) first = calls.leaves[call] ?? -1;
    });
    this.marked = marked;
    if (first < 0) this.current = selected.length === 0 ? -1 : this.current;
    else if (this.current < 0 || !calls.isWithin(first, this.current)) this.current = first;
    if (reveal && this.current >= 0) {
      if (!calls.isWithin(this.current, this.zoom)) this.zoom = 0;
      this.canvas.reveal(calls.depth[this.current] ?? 0);
    }
    this.show();
  }

  /** What hangs on the node that is shown and the one that is chosen. */
  private show(): void {
    const { calls, layout, zoom } = this;
    if (calls === null || layout === null) return;
    const path = calls.path(zoom);
    fill(
      this.path,
      ...path.flatMap((node, index) => {
        const label = node === 0 ? l10n.t('all') : (calls.label[node] ?? '');
        const crumb = index === path.length - 1 ? attributes(element('span', '', label), { 'aria-current': 'true' }) : linkButton(label, l10n.t`Back to ${label}`, () => this.goTo(node));
        return index === 0 ? [crumb] : [element('span', 'dim', ' › '), crumb];
      }),
    );
    fillTree(this.tree, layout, this.state.measure, Math.max(0, this.current));
    this.openButton.disabled = this.place() === null;
    this.canvas.draw();
  }

  private goTo(node: number): void {
    this.zoom = node;
    this.show();
  }

  /** Chooses a node and fills the width with it. */
  private enter(node: number): void {
    this.zoom = node;
    this.choose(node);
  }

  private back(): boolean {
    if (this.zoom === 0 || this.calls === null) return false;
    this.goTo(this.calls.parent[this.zoom] ?? 0);
    return true;
  }

  /** Selects the node's spans, in every view. */
  private choose(node: number): void {
    const { calls } = this;
    if (calls === null) return;
    this.current = node;
    if (!calls.isWithin(node, this.zoom)) this.zoom = node;
    this.canvas.reveal(calls.depth[node] ?? 0);
    this.shell.select(calls.spansIn(node), true);
    // Nothing is charged to a call here: then only the node is chosen.
    this.current = node;
    this.show();
    this.shell.announce(`${kindWord(calls, node)} ${calls.label[node] ?? ''}, ${amountText(calls, node, this.state.measure)}`);
  }

  /** A span whose chain has the chosen line, and where in it; null where nothing is to be opened. */
  private place(): { span: number; frame: number } | null {
    const { calls, current } = this;
    if (calls === null || current < 0) return null;
    let node = current;
    while (node > 0 && calls.site[node] === null) node = calls.parent[node] ?? 0;
    const depth = calls.depth[node] ?? 0;
    const call = calls.leaves.findIndex((leaf) => calls.isWithin(leaf, current));
    const span = this.shell.model.spanAt(calls.spans[call] ?? -1);
    if (depth === 0 || span === null || span.site === null) return null;
    return { span: calls.spans[call] ?? -1, frame: Math.max(0, span.frames.length - depth) };
  }

  private open(): void {
    const place = this.place();
    if (place !== null) this.shell.open(place.span, place.frame);
  }

  private describe(node: number): HTMLElement[] {
    const { calls, layout } = this;
    if (calls === null || layout === null) return [];
    const { measure } = this.state;
    const own = ownAmount(calls, layout.childrenOf(node), node, measure);
    const lines = [element('b', '', calls.label[node] ?? ''), row(measureTexts[measure], `${amountText(calls, node, measure)} · ${shareText(calls, node, measure)}`)];
    if (own !== null) lines.push(row(l10n.t('on the line itself'), own));
    for (const other of measures) if (other !== measure) lines.push(row(measureTexts[other], amountText(calls, node, other)));
    if ((calls.calls[node] ?? 0) > 0) lines.push(row(kindWord(calls, node), callsText(calls, node)));
    return lines;
  }

  private key(event: KeyboardEvent): void {
    const { layout, calls } = this;
    if (layout === null || calls === null || event.ctrlKey || event.metaKey || event.altKey) return;
    const at = this.current < 0 ? this.zoom : this.current;
    const moves: Record<string, () => number> = {
      ArrowDown: () => layout.shownChildren(at)[0] ?? -1,
      ArrowUp: () => calls.parent[at] ?? -1,
      ArrowLeft: () => layout.sibling(at, -1),
      ArrowRight: () => layout.sibling(at, 1),
    };
    const actions: Record<string, () => void> = {
      Enter: () => this.enter(at),
      Escape: () => this.back() || this.shell.clear(),
      Backspace: () => void this.back(),
      Home: () => this.fit(),
      f: () => this.fit(),
      o: () => this.open(),
    };
    const move = moves[event.key];
    const action = actions[event.key];
    if (move !== undefined) {
      const next = move();
      if (next >= 0) this.choose(next);
    } else if (action !== undefined) action();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
}
