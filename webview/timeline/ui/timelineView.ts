/** The timeline as a view: the stretch of time that is shown, what is pointed at, and what happens on keys and clicks. */
import * as l10n from '@vscode/l10n';
import { formatCount } from '../../../src/profile/formatCount.ts';
import { element } from '../../common/dom.ts';
import { clampRange, fitRange, followRange, panRange, revealRange, sameRange, zoomRange, type ViewRange } from '../model/viewRange.ts';
import type { LaneChoice } from '../model/laneChoice.ts';
import { RangeHistory } from '../model/rangeHistory.ts';
import { walk, type Direction } from '../model/walk.ts';
import { CallList } from './callList.ts';
import { listenOnStage } from './input.ts';
import { Reading } from './reading.ts';
import { RegionTool } from './regionTool.ts';
import { Stage } from './stage.ts';
import { formatDuration } from '../../../src/profile/formatValue.ts';
import { visibleText } from '../../../src/profile/visibleText.ts';
import type { Hit } from '../draw/hitTest.ts';
import type { Region } from '../model/region.ts';
import type { Marks } from '../draw/overlay.ts';
import type { Kept } from './kept.ts';
import type { Shell, View } from './view.ts';

const LIST_DELAY_MS = 150;
/** An edge this near draws a region's end to it. */
const SNAP_PIXELS = 6;
/** Room beside what is zoomed to, as a part of it. */
const ZOOM_MARGIN = 0.04;

export class TimelineView implements View {
  readonly root = element('div', 'view');
  range: ViewRange = { start: 0, end: 1 };
  /** Whether the newest is kept in view while the run goes on. */
  following = true;
  /** Which lanes are shown, and how: of all runs. */
  lanes: LaneChoice;
  private readonly shell: Shell;
  private readonly stage: Stage;
  private readonly list: CallList;
  private readonly history = new RangeHistory();
  private readonly regionTool: RegionTool;
  private readonly reading: Reading;
  private hovered = -1;
  private pointerX: number | null = null;
  /** The pointer moved later than the selection did by keyboard: a mark is meant where it is. */
  private pointerLast = false;
  /** Of the run, and one beside it, as they were shown last. */
  private scaleMs = 0;
  private listTimer = 0;

  /** @param lanes as they were kept */
  constructor(shell: Shell, lanes: LaneChoice) {
    this.shell = shell;
    this.lanes = lanes;
    this.stage = new Stage(
      () => ({ model: shell.model, theme: shell.theme, range: this.range, marks: this.marks, narrow: shell.narrow, lanes: this.lanes, chunkGapsOf: (span) => shell.chunkGapsOf(span) }),
      (range) => this.moveTo(range),
      { choose: (choice) => this.chooseLanes(choice), announce: (sentence) => shell.announce(sentence) },
    );
    this.list = new CallList(
      (number) => shell.select([number], true),
      (number) => shell.open(number),
      (focus) => this.stage.root.classList.toggle('list-focus', focus && !shell.narrow),
    );
    this.reading = new Reading(shell, {
      zoomTo: (region) => this.zoomTo(region.start, region.end),
      clearRegion: () => this.regionTool.clear(),
    });
    this.regionTool = new RegionTool({
      model: shell.model,
      shownLanes: () => this.shownLanes(),
      reach: () => this.stage.timeOf(SNAP_PIXELS),
      changed: () => this.regionChanged(),
    });
    this.root.append(this.stage.root, this.list.root);
    listenOnStage(this.stage, {
      zoom: (factor, at) => this.moveTo(zoomRange(this.range, factor, at, shell.model.scaleMs)),
      pan: (share) => this.moveTo(panRange(this.range, share * (this.range.end - this.range.start), shell.model.scaleMs)),
      fit: () => this.fit(),
      hover: (hit, x) => this.hover(hit, x),
      click: (hit) => this.click(hit),
      doubleClick: (hit) => this.doubleClick(hit),
      walk: (direction) => this.walk(direction),
      openSelected: () => shell.open(shell.choice.selected[0] ?? -1),
      beginRegion: (at, free) => this.regionTool.begin(at, free),
      dragRegion: (at, free) => this.regionTool.drag(at, free),
      stepRegion: (direction) => this.regionTool.step(direction, this.selectedTime('start') ?? (this.range.start + this.range.end) / 2),
      mark: () => this.putMark(),
      zoomToSelection: () => this.zoomToSelection(),
      undo: () => this.goBack(this.history.undo(this.range)),
      redo: () => this.goBack(this.history.redo(this.range)),
      toEnd: (end) => this.moveTo(panRange(this.range, (end === 'start' ? -1 : 1) * fitRange(shell.model.scaleMs).end, shell.model.scaleMs)),
      stepFound: (direction) => shell.stepFound(direction),
      clear: () => this.clear(),
    });
  }

