/** The timeline as a view: the stretch of time that is shown, what is pointed at, and what happens on keys and clicks. */
import { element } from '../../common/dom.ts';
import { clampRange, fitRange, followRange, panRange, revealRange, sameRange, zoomRange, type ViewRange } from '../model/viewRange.ts';
import { walk, type Direction } from '../model/walk.ts';
import { CallList } from './callList.ts';
import { listenOnStage } from './input.ts';
import { Stage } from './stage.ts';
import { formatDuration } from '../../../src/profile/formatValue.ts';
import { visibleText } from '../../../src/profile/visibleText.ts';
import type { Hit } from '../draw/hitTest.ts';
import type { Marks } from '../draw/overlay.ts';
import type { Kept } from './kept.ts';
import type { Shell, View } from './view.ts';

const LIST_DELAY_MS = 150;

export class TimelineView implements View {
  readonly root = element('div', 'view');
  range: ViewRange = { start: 0, end: 1 };
  /** Whether the newest is kept in view while the run goes on. */
  following = true;
  private readonly shell: Shell;
  private readonly stage: Stage;
  private readonly list: CallList;
  private hovered = -1;
  private pointerX: number | null = null;
  /** Of the run as it was shown last. */
  private wallMs = 0;
  private listTimer = 0;

  constructor(shell: Shell) {
    this.shell = shell;
    this.stage = new Stage(
      () => ({ model: shell.model, theme: shell.theme, range: this.range, marks: this.marks, narrow: shell.narrow }),
      (range) => this.moveTo(range),
    );
    this.list = new CallList(
      (number) => shell.select([number], true),
      (number) => shell.open(number),
      (focus) => this.stage.root.classList.toggle('list-focus', focus && !shell.narrow),
    );
    this.root.append(this.stage.root, this.list.root);
    listenOnStage(this.stage, {
      zoom: (factor, at) => this.moveTo(zoomRange(this.range, factor, at, shell.model.wallMs)),
      pan: (share) => this.moveTo(panRange(this.range, share * (this.range.end - this.range.start), shell.model.wallMs)),
      fit: () => this.fit(),
      hover: (hit, x) => this.hover(hit, x),
      click: (hit) => this.click(hit),
      doubleClick: (hit) => this.doubleClick(hit),
      walk: (direction) => this.walk(direction),
      openSelected: () => shell.open(shell.choice.selected[0] ?? -1),
      clear: () => shell.clear(),
    });
  }

  private get marks(): Marks {
    return { ...this.shell.choice, hovered: this.hovered, pointerX: this.pointerX };
  }

  focus(): void {
    this.stage.root.focus({ preventScroll: true });
  }

  refresh(rows: boolean): void {
    const { model } = this.shell;
    const { head } = model;
    if (head === null) return;
    if (model.wallMs !== this.wallMs) this.range = this.following ? followRange(this.range, this.wallMs, model.wallMs) : clampRange(this.range, model.wallMs);
    this.wallMs = model.wallMs;
    this.stage.showNotice(model.spanCount > 0 ? null : model.loading ? 'Reading the recording…' : model.live ? 'Waiting for the first call…' : 'No call to a model or a tool was seen in this run.');
    this.stage.describe(`Timeline of ${visibleText(head.run.name, 80)}: ${head.totals.llmCalls} model calls and ${head.totals.toolCalls} tool calls in ${formatDuration(head.totals.wallMs)}`);
    if (rows) this.stage.relayout();
    else this.stage.dataChanged();
    this.showList();
  }

  choiceChanged(reveal: boolean): void {
    if (reveal) this.reveal(this.shell.choice.selected);
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
    const { wallMs } = this.shell.model;
    const range = kept?.range ?? null;
    this.range = range === null ? fitRange(wallMs) : clampRange(range, wallMs);
    this.wallMs = wallMs;
    this.hovered = -1;
    this.pointerX = null;
    if (kept !== null) this.following = kept.following;
  }

  private showList(): void {
    if (this.listTimer !== 0) return;
    this.listTimer = window.setTimeout(() => {
      this.listTimer = 0;
      const { model, choice, narrow } = this.shell;
      if (model.head !== null) this.list.show(model, this.range, choice.selected[0] ?? -1, narrow);
    }, LIST_DELAY_MS);
  }

  private moveTo(range: ViewRange): void {
    if (sameRange(range, this.range)) return;
    this.range = range;
    const { model } = this.shell;
    // Who looks at the past does not want to be taken to the end.
    if (model.live && this.following && range.end < fitRange(model.wallMs).end * 0.999) this.setFollowing(false);
    this.stage.draw();
    this.showList();
    this.shell.keep();
  }

  /** Shows the whole run. */
  fit(): void {
    const { model } = this.shell;
    this.moveTo(fitRange(model.wallMs));
    if (model.live) this.setFollowing(true);
  }

  setFollowing(following: boolean): void {
    const { model } = this.shell;
    this.following = following;
    if (following && model.live) this.range = followRange(this.range, model.wallMs, model.wallMs);
    this.shell.showHeader();
    this.stage.draw();
    this.shell.keep();
  }

  private hover(hit: Hit | null, x: number | null): void {
    this.hovered = hit?.kind === 'span' ? hit.number : -1;
    this.pointerX = x === null ? null : x - this.stage.canvas.getBoundingClientRect().left;
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
    this.shell.select(number < 0 ? [] : [number], false);
  }

  private doubleClick(hit: Hit | null): void {
    const { model, hosted } = this.shell;
    const span = model.spanAt(this.spanOf(hit));
    if (hit?.kind !== 'span' || span === null) this.fit();
    else if (hosted && span.site !== null) this.shell.open(hit.number);
    else this.moveTo(revealRange({ start: 0, end: 0 }, model.startOf(span), model.endOf(span), model.wallMs));
  }

  private walk(direction: Direction): void {
    const { model, choice } = this.shell;
    const middle = (this.range.start + this.range.end) / 2;
    const next = walk(model, choice.selected[0] ?? -1, direction, middle, this.stage.lanes.map((lane) => lane.name));
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
    this.moveTo(revealRange(this.range, start, end, model.wallMs));
    const place = model.placeOf(numbers[0] ?? -1);
    const row = place === null ? null : this.stage.rowPosition(place.lane, place.row);
    if (row !== null) this.stage.scrollTo(row.top, row.bottom);
  }
}
