/** The timeline as a whole: what is shown and selected, and what happens on messages, keys and clicks. */
import { element, fill } from '../../common/dom.ts';
import { publishFills, readTheme, watchTheme, type Theme } from '../../common/theme.ts';
import { makeButton } from '../../common/toolkit.ts';
import { TimelineModel } from '../model/timelineModel.ts';
import { parseQuery } from '../model/searchQuery.ts';
import { clampRange, fitRange, followRange, panRange, revealRange, sameRange, zoomRange, type ViewRange } from '../model/viewRange.ts';
import { walk, type Direction } from '../model/walk.ts';
import { spanSentence } from '../model/spanText.ts';
import { CallList } from './callList.ts';
import { Details } from './details.ts';
import { Header } from './header.ts';
import { listenOnStage } from './input.ts';
import { readKept, type Kept } from './kept.ts';
import { Sash } from './sash.ts';
import { Stage } from './stage.ts';
import { formatDuration } from '../../../src/profile/formatValue.ts';
import { visibleBlock, visibleText } from '../../../src/profile/visibleText.ts';
import type { Host } from '../../common/host.ts';
import type { Hit } from '../draw/hitTest.ts';
import type { Marks } from '../draw/overlay.ts';
import type { TimelineDocument, TimelineUpdate, ToWebview } from '../../../src/protocol/webview.ts';

const NARROW_BELOW = 560;
const SIDE_FROM = 1500;
/** Work on a document is put aside this often, so that the page stays alive. */
const SLICE_MS = 8;
const LIST_DELAY_MS = 150;
const KEEP_DELAY_MS = 250;

export class App {
  readonly model = new TimelineModel();
  private readonly root = element('main', 'app');
  private readonly body = element('div', 'body');
  private readonly state = element('div', 'state');
  private readonly live = element('div', 'visually-hidden');
  private readonly header: Header;
  private readonly stage: Stage;
  private readonly details: Details;
  private readonly sash: Sash;
  private readonly list: CallList;
  private readonly host: Host;
  private theme: Theme = readTheme();
  private range: ViewRange = { start: 0, end: 1 };
  private marks: Marks = { selected: [], hovered: -1, pointerX: null, found: null, current: -1 };
  private narrow = false;
  private following = true;
  /** Raised with every new document, so that a load that was overtaken stops. */
  private generation = 0;
  private loading: ToWebview[] | null = null;
  private kept: Kept;
  private listTimer = 0;
  private keepTimer = 0;

  constructor(host: Host, sidebar: boolean) {
    this.host = host;
    this.kept = readKept(host.kept());
    this.header = new Header(
      {
        fit: () => this.fit(),
        follow: () => this.setFollowing(!this.following),
        openTab: () => host.post({ type: 'openTab' }),
        exportPage: () => host.post({ type: 'export' }),
        search: (query) => this.search(query),
        step: (direction) => this.stepFound(direction),
        leaveSearch: () => this.leaveSearch(),
      },
      { hosted: host.hosted, sidebar },
    );
    this.stage = new Stage(
      () => ({ model: this.model, theme: this.theme, range: this.range, marks: this.marks, narrow: this.narrow }),
      (range) => this.moveTo(range),
    );
    this.details = new Details({
      openSource: host.hosted ? (span, frame) => host.post({ type: 'openSource', span, frame }) : null,
      openSetting: host.hosted ? (setting) => host.post({ type: 'openSetting', setting }) : null,
      copy: (text) => this.copy(text),
      select: (id) => this.select([this.model.numberOf(id)], true),
    });
    this.sash = new Sash(this.details.root, this.kept.details, (size) => {
      this.kept.details = size;
      this.stage.relayout();
      this.keep();
    });
    this.list = new CallList(
      (number) => this.select([number], true),
      (number) => this.open(number),
      (focus) => this.stage.root.classList.toggle('list-focus', focus && !this.narrow),
    );
    this.live.setAttribute('aria-live', 'polite');
    this.body.append(this.stage.root, this.list.root, this.sash.root, this.details.root);
    this.root.append(this.header.root, this.body, this.state, this.live);
    document.body.append(this.root);
    this.listen();
    this.showState('Waiting for the recording…', null);
  }