  private get marks(): Marks {
    return { ...this.shell.choice, hovered: this.hovered, pointerX: this.pointerX, region: this.regionTool.region, mark: this.regionTool.mark };
  }

  /** More is known of what is on it. */
  redraw(): void {
    this.stage.draw();
  }

  focus(): void {
    this.stage.root.focus({ preventScroll: true });
  }

  refresh(rows: boolean): void {
    const { model } = this.shell;
    const { head } = model;
    if (head === null) return;
    if (model.scaleMs !== this.scaleMs) this.range = this.following ? followRange(this.range, this.scaleMs, model.scaleMs) : clampRange(this.range, model.scaleMs);
    this.scaleMs = model.scaleMs;
    this.stage.showNotice(model.spanCount > 0 ? null : model.loading ? l10n.t('Reading the recording…') : model.live ? l10n.t('Waiting for the first call…') : l10n.t('No call to a model or a tool was seen in this run.'));
    const name = visibleText(head.run.name, 80);
    this.stage.describe(
      model.reading
        ? l10n.t`Timeline of ${name}: being read`
        : l10n.t`Timeline of ${name}: ${formatCount(head.totals.llmCalls, 'model call')} and ${formatCount(head.totals.toolCalls, 'tool call')} in ${formatDuration(head.totals.wallMs)}`,
    );
    if (rows) this.stage.relayout();
    else this.stage.dataChanged();
    this.showList();
  }

  choiceChanged(reveal: boolean): void {
    if (reveal) {
      this.reading.cancel();
      this.reveal(this.shell.choice.selected);
    }
    this.stage.draw();
    this.showList();
  }

  themeChanged(): void {
    this.stage.dataChanged();
  }

  resized(): void {
    this.stage.relayout();
    this.showList();
  }

  restore(kept: Kept | null): void {
    const { scaleMs } = this.shell.model;
    const range = kept?.range ?? null;
    this.range = range === null ? fitRange(scaleMs) : clampRange(range, scaleMs);
    this.scaleMs = scaleMs;
    this.hovered = -1;
    this.pointerX = null;
    this.history.clear();
    this.regionTool.restore(kept?.region ?? null);
    this.reading.showRegion(this.shell.choice.selected.length === 0 ? this.regionTool.region : null);
    if (kept !== null) this.following = kept.following;
  }

  private showList(): void {
    this.list.isBehind();
    // For ears only it can wait until the view rests: a list made anew costs a frame.
    if (!this.shell.narrow) window.clearTimeout(this.listTimer);
    else if (this.listTimer !== 0) return;
    this.listTimer = window.setTimeout(() => {
      this.listTimer = 0;
      const { model, choice, narrow } = this.shell;
      if (model.head !== null) this.list.show(model, this.range, choice.selected[0] ?? -1, narrow);
    }, LIST_DELAY_MS);
  }

  private moveTo(range: ViewRange): void {
    if (sameRange(range, this.range)) return;
    this.history.leaving(this.range, performance.now());
    this.showRange(range);
  }

  /** Shows the stretch that the run beside this one shows. */
  takeRange(range: ViewRange): void {
    this.range = clampRange(range, this.shell.model.scaleMs);
    this.stage.draw();
    this.showList();
  }

  /** Another run has come beside this one, or has gone: the scale is another, and what was shown whole stays so. */
  besideChanged(): void {
    const { scaleMs } = this.shell.model;
    const wasWhole = this.range.end - this.range.start >= fitRange(this.scaleMs).end * 0.999;
    this.range = wasWhole ? fitRange(scaleMs) : clampRange(this.range, scaleMs);
    this.scaleMs = scaleMs;
    this.stage.dataChanged();
    this.showList();
  }

  private goBack(range: ViewRange | null): void {
    if (range !== null) this.showRange(clampRange(range, this.shell.model.scaleMs));
  }

  private showRange(range: ViewRange): void {
    this.range = range;
    const { model } = this.shell;
    // Who looks at the past does not want to be taken to the end.
    if (model.growing && this.following && range.end < fitRange(model.scaleMs).end * 0.999) this.setFollowing(false);
    this.stage.draw();
    this.showList();
    this.shell.keep();
    this.shell.rangeMoved(range);
  }

  /** Shows the whole run. */
  fit(): void {
    const { model } = this.shell;
    this.moveTo(fitRange(model.scaleMs));
    if (model.growing) this.setFollowing(true);
  }

  setFollowing(following: boolean): void {
    const { model } = this.shell;
    this.following = following;
    if (following && model.growing) this.range = followRange(this.range, model.scaleMs, model.scaleMs);
    this.shell.showHeader();
    this.stage.draw();
    this.shell.keep();
  }

