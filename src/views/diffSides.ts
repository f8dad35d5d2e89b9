/**
 * Two recordings in one diff editor, side by side. VS Code asks for an editor for each side and does not say that they belong
 * together: they do where both are on screen in one group of editors, whose tab then holds no editor of ours alone.
 */
import { TabInputCustom, window, type Disposable, type ViewColumn } from 'vscode';
import { recordingEditorType } from '../contributions.ts';
import { DisposableList } from '../host/disposables.ts';
import type { Run } from '../host/runs.ts';
import type { ToWebview } from '../protocol/webview.ts';

/** The editor of a recording, as one side of two. */
export interface Side {
  /** Group of editors that it is in; undefined: nowhere. */
  readonly column: ViewColumn | undefined;
  /** Its page has all of its run. */
  readonly isComplete: boolean;
  readonly visible: boolean;
  /** Null where it shows none. */
  run(): Run | null;
  post(message: ToWebview): void;
}

interface Pair {
  before: Side;
  after: Side;
}

export class DiffSides implements Disposable {
  private readonly disposables = new DisposableList();
  private readonly sides = new Set<Side>();
  private pairs: Pair[] = [];

  constructor() {
    this.disposables.add(window.tabGroups.onDidChangeTabs(() => this.settle()));
  }

  /** Recordings that stand side by side now. */
  get shown(): (readonly [before: string, after: string])[] {
    return this.pairs.map(({ before, after }) => [before.run()?.file ?? '', after.run()?.file ?? ''] as const);
  }

  add(side: Side): void {
    this.sides.add(side);
  }

  remove(side: Side): void {
    this.sides.delete(side);
    this.settle();
  }

  /** Something of a side has changed: whether it is seen, where, or whether its run is there. */
  settle(): void {
    const found = this.find();
    const same = (a: Pair, b: Pair): boolean => a.before === b.before && a.after === b.after;
    const gone = this.pairs.filter((pair) => !found.some((each) => same(each, pair)));
    const come = found.filter((pair) => !this.pairs.some((each) => same(each, pair)));
    this.pairs = found;
    for (const { before, after } of gone) for (const side of [before, after]) if (this.sides.has(side)) side.post({ type: 'beside', other: null });
    for (const pair of come) void tellOfEachOther(pair);
  }

  /** A page was made anew: it knows nothing of the other one. */
  forget(side: Side): void {
    this.pairs = this.pairs.filter(({ before, after }) => before !== side && after !== side);
  }

  /** The other side's recording, and which of them is the earlier one. */
  pairOf(side: Side): readonly [before: string, after: string] | null {
    const pair = this.pairs.find(({ before, after }) => before === side || after === side);
    const [before, after] = [pair?.before.run(), pair?.after.run()];
    return before && after ? [before.file, after.file] : null;
  }

  /** One side shows another stretch of time: so does the other. */
  moved(side: Side, range: { start: number; end: number }): void {
    for (const { before, after } of this.pairs) {
      if (before === side) after.post({ type: 'range', ...range });
      else if (after === side) before.post({ type: 'range', ...range });
    }
  }

  dispose(): void {
    this.disposables.dispose();
  }

  private find(): Pair[] {
    const byColumn = new Map<ViewColumn, Side[]>();
    for (const side of this.sides) {
      if (!side.visible || side.column === undefined) continue;
      byColumn.set(side.column, [...(byColumn.get(side.column) ?? []), side]);
    }
    return [...byColumn].flatMap(([column, [one, other, ...more]]) => {
      if (one === undefined || other === undefined || more.length > 0 || !one.isComplete || !other.isComplete || isAlone(column)) return [];
      const [first, second] = [one.run(), other.run()];
      if (first === null || second === null) return [];
      return first.startedMs <= second.startedMs ? [{ before: one, after: other }] : [{ before: other, after: one }];
    });
  }
}

/** While one tab follows another in a group, both are visible for a moment. */
function isAlone(column: ViewColumn): boolean {
  const tab = window.tabGroups.all.find(({ viewColumn }) => viewColumn === column)?.activeTab;
  return tab?.input instanceof TabInputCustom && tab.input.viewType === recordingEditorType;
}

async function tellOfEachOther({ before, after }: Pair): Promise<void> {
  const [first, second] = [before.run(), after.run()];
  if (!first?.document || !second?.document) return;
  const [{ compareRuns }, { changeTexts }] = await Promise.all([import('../analysis/comparison/compareRuns.ts'), import('../analysis/comparison/changeTexts.ts')]);
  const changes = changeTexts(compareRuns([first.document.report], [second.document.report]));
  before.post({ type: 'beside', other: { name: second.name, wallMs: second.document.report.totals.wallMs, isBefore: false, changes: [] } });
  after.post({ type: 'beside', other: { name: first.name, wallMs: first.document.report.totals.wallMs, isBefore: true, changes } });
}
