/** Model calls that are under way in this thread, and the gaps between an answer and the next request. */
import { enclosingSpan, holdForTurn, type Enclosing, type WireObserver } from './context.ts';
import { now } from './events.ts';
import { UnseenWork } from './unseenWork.ts';

/** Milliseconds, as `now()`. */
export interface Gap {
  from: number;
  to: number;
}

/** The thread was at work for so long in one gap, in milliseconds: there is something to see. */
export const BUSY_MS = 20;
/** A shorter stretch is not worth a line. */
const SHORTEST_MS = 1;

export class Flights {
  #count = 0;
  #busiestMs = 0;
  /** The gaps that are over and nobody has asked for; null while nobody ever has. */
  #gaps: Gap[] | null = null;
  #gapBegan: number | null = null;
  /** Of the gap that goes on, while the gaps are not kept for anybody. */
  #unseen: UnseenWork | null = null;
  /** Told what was computed in a gap that nobody looked at, outside of measured functions. */
  onUnseen: ((stretches: readonly Gap[]) => void) | null = null;
  /** Called when a call goes out, with what tells whether it still is under way. */
  onBegin: ((isUnderWay: () => boolean) => void) | null = null;

  /**
   * A call goes out from inside of `around`; what is returned is to be called when its answer was read or nobody can read it any more, and
   * may be called twice.
   */
  begin(around: Enclosing | null): () => void {
    around?.innerBegan();
    if (this.#count === 0 && this.#gapBegan !== null) {
      const to = now();
      this.#gaps?.push({ from: this.#gapBegan, to });
      // It is not worked for longer than it takes.
      if (this.#unseen !== null && to - this.#gapBegan >= BUSY_MS) this.#tellUnseen(this.#unseen, to);
    }
    this.#gapBegan = null;
    this.#unseen = null;
    this.#count += 1;
    let isOver = false;
    this.onBegin?.(() => !isOver);
    return () => {
      if (isOver) return;
      isOver = true;
      this.#count -= 1;
      // What has arrived at once is read piece by piece, which may call the program's functions.
      holdForTurn(around);
      const at = now();
      around?.innerEnded(at);
      if (this.#count > 0) return;
      this.#gapBegan = at;
      if (this.#gaps === null) this.#unseen = new UnseenWork(this.#gapBegan);
    };
  }

  #tellUnseen(work: UnseenWork, to: number): void {
    const busyMs = work.busyMs(to);
    this.#busiestMs = Math.max(this.#busiestMs, busyMs);
    if (busyMs < BUSY_MS) return;
    const stretches = work.rest(to).filter((stretch) => stretch.to - stretch.from >= SHORTEST_MS);
    if (stretches.length > 0) this.onUnseen?.(stretches);
  }

  /** A function that was measured ended. Tells whether it is known to have computed all the while; what a profiler looks at, it tells itself. */
  computed(from: number, to: number, isSynchronous: boolean): boolean {
    return this.#unseen?.ran(from, to, isSynchronous) ?? false;
  }

  /** For how many milliseconds the thread was at work in the busiest of the gaps that are over. */
  get busiestMs(): number {
    return this.#busiestMs;
  }

  /** The gaps since this was asked last, the one that is going on included as far as it got. Those before the first time are not kept. */
  takeGaps(): Gap[] {
    const gaps = this.#gaps ?? [];
    this.#gaps = [];
    this.#unseen = null;
    if (this.#gapBegan !== null) {
      const to = now();
      gaps.push({ from: this.#gapBegan, to });
      this.#gapBegan = to;
    }
    return gaps;
  }
}

/** Tells of a call that goes through undici from its diagnostics channels. One that is mocked never begins. */
export class Flight implements WireObserver {
  readonly #flights: Flights;
  /** A header that its request is to carry, and where that goes. */
  header: { name: string; value: string; url: string } | null = null;
  #end: (() => void) | null = null;

  constructor(flights: Flights) {
    this.#flights = flights;
  }

  created(request: { origin?: unknown; addHeader?: (name: string, value: string) => unknown }): void {
    const { header } = this;
    // What a body in pieces asks for on its way goes elsewhere.
    if (header !== null && typeof request.origin === 'string' && header.url.startsWith(request.origin)) request.addHeader?.(header.name, header.value);
    this.#end ??= this.#flights.begin(enclosingSpan());
  }

  /** Its body has arrived. */
  done(): void {
    this.#end?.();
  }

  failed(): void {
    this.#end?.();
  }
}
