/**
 * The spans in view for who hears the page, as a tree; in the narrow layout its calls as a list that is seen, too. Holds those of
 * the shown stretch, as many as can be listened to.
 */
import * as l10n from '@vscode/l10n';
import { attributes, element, fill } from '../../common/dom.ts';
import { durationOf, energyText, mark, nameText, siteText, spanSentence, tokensText } from '../model/spanText.ts';
import { spanTree, type TreeEntry } from '../model/spanTree.ts';
import { formatDuration } from '../../../src/profile/formatValue.ts';
import type { TimelineModel } from '../model/timelineModel.ts';
import type { ViewRange } from '../model/viewRange.ts';
import type { ReportSpan } from '../../../src/profile/report.ts';

const MOST_LISTED = 150;
const lanesListed = ['request', 'agent', 'llm', 'tool'] as const;

/** Numbers of the spans that touch the range, in order of start: calls first to be kept when there are too many. */
export function spansInView(model: TimelineModel, range: ViewRange, callsOnly: boolean): number[] {
  const found = new Set<number>();
  for (const name of callsOnly ? (['llm', 'tool'] as const) : ([...lanesListed].reverse())) {
    const lane = model.lanes[name];
    for (const row of lane.rows) {
      const { exact } = row;
      for (let i = exact.firstEndingAfter(range.start); i < exact.length && (exact.start[i] ?? 0) < range.end && found.size < MOST_LISTED; i++) found.add(exact.index[i] ?? -1);
    }
    for (const [number, running] of lane.running) if (running.start < range.end && found.size < MOST_LISTED) found.add(number);
  }
  const startOf = (number: number): number => model.spanAt(number)?.startMs ?? 0;
  return [...found].sort((a, b) => startOf(a) - startOf(b) || a - b);
}

export class CallList {
  readonly root = element('ul', 'calls');
  private numbers: number[] = [];
  private listed: readonly (ReportSpan | null)[] = [];
  private selected = -1;
  private visible = true;
  private entries: readonly TreeEntry[] | null = null;
  private readonly pick: (number: number) => void;
  private readonly open: (number: number) => void;

  constructor(pick: (number: number) => void, open: (number: number) => void, focused: (focus: boolean) => void) {
    this.pick = pick;
    this.open = open;
    attributes(this.root, { role: 'tree', 'aria-label': l10n.t('Spans in view'), tabindex: '0' });
    this.root.addEventListener('keydown', (event) => this.onKey(event));
    this.root.addEventListener('focus', () => focused(true));
    this.root.addEventListener('blur', () => focused(false));
  }

  /** The view has moved on, and the list follows once it rests. */
  isBehind(): void {
    this.root.ariaBusy = 'true';
  }

  show(model: TimelineModel, range: ViewRange, selected: number, visible: boolean): void {
    const entries = visible ? null : spanTree(model, spansInView(model, range, false));
    const numbers = entries?.map((entry) => entry.number) ?? spansInView(model, range, true);
    const spans = numbers.map((number) => model.spanAt(number));
    this.root.ariaBusy = 'false';
    const same = visible === this.visible && spans.length === this.listed.length && spans.every((span, index) => span === this.listed[index]);
    this.visible = visible;
    this.entries = entries;
    this.root.className = visible ? 'calls shown' : 'calls visually-hidden';
    attributes(this.root, { role: visible ? 'listbox' : 'tree', 'aria-label': visible ? l10n.t('Calls in view') : l10n.t('Spans in view') });
    if (!same) {
      this.numbers = numbers;
      this.listed = spans;
      fill(this.root, ...numbers.flatMap((number, index) => this.item(number, spans[index] ?? null, entries?.[index] ?? null, model)));
    }
    this.mark(selected);
  }

  private item(number: number, span: ReportSpan | null, entry: TreeEntry | null, model: TimelineModel): HTMLElement[] {
    if (span === null) return [];
    const node = attributes(element('li', ''), { role: entry === null ? 'option' : 'treeitem', id: `span-${number}`, 'aria-selected': 'false', 'aria-label': spanSentence(span) });
    if (entry !== null) attributes(node, { 'aria-level': String(entry.level), 'aria-posinset': String(entry.position), 'aria-setsize': String(entry.size), 'aria-expanded': entry.hasChildren ? 'true' : null });
    if (entry === null) {
      const colour = span.status === 'error' ? 'error' : span.kind === 'llm' ? 'decode' : 'tool';
      const time = span.endMs === null ? l10n.t('running') : `${span.kind === 'tool' ? mark(span.evidence) : ''}${formatDuration(durationOf(span))}`;
      const more = [tokensText(span), span.llm === null || span.llm.energyWh.active === null ? '' : energyText(span.llm.energyWh.active, span.llm.energyWh.grade)];
      if (span.tool !== null && span.tool.idleEnergyWh !== null) more.push(l10n.t('GPU idle {0}', `${formatDuration(span.tool.idleBlameMs)}, ${energyText(span.tool.idleEnergyWh, model.head?.totals.energyWh.grade ?? null)}`));
      if (span.site !== null) more.push(siteText(span.site));
      node.append(element('span', `swatch ${colour}`), element('span', 'name', nameText(span)), element('span', 'time', time), element('span', 'more', more.filter((part) => part !== '').join(' · ')));
    } else {
      node.textContent = spanSentence(span);
    }
    node.addEventListener('click', () => this.pick(number));
    node.addEventListener('dblclick', () => this.open(number));
    return [node];
  }

  private mark(selected: number): void {
    this.root.querySelector('[aria-selected="true"]')?.setAttribute('aria-selected', 'false');
    const node = document.getElementById(`span-${selected}`);
    node?.setAttribute('aria-selected', 'true');
    attributes(this.root, { 'aria-activedescendant': node === null ? null : node.id });
    if (this.visible && selected !== this.selected) node?.scrollIntoView({ block: 'nearest' });
    this.selected = selected;
  }

  /** Where a key leads from place `at`; in the tree left and right go to parent and first child. */
  private stepFrom(at: number, key: string): number | null {
    const last = this.numbers.length - 1;
    if (key === 'ArrowDown') return Math.min(last, at + 1);
    if (key === 'ArrowUp') return Math.max(0, at - 1);
    if (key === 'Home') return 0;
    if (key === 'End') return last;
    const entry = this.entries?.[at];
    if (entry === undefined) return null;
    if (key === 'ArrowRight') return entry.hasChildren ? at + 1 : at;
    if (key !== 'ArrowLeft') return null;
    let above = at;
    while (above >= 0 && (this.entries?.[above]?.level ?? 0) >= entry.level) above--;
    return above < 0 ? at : above;
  }

  private onKey(event: KeyboardEvent): void {
    if (event.shiftKey || event.ctrlKey || event.metaKey || event.altKey) return;
    const step = this.stepFrom(this.numbers.indexOf(this.selected), event.key);
    if (step !== null) {
      const next = this.numbers[Math.max(0, step)];
      if (next !== undefined) {
        // At once: the next key may come before the list is made anew.
        this.mark(next);
        this.pick(next);
      }
    } else if (event.key === 'Enter' && this.selected >= 0) {
      this.open(this.selected);
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  }
}
