/** The page: messages of the host, loading, what is selected and searched, and what is kept, for the views inside of it. */
import * as l10n from '@vscode/l10n';
import { attributes, element, fill } from '../../common/dom.ts';
import { publishFills, readTheme, watchTheme, type Theme } from '../../common/theme.ts';
import { makeButton } from '../../common/toolkit.ts';
import { callCosts, type CallCost } from '../model/callCosts.ts';
import { groupsOf } from '../model/laneGroups.ts';
import { TimelineModel } from '../model/timelineModel.ts';
import { spanSentence } from '../model/spanText.ts';
import { copyHere } from './clipboard.ts';
import { BesideBar } from './besideBar.ts';
import { ChartsView } from './chartsView.ts';
import { Contents } from './contents.ts';
import { Details, type DetailActions } from './details.ts';
import { Help } from './help.ts';
import { FlameView } from './flameView.ts';
import { Header } from './header.ts';
import { readKept, type Kept } from './kept.ts';
import { Sash } from './sash.ts';
import { Search } from './search.ts';
import { TableView } from './tableView.ts';
import { TimelineView } from './timelineView.ts';
import { saneTime } from '../../../src/profile/saneTime.ts';
import { MOST_COPIED_CHARS } from '../../../src/protocol/limits.ts';
import { visibleBlock, visibleText } from '../../../src/profile/visibleText.ts';
import { viewNames, type ViewName } from './viewNames.ts';
import { ViewSwitch } from './viewSwitch.ts';
import type { Host } from '../../common/host.ts';
import type { Choice, Shell } from './view.ts';
import type { ViewRange } from '../model/viewRange.ts';
import type { ReportSpan } from '../../../src/profile/report.ts';
import type { PromptTable } from '../../../src/protocol/content.ts';
import { packDocument } from '../../../src/protocol/packDocument.ts';
import { SpanPacker } from '../../../src/protocol/packSpans.ts';
import type { SpanSlice } from '../../../src/protocol/spanColumns.ts';
import type { Beside, DocumentPart, PackedUpdate, TimelineDocument, ToWebview } from '../../../src/protocol/webview.ts';

const NARROW_BELOW = 560;
const SIDE_FROM = 1500;
/** The panel beside the terminal is wide and low: there the lanes need all of its height. */
const LOW_BELOW = 420;
const LOW_SIDE_FROM = 800;
/** Work on a document is put aside this often, so that the page stays alive. */
const SLICE_MS = 8;
const KEEP_DELAY_MS = 250;
/** A long document is drawn this often while it is read: each time takes a frame's work from the reading. */
const PARTIAL_MS = 120;

/** What waits for a document to be there as a whole. */
interface Loading {
  waiting: ToWebview[];
  kept: Kept | null;
  /** Ids. */
  selected: readonly string[];
  /** Spans and segments. */
  all: number;
  drawnAt: number;
  drawn: boolean;
}

export class App implements Shell {
  readonly model = new TimelineModel();
  theme: Theme = readTheme();
  narrow = false;
  private readonly root = element('main', 'app');
  private readonly body = element('div', 'body');
  private readonly state = element('div', 'state');
  private readonly live = element('div', 'visually-hidden');
  private readonly progress = attributes(element('progress', 'reading hidden'), { max: '1', 'aria-label': l10n.t('Reading the recording') });
  private readonly besideBar: BesideBar;
  private readonly header: Header;
  private readonly timeline: TimelineView;
  readonly detailActions: DetailActions;
  private readonly views: ViewSwitch;
  private readonly details: Details;
  private readonly contents: Contents;
  private readonly help = new Help();
  /** What the details show instead of the selection. */
  private explained: (() => HTMLElement[] | null) | null = null;
  private readonly sash: Sash;
  private readonly host: Host;
  private readonly searched = new Search();
  private selected: readonly number[] = [];
  private knownCosts: readonly CallCost[] | null = null;
  private loading: Loading | null = null;
  private kept: Kept;
  private keepTimer = 0;

