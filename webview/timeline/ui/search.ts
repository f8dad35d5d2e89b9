/** The search over a run's spans: what was found, and which of it was stepped to. */
import * as l10n from '@vscode/l10n';
import { localNumber } from '../../../src/profile/language.ts';
import { readQuery } from '../model/searchQuery.ts';
import type { TimelineModel } from '../model/timelineModel.ts';

export class Search {
  /** Numbers of found spans, in order of start; null when no search is on. */
  found: readonly number[] | null = null;
  current = -1;
  /** What of the query can't be understood, or null. */
  problem: string | null = null;

  /** Searches anew. An empty query ends the search. */
  run(query: string, model: TimelineModel): void {
    const read = readQuery(query);
    this.problem = read?.problem ?? null;
    if (read === null) {
      this.found = null;
      return;
    }
    const found: number[] = [];
    model.eachSpan((span, number) => {
      if (read.test(span)) found.push(number);
    });
    this.found = found;
    if (!found.includes(this.current)) this.current = -1;
  }

  /** As before any search: the spans are others. */
  forget(): void {
    this.found = null;
    this.problem = null;
    this.current = -1;
  }

  /** The next or the one before, around the ends; -1 when there is none. */
  step(direction: 1 | -1): number {
    const { found } = this;
    if (found === null || found.length === 0) return -1;
    const at = found.indexOf(this.current);
    this.current = found[at < 0 ? (direction === 1 ? 0 : found.length - 1) : (at + direction + found.length) % found.length] ?? -1;
    return this.current;
  }

  /** `3 of 12`, or what of the query can't be understood; empty without a search. */
  get countText(): string {
    const { found } = this;
    if (this.problem !== null) return this.problem;
    if (found === null) return '';
    const at = found.indexOf(this.current);
    return found.length === 0 ? l10n.t('none found') : at < 0 ? l10n.t`${localNumber(found.length)} found` : l10n.t`${localNumber(at + 1)} of ${localNumber(found.length)}`;
  }
}