  private listen(): void {
    listenOnStage(this.stage, {
      zoom: (factor, at) => this.moveTo(zoomRange(this.range, factor, at, this.model.wallMs)),
      pan: (share) => this.moveTo(panRange(this.range, share * (this.range.end - this.range.start), this.model.wallMs)),
      fit: () => this.fit(),
      hover: (hit, x) => this.hover(hit, x),
      click: (hit) => this.click(hit),
      doubleClick: (hit) => this.doubleClick(hit),
      walk: (direction) => this.walk(direction),
      openSelected: () => this.open(this.marks.selected[0] ?? -1),
      focusSearch: () => this.header.focusSearch(),
      clear: () => (this.marks.found === null ? this.select([], false) : this.leaveSearch()),
    });
    watchTheme(() => {
      const theme = readTheme();
      if (theme.key === this.theme.key) return;
      this.theme = theme;
      publishFills(theme);
      this.stage.dataChanged();
    });
    publishFills(this.theme);
    new ResizeObserver(() => this.resized()).observe(this.root);
    this.resized();
  }

  private resized(): void {
    const width = this.root.clientWidth;
    this.narrow = width < NARROW_BELOW;
    this.root.classList.toggle('narrow', this.narrow);
    this.root.classList.toggle('side', width >= SIDE_FROM);
    this.sash.layOut(width >= SIDE_FROM ? 'width' : 'height');
    this.stage.relayout();
    this.showList();
  }

  /** Takes a message of the host. Those that come while a document is being read wait for it. */
  receive(message: ToWebview): void {
    if (message.type === 'document') void this.load(message.document);
    else if (message.type === 'empty') this.showEmpty(message);
    else if (this.loading !== null) this.loading.push(message);
    else if (message.type === 'update') this.update(message.update);
    else if (message.spans.length > 0 || this.marks.selected.length > 0) this.select(message.spans.map((id) => this.model.numberOf(id)).filter((number) => number >= 0), message.reveal, false);
  }

  private showEmpty({ message, detail, canProfile }: Extract<ToWebview, { type: 'empty' }>): void {
    this.generation++;
    this.loading = null;
    this.model.head = null;
    this.showState(message, detail);
    if (canProfile) this.state.append(makeButton('Profile Active File', 'primary', () => this.host.post({ type: 'profileActiveFile' })));
  }

  /** Something went wrong. What is on screen stays; an empty page says so. */
  fail(message: string): void {
    if (this.model.head === null || this.loading !== null) this.showState('The timeline can’t be shown', message);
    this.host.post({ type: 'failed', message: message.slice(0, 10_000) });
  }

  private showState(message: string | null, detail: string | null): void {
    for (const node of [this.header.root, this.body]) node.classList.toggle('hidden', message !== null);
    this.state.classList.toggle('hidden', message === null);
    fill(this.state, message === null ? null : element('strong', '', visibleText(message, 300)), detail === null ? null : element('p', '', visibleBlock(detail, 2000)));
    if (message === null) this.stage.relayout();
  }

  private async load(document: TimelineDocument): Promise<void> {
    const generation = ++this.generation;
    this.loading = [];
    const before = { selected: this.marks.selected.map((number) => this.model.spans[number]?.id ?? ''), run: this.model.head?.run.id ?? this.kept.run };
    const progress = element('progress', '');
    progress.max = 1;
    let since = performance.now();
    for (const share of this.model.load(document)) {
      if (performance.now() - since < SLICE_MS) continue;
      if (progress.parentElement === null) {
        this.showState(`Reading ${document.report.spans.length.toLocaleString('en')} spans…`, null);
        this.state.append(progress);
      }
      progress.value = share;
      await new Promise((resolve) => setTimeout(resolve, 0));
      if (generation !== this.generation) return;
      since = performance.now();
    }
    const waiting = this.loading;
    this.loading = null;
    const same = before.run === document.report.run.id;
    this.marks = { selected: [], hovered: -1, pointerX: null, found: null, current: -1 };
    if (!same) this.following = true;
    this.restore(same, before.selected);
    this.showState(null, null);
    this.refresh();
    for (const message of waiting) this.receive(message);
  }