  /** @param embeddedPrompts what the spans of an exported page said; null where it was left out, or in the editor, which is asked */
  constructor(host: Host, sidebar: boolean, embeddedPrompts: () => PromptTable | null) {
    this.host = host;
    this.kept = readKept(host.kept());
    this.contents = new Contents(host, embeddedPrompts, { texts: (span) => this.contentArrived(span), chunks: () => this.timeline.redraw() });
    this.detailActions = {
      openSource: host.hosted ? (span, frame) => host.post({ type: 'openSource', span, frame }) : null,
      openSetting: host.hosted ? (setting) => host.post({ type: 'openSetting', setting }) : null,
      copy: (text) => this.copy(text),
      select: (id) => this.select([this.model.numberOf(id)], true),
    };
    this.timeline = new TimelineView(this, this.kept.lanes);
    const { view, settings } = this.kept;
    this.views = new ViewSwitch({ timeline: this.timeline, flame: new FlameView(this, settings.flame), table: new TableView(this, settings.table), charts: new ChartsView(this) }, view, () => this.viewChanged());
    this.header = new Header(
      {
        fit: () => this.views.view.fit?.(),
        follow: () => this.timeline.setFollowing(!this.timeline.following),
        openTab: () => host.post({ type: 'openTab' }),
        exportPage: () => host.post({ type: 'export' }),
        search: (query) => this.search(query),
        step: (direction) => this.stepFound(direction),
        leaveSearch: () => this.leaveSearch(),
      },
      this.views.tabs,
      { hosted: host.hosted, sidebar },
    );
    this.besideBar = new BesideBar(() => host.post({ type: 'compare' }));
    this.details = new Details(this.detailActions, this.contents);
    this.sash = new Sash(this.details.root, this.kept.details, (size) => {
      this.kept.details = size;
      this.views.view.resized();
      this.keep();
    });
    this.live.setAttribute('aria-live', 'polite');
    this.body.append(...this.views.rooms, this.sash.root, this.details.root);
    this.root.append(this.header.root, this.besideBar.root, this.progress, this.body, this.state, this.live, this.help.root);
    document.body.append(this.root);
    this.listen();
    this.showState(l10n.t('Waiting for the recording…'), null);
  }

  get choice(): Choice {
    return { selected: this.selected, found: this.searched.found, current: this.searched.current };
  }

  chunkGapsOf(span: ReportSpan): readonly number[] | null {
    return this.contents.chunkGapsOf(span);
  }

  get costs(): readonly CallCost[] {
    this.knownCosts ??= callCosts(this.model);
    return this.knownCosts;
  }

  get hosted(): boolean {
    return this.host.hosted;
  }