  private hover(hit: Hit | null, x: number | null): void {
    this.hovered = hit?.kind === 'span' ? hit.number : -1;
    this.pointerX = x === null ? null : x - this.stage.canvas.getBoundingClientRect().left;
    this.pointerLast = x !== null;
    this.stage.drawMarks();
  }

  /** A click on a GPU state selects the call that it worked for, on idle time what was waited for. */
  private spanOf(hit: Hit | null): number {
    if (hit === null) return -1;
    if (hit.kind === 'span') return hit.number;
    return this.shell.model.numberOf(hit.segment.blamedOn ?? hit.segment.spans[0] ?? '');
  }

  private click(hit: Hit | null): void {
    const number = this.spanOf(hit);
    if (hit === null) this.regionTool.clear();
    this.reading.cancel();
    this.shell.select(number < 0 ? [] : [number], false);
    if (hit?.kind === 'gpu' && hit.idle && hit.part?.head.ownStates !== false) this.reading.showIdle(hit.time, hit.part);
  }

  /** One thing at a time: the search, the region, the selection. */
  private clear(): void {
    if (this.shell.choice.found !== null || !this.regionTool.clear()) this.shell.clear();
  }

  private regionChanged(): void {
    this.reading.showRegion(this.regionTool.region);
    if (this.regionTool.mark !== null) this.shell.announce(l10n.t`Mark at ${formatDuration(this.regionTool.mark)}`);
    this.stage.drawMarks();
    this.shell.keep();
  }

  get region(): Region | null {
    return this.regionTool.region;
  }

  private chooseLanes(choice: LaneChoice): void {
    this.lanes = choice;
    this.stage.relayout();
    this.shell.keep();
  }

  private shownLanes(): string[] {
    return this.stage.lanes.map((lane) => lane.name);
  }

  /** When the selected spans begin or end; null without any. */
  private selectedTime(edge: 'start' | 'end'): number | null {
    const { model, choice } = this.shell;
    const times = choice.selected.flatMap((number) => {
      const span = model.spanAt(number);
      return span === null ? [] : [edge === 'start' ? model.startOf(span) : model.endOf(span)];
    });
    if (times.length === 0) return null;
    return times.reduce((a, b) => (edge === 'start' ? Math.min(a, b) : Math.max(a, b)));
  }

  /** At the pointer, or else at the selection: the first mark where it begins, a second one later where it ends. */
  private putMark(): void {
    const { mark } = this.regionTool;
    const start = this.selectedTime('start');
    const selected = start !== null && mark !== null && start >= mark ? this.selectedTime('end') : start;
    const pointed = this.pointerX === null ? null : this.stage.timeAt(this.pointerX + this.stage.canvas.getBoundingClientRect().left);
    const [first, second] = this.pointerLast ? [pointed, selected] : [selected, pointed];
    this.regionTool.putMark(first ?? second ?? (this.range.start + this.range.end) / 2);
  }

  private zoomToSelection(): void {
    const { region } = this.regionTool;
    const start = region?.start ?? this.selectedTime('start');
    const end = region?.end ?? this.selectedTime('end');
    if (start !== null && end !== null) this.zoomTo(start, end);
  }

  private zoomTo(start: number, end: number): void {
    const margin = (end - start) * ZOOM_MARGIN;
    this.moveTo(clampRange({ start: start - margin, end: end + margin }, this.shell.model.scaleMs));
  }

  private doubleClick(hit: Hit | null): void {
    const { model, hosted } = this.shell;
    const span = model.spanAt(this.spanOf(hit));
    if (hit?.kind !== 'span' || span === null) this.fit();
    else if (hosted && span.site !== null) this.shell.open(hit.number);
    else this.moveTo(revealRange({ start: 0, end: 0 }, model.startOf(span), model.endOf(span), model.scaleMs));
  }

  private walk(direction: Direction): void {
    const { model, choice } = this.shell;
    const middle = (this.range.start + this.range.end) / 2;
    const next = walk(model, choice.selected[0] ?? -1, direction, middle, this.shownLanes());
    this.pointerLast = false;
    if (next >= 0) this.shell.select([next], true);
  }

  private reveal(numbers: readonly number[]): void {
    if (numbers.length === 0) return;
    const { model } = this.shell;
    let start = Infinity;
    let end = -Infinity;
    for (const number of numbers) {
      const span = model.spanAt(number);
      if (span === null) continue;
      start = Math.min(start, model.startOf(span));
      end = Math.max(end, model.endOf(span));
    }
    this.moveTo(revealRange(this.range, start, end, model.scaleMs));
    const place = model.placeOf(numbers[0] ?? -1);
    const row = place === null ? null : this.stage.rowPosition(place.lane, model.lanes[place.lane].placeOfRow(place.row));
    if (row !== null) this.stage.scrollTo(row.top, row.bottom);
  }
}