  /** Where the reader was, if this is the run that they were reading; else all of it. */
  private restore(same: boolean, selected: readonly string[]): void {
    const kept = same && this.kept.run === this.model.head?.run.id ? this.kept : null;
    const range = kept?.range ?? null;
    this.range = range === null ? fitRange(this.model.wallMs) : clampRange(range, this.model.wallMs);
    if (kept !== null) this.following = kept.following;
    const ids = kept?.selected ?? selected;
    this.marks.selected = same ? ids.map((id) => this.model.numberOf(id)).filter((number) => number >= 0) : [];
    if (kept !== null && kept.query !== '') {
      this.header.query = kept.query;
      this.search(kept.query);
    } else if (this.header.query !== '') {
      this.search(this.header.query);
    }
  }

  private update(update: TimelineUpdate): void {
    if (this.model.head === null) return;
    const oldWall = this.model.wallMs;
    const rows = this.rowCounts();
    this.model.update(update);
    if (this.following) this.range = followRange(this.range, oldWall, this.model.wallMs);
    else if (this.range.end > this.range.start) this.range = clampRange(this.range, this.model.wallMs);
    this.marks.selected = this.marks.selected.filter((number) => this.model.has(number));
    if (this.marks.found !== null) this.search(this.header.query);
    if (rows !== this.rowCounts()) this.stage.relayout();
    this.refresh();
  }

  private rowCounts(): string {
    const { lanes, gpu } = this.model;
    return [lanes.request, lanes.agent, lanes.llm, lanes.tool].map((lane) => lane.rows.length).concat(Number(gpu.segments.length > 0), Number(gpu.kv.all() !== null), Number(gpu.power.all() !== null)).join();
  }

  /** Everything that shows the model, after it has changed. */
  private refresh(): void {
    const { head } = this.model;
    if (head === null) return;
    this.header.show(head, this.model.live, this.following);
    this.details.show(this.model, this.model.spans[this.marks.selected[0] ?? -1] ?? null);
    this.stage.showNotice(this.model.spanCount > 0 ? null : this.model.live ? 'Waiting for the first call…' : 'No call to a model or a tool was seen in this run.');
    this.stage.describe(`Timeline of ${visibleText(head.run.name, 80)}: ${head.totals.llmCalls} model calls and ${head.totals.toolCalls} tool calls in ${formatDuration(head.totals.wallMs)}`);
    this.stage.dataChanged();
    this.showList();
  }

  private showList(): void {
    if (this.listTimer !== 0) return;
    this.listTimer = window.setTimeout(() => {
      this.listTimer = 0;
      if (this.model.head !== null) this.list.show(this.model, this.range, this.marks.selected[0] ?? -1, this.narrow);
    }, LIST_DELAY_MS);
  }

  private keep(): void {
    if (this.keepTimer !== 0) return;
    this.keepTimer = window.setTimeout(() => {
      this.keepTimer = 0;
      this.kept = {
        run: this.model.head?.run.id ?? null,
        range: this.range,
        selected: this.marks.selected.slice(0, 100).map((number) => this.model.spans[number]?.id ?? ''),
        query: this.header.query,
        following: this.following,
        details: this.kept.details,
      };
      this.host.keep(this.kept);
    }, KEEP_DELAY_MS);
  }

  private moveTo(range: ViewRange): void {
    if (sameRange(range, this.range)) return;
    this.range = range;
    // Who looks at the past does not want to be taken to the end.
    if (this.model.live && this.following && range.end < fitRange(this.model.wallMs).end * 0.999) this.setFollowing(false);
    this.stage.draw();
    this.showList();
    this.keep();
  }

  private fit(): void {
    this.moveTo(fitRange(this.model.wallMs));
    if (this.model.live) this.setFollowing(true);
  }

  private setFollowing(following: boolean): void {
    this.following = following;
    if (following && this.model.live) this.range = followRange(this.range, this.model.wallMs, this.model.wallMs);
    if (this.model.head !== null) this.header.show(this.model.head, this.model.live, following);
    this.stage.draw();
    this.keep();
  }

  private hover(hit: Hit | null, x: number | null): void {
    this.marks.hovered = hit?.kind === 'span' ? hit.number : -1;
    this.marks.pointerX = x === null ? null : x - this.stage.canvas.getBoundingClientRect().left;
    this.stage.drawMarks();
  }

