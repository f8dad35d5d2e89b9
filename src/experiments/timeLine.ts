/** Things that are due at a time, the earliest first; of those of one time, the one that was put in first. */
import type { Milliseconds } from '../profile/units.ts';

interface Due<T> {
  at: Milliseconds;
  order: number;
  item: T;
}

/** A binary heap. */
export class TimeLine<T> {
  readonly #heap: Due<T>[] = [];
  #order = 0;

  /** When the next is due; null when nothing is. */
  get next(): Milliseconds | null {
    return this.#heap[0]?.at ?? null;
  }

  add(at: Milliseconds, item: T): void {
    const due = { at, order: this.#order++, item };
    let place = this.#heap.push(due) - 1;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      if (!before(due, this.#heap[parent]!)) break;
      this.#heap[place] = this.#heap[parent]!;
      place = parent;
    }
    this.#heap[place] = due;
  }

  /** Takes out the next; undefined when there is none. */
  take(): { at: Milliseconds; item: T } | undefined {
    const first = this.#heap[0];
    const last = this.#heap.pop();
    if (first === undefined || last === undefined || this.#heap.length === 0) return first;
    let place = 0;
    for (;;) {
      let child = 2 * place + 1;
      if (child >= this.#heap.length) break;
      if (child + 1 < this.#heap.length && before(this.#heap[child + 1]!, this.#heap[child]!)) child += 1;
      if (!before(this.#heap[child]!, last)) break;
      this.#heap[place] = this.#heap[child]!;
      place = child;
    }
    this.#heap[place] = last;
    return first;
  }
}

function before<T>(a: Due<T>, b: Due<T>): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}