  private listen(): void {
    document.addEventListener('keydown', (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || this.model.head === null) return;
      if (event.target instanceof Element && event.target.closest('vscode-text-field, input, textarea, select') !== null) return;
      const name = viewNames[Number(event.key) - 1];
      if (name !== undefined) this.goTo(name);
      else if (event.key === '/') this.header.focusSearch();
      else if (event.key === '?') this.help.open();
      else return;
      event.preventDefault();
    });
    watchTheme(() => {
      const theme = readTheme();
      if (theme.key === this.theme.key) return;
      this.theme = theme;
      publishFills(theme);
      this.views.view.themeChanged();
    });
    publishFills(this.theme);
    new ResizeObserver(() => this.resized()).observe(this.root);
    this.resized();
  }

  private resized(): void {
    const width = this.root.clientWidth;
    this.narrow = width < NARROW_BELOW;
    this.root.classList.toggle('narrow', this.narrow);
    const isSide = width >= (this.root.clientHeight < LOW_BELOW ? LOW_SIDE_FROM : SIDE_FROM);
    this.root.classList.toggle('side', isSide);
    this.sash.layOut(isSide ? 'width' : 'height');
    this.views.view.resized();
  }

  /** Takes a message of the host. Those that come while a document is being read wait for it. */
  receive(message: ToWebview): void {
    if (message.type === 'begin') this.begin(message);
    else if (message.type === 'empty') this.showEmpty(message);
    else if (message.type === 'slice' || message.type === 'end') {
      // Of one that was overtaken nothing is shown.
      if (this.loading === null) return;
      if (message.type === 'slice') this.slice(message, this.loading);
      else this.end(message, this.loading);
    } else if (this.loading !== null) this.loading.waiting.push(message);
    else if (message.type === 'content') this.contents.receive(message.span, message.content);
    else if (message.type === 'chunks') this.contents.receiveChunks(message.span, message.gaps);
    else if (message.type === 'update') this.update(message.update);
    else if (message.type === 'preview') this.preview(message.spans);
    else if (message.type === 'beside') this.showBeside(message.other);
    else if (message.type === 'range') this.timeline.takeRange(message);
    else if (message.spans.length > 0 || this.selected.length > 0) this.choose(message.spans.map((id) => this.model.numberOf(id)).filter((number) => number >= 0), message.reveal);
  }

  private showBeside(other: Beside | null): void {
    this.model.besideMs = other === null ? 0 : saneTime(other.wallMs);
    this.besideBar.show(other);
    this.timeline.besideChanged();
    this.views.view.resized();
  }

  rangeMoved({ start, end }: ViewRange): void {
    if (this.model.besideMs > 0) this.host.post({ type: 'range', start, end });
  }

  private showEmpty({ message, detail, canProfile }: Extract<ToWebview, { type: 'empty' }>): void {
    this.loading = null;
    this.contents.forget();
    this.progress.classList.add('hidden');
    this.root.setAttribute('aria-busy', 'false');
    this.model.head = null;
    this.showState(message, detail);
    if (canProfile) this.state.append(makeButton(l10n.t('Profile Active File'), 'primary', () => this.host.post({ type: 'profileActiveFile' })));
  }

  private contentArrived(span: string): void {
    const shown = this.model.spanAt(this.selected[0] ?? -1);
    if (shown?.id === span) this.showDetails();
  }

  /** Something went wrong. What is on screen stays; an empty page says so. */
  fail(message: string): void {
    if (this.model.head === null || this.loading !== null) this.showState(l10n.t('The timeline can’t be shown'), message);
    this.host.post({ type: 'failed', message: message.slice(0, 10_000) });
  }

  private showState(message: string | null, detail: string | null): void {
    for (const node of [this.header.root, this.body]) node.classList.toggle('hidden', message !== null);
    this.state.classList.toggle('hidden', message === null);
    fill(this.state, message === null ? null : element('strong', '', visibleText(message, 300)), detail === null ? null : element('p', '', visibleBlock(detail, 2000)));
    if (message === null) this.views.view.resized();
  }

  /** Shows a document that the page itself has. */
  async showDocument(document: TimelineDocument): Promise<void> {
    let since = performance.now();
    for (const part of packDocument(document, new SpanPacker())) {
      if (part !== null) this.receive(part);
      if (performance.now() - since < SLICE_MS) continue;
      await new Promise((resolve) => setTimeout(resolve, 0));
      since = performance.now();
    }
  }

  private begin(part: Extract<DocumentPart, { type: 'begin' }>): void {
    const { id } = part.head.run;
    const same = (this.model.head?.run.id ?? this.kept.run) === id;
    const kept = same && this.kept.run === id ? this.kept : null;
    this.loading = { waiting: [], kept, selected: same ? (kept?.selected ?? this.selected.map((number) => this.model.spanAt(number)?.id ?? '')) : [], all: part.spans + part.gpu, drawnAt: performance.now(), drawn: false };
    this.contents.forget();
    this.model.take(part);
    this.selected = [];
    this.searched.forget();
    this.views.forget();
    this.knownCosts = null;
    if (!same) this.timeline.following = true;
    this.timeline.restore(kept);
    this.root.setAttribute('aria-busy', 'true');
  }

  /** What is there of a long document is drawn now and then until all of it has come. */
  private slice(part: Extract<DocumentPart, { type: 'slice' }>, loading: Loading): void {
    this.model.take(part);
    // The first is a picture already, where the next may be long in coming.
    const isLast = part.share === null;
    if (performance.now() - loading.drawnAt < PARTIAL_MS && !isLast && (loading.drawn || !this.model.reading)) return;
    if (isLast) this.progress.removeAttribute('value');
    else this.progress.value = part.share ?? (this.model.spanCount + this.model.segmentCount) / Math.max(1, loading.all);
    if (!loading.drawn) {
      this.progress.classList.remove('hidden');
      this.showState(null, null);
      this.details.show(this.model, null);
      this.showHeader();
    }
    // Sums wait until all is there.
    if (this.views.view === this.timeline) this.timeline.refresh(true);
    loading.drawn = true;
    loading.drawnAt = performance.now();
  }

  private end(part: DocumentPart, { waiting, kept, selected }: Loading): void {
    this.model.take(part);
    this.knownCosts = null;
    this.loading = null;
    this.progress.classList.add('hidden');
    this.root.setAttribute('aria-busy', 'false');
    // What was selected while it was read stays so.
    if (this.selected.length === 0) this.selected = selected.map((id) => this.model.numberOf(id)).filter((number) => number >= 0);
    if (kept !== null && kept.query !== '') this.header.query = kept.query;
    if (this.header.query !== '') this.search(this.header.query);
    this.showState(null, null);
    this.refresh(true);
    for (const message of waiting) this.receive(message);
  }

  private update(update: PackedUpdate): void {
    if (this.model.head === null) return;
    const rows = this.rowCounts();
    this.model.update(update);
    this.knownCosts = null;
    this.selected = this.selected.filter((number) => this.model.has(number));
    if (this.searched.found !== null) this.search(this.header.query);
    this.refresh(rows !== this.rowCounts());
  }

  /** The sums beside the lanes wait for the update. */
  private preview(slices: readonly SpanSlice[]): void {
    if (this.model.head === null) return;
    const rows = this.rowCounts();
    this.model.preview(slices);
    this.timeline.refresh(rows !== this.rowCounts());
  }

  private rowCounts(): string {
    const { lanes, gpu, parts } = this.model;
    const groups = groupsOf(parts).flatMap((group) => [group.name, ...group.lanes.map(({ name }) => name)]);
    return [...[lanes.request, lanes.agent, lanes.llm, lanes.tool].map((lane) => lane.rows.length), gpu.segments.length > 0, gpu.kv.all() !== null, gpu.power.all() !== null, ...groups].join();
  }

  /** Everything that shows the model, after it has changed. */
  private refresh(rows: boolean): void {
    if (this.model.head === null) return;
    this.views.view.refresh(rows);
    this.showHeader();
    this.showDetails();
  }

  private showDetails(): void {
    const instead = this.explained?.() ?? null;
    if (instead === null) this.details.show(this.model, this.model.spanAt(this.selected[0] ?? -1));
    else this.details.explain(instead);
  }

  explain(make: (() => HTMLElement[] | null) | null): void {
    this.explained = make;
    this.showDetails();
  }

  announce(sentence: string): void {
    this.live.textContent = sentence;
  }

  showHeader(): void {
    const { view } = this.views;
    if (this.model.head !== null) this.header.show(this.model.head, { live: this.model.live, reading: this.model.reading, following: view === this.timeline ? this.timeline.following : null, fits: view.fit !== undefined });
  }

  private goTo(name: ViewName): void {
    this.views.show(name);
    this.views.view.focus();
  }

  private viewChanged(): void {
    this.showHeader();
    this.keep();
  }

  keep(): void {
    if (this.keepTimer !== 0) return;
    this.keepTimer = window.setTimeout(() => {
      this.keepTimer = 0;
      this.kept = {
        run: this.model.head?.run.id ?? null,
        range: this.timeline.range,
        region: this.timeline.region,
        lanes: this.timeline.lanes,
        selected: this.selected.slice(0, 100).map((number) => this.model.spanAt(number)?.id ?? ''),
        query: this.header.query,
        following: this.timeline.following,
        details: this.kept.details,
        view: this.views.shown,
        settings: this.views.settings(),
      };
      this.host.keep(this.kept);
    }, KEEP_DELAY_MS);
  }

  open(number: number, frame = 0): void {
    const span = this.model.spanAt(number);
    if (span !== null && span.site !== null) this.host.post({ type: 'openSource', span: span.id, frame });
  }

  select(numbers: readonly number[], reveal: boolean): void {
    this.choose(numbers, reveal);
    this.host.post({ type: 'selected', span: this.model.spanAt(this.selected[0] ?? -1)?.id ?? null });
  }

  /** Selects without telling the host. */
  private choose(numbers: readonly number[], reveal: boolean): void {
    this.selected = numbers.filter((number) => this.model.has(number));
    const first = this.model.spanAt(this.selected[0] ?? -1);
    this.explained = null;
    this.showDetails();
    this.announce(first === null ? '' : spanSentence(first));
    this.views.choiceChanged(reveal);
    this.keep();
  }

  clear(): void {
    if (this.searched.found === null) this.select([], false);
    else this.leaveSearch();
  }

  private search(query: string): void {
    this.searched.run(query, this.model);
    this.header.showCount(this.searched.countText);
    this.views.choiceChanged(false);
    this.keep();
  }

  stepFound(direction: 1 | -1): void {
    const next = this.searched.step(direction);
    if (next < 0) return;
    this.header.showCount(this.searched.countText);
    this.select([next], true);
  }

  private leaveSearch(): void {
    this.header.query = '';
    this.search('');
    this.views.view.focus();
  }

  private copy(text: string): void {
    if (!this.host.hosted) copyHere(text);
    else if (text.length <= MOST_COPIED_CHARS) this.host.post({ type: 'copy', text });
    else this.live.textContent = l10n.t('Too long for the clipboard: export the run instead.');
  }
}
