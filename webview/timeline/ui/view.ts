/** What the page offers to its views, and what it asks of them. */
import type { ReportSpan } from '../../../src/profile/report.ts';
import type { Theme } from '../../common/theme.ts';
import type { CallCost } from '../model/callCosts.ts';
import type { TimelineModel } from '../model/timelineModel.ts';
import type { ViewRange } from '../model/viewRange.ts';
import type { DetailActions } from './details.ts';

/** What is selected and found: the same in every view. */
export interface Choice {
  /** Numbers of selected spans; the first is the one in the details. */
  selected: readonly number[];
  /** Numbers of found spans, in order of start; null when no search is on. */
  found: readonly number[] | null;
  /** The found span that was stepped to, or -1. */
  current: number;
}

/** The page around the views. */
export interface Shell {
  readonly model: TimelineModel;
  readonly theme: Theme;
  readonly choice: Choice;
  /** What each call cost, as the model is now. */
  readonly costs: readonly CallCost[];
  /** A side panel's width. */
  readonly narrow: boolean;
  /** False in an exported page, which has no sources to open. */
  readonly hosted: boolean;
  /** When a call's output came, as gaps in milliseconds; null where that is not known, or not yet: the timeline is drawn again when it is. */
  chunkGapsOf(span: ReportSpan): readonly number[] | null;
  /** Selects spans by number, in every view; `reveal`: the view brings them into sight. */
  select(numbers: readonly number[], reveal: boolean): void;
  /** Opens the source line of a span, if it has one: of a frame of its chain, 0 the innermost. */
  open(number: number, frame?: number): void;
  /** What the details' links do. */
  readonly detailActions: DetailActions;
  /**
   * Shows in the details something else than what is selected, until something is selected. It is made anew when the model changes;
   * null ends it.
   */
  explain(make: (() => HTMLElement[] | null) | null): void;
  /** Tells those who hear the page. */
  announce(sentence: string): void;
  /** Goes to the next or previous of the found spans. */
  stepFound(direction: 1 | -1): void;
  /** Ends the search, or without one the selection. */
  clear(): void;
  /** Keeps the state of the page soon, as something of it has changed. */
  keep(): void;
  /** Another stretch of time is shown. */
  rangeMoved(range: ViewRange): void;
  /** The header's own state has changed. */
  showHeader(): void;
}

/** One way to look at the run. It is told of changes only while it is shown, and of all of them (`refresh`) when it is shown again. */
export interface View {
  readonly root: HTMLElement;
  /** Takes the keyboard's focus. */
  focus(): void;
  /** Shows the whole run. Absent where nothing can be left out. */
  fit?(): void;
  /** The model has changed; `rows`: perhaps in how many rows it takes. */
  refresh(rows: boolean): void;
  /** The selection or what was found has changed; `reveal`: bring the selection into sight. */
  choiceChanged(reveal: boolean): void;
  /** The theme has other colours. */
  themeChanged(): void;
  /** The room has another size. */
  resized(): void;
  /** How the reader has set it, for all runs: given to its constructor when the page is made anew. */
  settings?(): unknown;
}