  /** A click on a GPU state selects the call that it worked for, on idle time what was waited for. */
  private spanOf(hit: Hit | null): number {
    if (hit === null) return -1;
    if (hit.kind === 'span') return hit.number;
    return this.model.numberOf(hit.segment.blamedOn ?? hit.segment.spans[0] ?? '');
  }

  private click(hit: Hit | null): void {
    const number = this.spanOf(hit);
    this.select(number < 0 ? [] : [number], false);
  }

  private doubleClick(hit: Hit | null): void {
    const span = this.model.spans[this.spanOf(hit)];
    if (hit?.kind !== 'span' || span === null || span === undefined) this.fit();
    else if (this.host.hosted && span.site !== null) this.open(hit.number);
    else this.moveTo(revealRange({ start: 0, end: 0 }, this.model.startOf(span), this.model.endOf(span), this.model.wallMs));
  }

  private open(number: number): void {
    const span = this.model.spans[number];
    if (span !== null && span !== undefined && span.site !== null) this.host.post({ type: 'openSource', span: span.id, frame: 0 });
  }

  private walk(direction: Direction): void {
    const middle = (this.range.start + this.range.end) / 2;
    const next = walk(this.model, this.marks.selected[0] ?? -1, direction, middle, this.stage.lanes.map((lane) => lane.name));
    if (next >= 0) this.select([next], true);
  }

  /** Selects spans by number; `tell` is false when the host itself asked for it. */
  private select(numbers: readonly number[], reveal: boolean, tell = true): void {
    const selected = numbers.filter((number) => this.model.has(number));
    this.marks.selected = selected;
    const first = this.model.spans[selected[0] ?? -1] ?? null;
    if (tell) this.host.post({ type: 'selected', span: first?.id ?? null });
    this.details.show(this.model, first);
    this.live.textContent = first === null ? '' : spanSentence(first);
    if (reveal && first !== null) this.reveal(selected);
    this.stage.draw();
    this.showList();
    this.keep();
  }

  private reveal(numbers: readonly number[]): void {
    let start = Infinity;
    let end = -Infinity;
    for (const number of numbers) {
      const span = this.model.spans[number];
      if (span === null || span === undefined) continue;
      start = Math.min(start, this.model.startOf(span));
      end = Math.max(end, this.model.endOf(span));
    }
    this.moveTo(revealRange(this.range, start, end, this.model.wallMs));
    const place = this.model.placeOf(numbers[0] ?? -1);
    const row = place === null ? null : this.stage.rowPosition(place.lane, place.row);
    if (row !== null) this.stage.scrollTo(row.top, row.bottom);
  }

  private search(query: string): void {
    const test = parseQuery(query);
    if (test === null) {
      this.marks.found = null;
      this.header.showCount('');
    } else {
      const found: number[] = [];
      this.model.spans.forEach((span, number) => {
        if (span !== null && test(span)) found.push(number);
      });
      this.marks.found = found;
      if (!found.includes(this.marks.current)) this.marks.current = -1;
      this.showFoundCount();
    }
    this.stage.draw();
    this.keep();
  }

  private showFoundCount(): void {
    const found = this.marks.found ?? [];
    const at = found.indexOf(this.marks.current);
    this.header.showCount(found.length === 0 ? 'none found' : at < 0 ? `${found.length} found` : `${at + 1} of ${found.length}`);
  }

  private stepFound(direction: 1 | -1): void {
    const found = this.marks.found;
    if (found === null || found.length === 0) return;
    const at = found.indexOf(this.marks.current);
    const next = found[at < 0 ? (direction === 1 ? 0 : found.length - 1) : (at + direction + found.length) % found.length] ?? -1;
    this.marks.current = next;
    this.showFoundCount();
    this.select([next], true);
  }

  private leaveSearch(): void {
    this.header.query = '';
    this.search('');
    this.stage.root.focus({ preventScroll: true });
  }

  private copy(text: string): void {
    if (this.host.hosted) this.host.post({ type: 'copy', text: text.slice(0, 1_000_000) });
    else void navigator.clipboard.writeText(text).catch(() => this.copyBySelection(text));
  }

  /** Pages opened from a file may not be allowed the clipboard's own interface. */
  private copyBySelection(text: string): void {
    const area = element('textarea', 'visually-hidden');
    area.value = text;
    this.root.append(area);
    area.select();
    document.execCommand('copy');
    area.remove();
  }
}
