/**
 * Rows of a lane, in branches. A span goes into the row below its parent's; where that is taken, as its siblings run at the same
 * time, it begins a branch of its own beside it, whose rows stay together. A branch that is over is used again.
 */
import * as l10n from '@vscode/l10n';

/** Whose spans a branch has at its top: the parent's number, or without one the thread. */
export type Owner = number | string;

interface Branch {
  /** By depth, from `base` on. */
  rows: number[];
  base: number;
  owner: Owner;
  beside: Branch[];
  /** Of the spans at its top; null once they differ, undefined before the first. */
  thread: string | null | undefined;
  name: string | null | undefined;
}

export class Branches {
  private readonly roots: Branch[] = [];
  /** By row. */
  private readonly branchOf: Branch[] = [];
  private readonly depthOf: number[] = [];
  private order: { rows: number[]; places: number[]; tops: Branch[] } | null = null;

  /**
   * The row for a span; one more than there are if it needs a new one.
   * @param parentRow -1 for what is at the lane's top
   * @param isOver whether what owns a branch is over
   */
  rowFor(parentRow: number, owner: Owner, isFree: (row: number) => boolean, isOver: (owner: Owner) => boolean): number {
    const parent = this.branchOf[parentRow];
    const depth = parent === undefined ? 0 : (this.depthOf[parentRow] as number) + 1;
    if (parent !== undefined) {
      const below = parent.rows[depth - parent.base];
      if (below === undefined) return this.addRow(parent);
      if (isFree(below)) return below;
    }
    const beside = parent?.beside ?? this.roots;
    let over = -1;
    for (const branch of beside) {
      const row = branch.rows[0];
      if (branch.base !== depth || row === undefined || !isFree(row)) continue;
      if (branch.owner === owner) return row;
      if (over < 0 && isOver(branch.owner)) over = row;
    }
    if (over >= 0) return over;
    const branch: Branch = { rows: [], base: depth, owner, beside: [], thread: undefined, name: undefined };
    beside.push(branch);
    return this.addRow(branch);
  }

  private addRow(branch: Branch): number {
    const row = this.branchOf.push(branch) - 1;
    this.depthOf.push(branch.base + branch.rows.length);
    branch.rows.push(row);
    this.order = null;
    return row;
  }

  /** A span was put into a row: the top one of a branch gives it its owner and name. */
  note(row: number, owner: Owner, thread: string | null, name: string): void {
    const branch = this.branchOf[row];
    if (branch === undefined || branch.rows[0] !== row) return;
    branch.owner = owner;
    branch.thread = branch.thread === undefined || branch.thread === thread ? thread : null;
    branch.name = branch.name === undefined || branch.name === name ? name : null;
  }

  private ordered(): NonNullable<typeof this.order> {
    if (this.order !== null) return this.order;
    const order = { rows: [] as number[], places: [] as number[], tops: [] as Branch[] };
    const visit = (branch: Branch): void => {
      order.tops.push(branch);
      order.rows.push(...branch.rows);
      branch.beside.forEach(visit);
    };
    this.roots.forEach(visit);
    order.rows.forEach((row, place) => (order.places[row] = place));
    this.order = order;
    return order;
  }

  /** Where a row stands on screen, from the lane's top. */
  placeOf(row: number): number {
    return this.ordered().places[row] ?? row;
  }

  /** The row that stands at a place. */
  rowAt(place: number): number {
    return this.ordered().rows[place] ?? place;
  }

  /** Branches beyond the first, by the place of their first row: their thread if no other has it, else what is in them, else a number. */
  names(): { place: number; name: string }[] {
    const { tops, places } = this.ordered();
    return tops.slice(1).map((branch, index) => {
      const ownThread = typeof branch.thread === 'string' && tops.every((other) => other === branch || other.thread !== branch.thread);
      return { place: places[branch.rows[0] ?? 0] ?? 0, name: (ownThread ? branch.thread : branch.name) ?? l10n.t`branch ${index + 2}` };
    });
  }
}
