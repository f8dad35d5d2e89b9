/** Finds which of many spans overlap with a stretch of time. */
import type { Milliseconds } from '../profile/units.ts';
import type { Draft } from './drafts.ts';
import { countUpTo } from './requestSteps.ts';

export class OverlapIndex {
  readonly #inOrder: readonly Draft[];
  /** The latest end until each. */
  readonly #latestEnds: Milliseconds[] = [];

  constructor(drafts: readonly Draft[]) {
    this.#inOrder = [...drafts].sort((a, b) => a.start - b.start);
    for (const { end } of this.#inOrder) this.#latestEnds.push(Math.max(end, this.#latestEnds.at(-1) ?? -Infinity));
  }

  /** In order of start. */
  overlapping({ start, end }: { start: Milliseconds; end: Milliseconds }): Draft[] {
    const found: Draft[] = [];
    const begun = countUpTo(this.#inOrder.length, (index) => (this.#inOrder[index]?.start ?? 0) < end);
    for (let index = begun - 1; index >= 0 && (this.#latestEnds[index] ?? 0) > start; index--) {
      const draft = this.#inOrder[index];
      if (draft !== undefined && draft.end > start) found.push(draft);
    }
    return found.reverse();
  }
}
