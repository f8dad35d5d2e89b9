/**
 * What the program computes between calls before V8's profiler looks: the first gap with much work in it is over by the time that one
 * is started. The thread's clocks tell how much, and the functions that were measured tell where, without a look at any stack.
 */
import type { Performance } from 'node:perf_hooks';
import { loadBuiltin } from './builtins.ts';
import type { Gap } from './flights.ts';

/** A thread that waits for no more than this part of a time is at work. */
const MOST_IDLE = 0.1;
/** If its process has a processor for at least this part of it: less than a program gets on a busy machine, and more than there is to do for one that stands still. */
const LEAST_CPU = 0.03;

let timing: Performance['nodeTiming'] | undefined;

/** Milliseconds for which the thread has waited so far. From Node's module, and not from the global, which the host may replace in tests of its own. */
export function idleMs(): number {
  timing ??= loadBuiltin('node:perf_hooks').performance.nodeTiming;
  return timing.idleTime;
}

// The host may replace it.
const cpuUsage = process.cpuUsage.bind(process);

/** Milliseconds that all threads of the process have computed so far. */
function cpuMs(): number {
  const { user, system } = cpuUsage();
  return (user + system) / 1000;
}

/** The work of one gap. Times are milliseconds, as `now()`. */
export class UnseenWork {
  readonly #from: number;
  readonly #idleBefore = idleMs();
  readonly #cpuBefore = cpuMs();
  /** When functions ran that were measured, the outermost of them, in order. */
  readonly #measured: Gap[] = [];

  constructor(from: number) {
    this.#from = from;
  }

  /** Of the gap so far, in milliseconds: the thread did not wait. */
  busyMs(to: number): number {
    return to - this.#from - (idleMs() - this.#idleBefore);
  }

  /** A measured function ended. Tells whether it computed all the while; `isSynchronous`: the thread cannot have waited for anything but the system. */
  ran(from: number, to: number, isSynchronous: boolean): boolean {
    if (from < this.#from) return false;
    while ((this.#measured.at(-1)?.from ?? -1) >= from) this.#measured.pop();
    this.#measured.push({ from, to });
    return (isSynchronous || idleMs() - this.#idleBefore <= (to - from) * MOST_IDLE) && this.#computes(to);
  }

  /** When none of the measured functions ran, of a gap that ends; nothing where the thread may have waited for a part of it. */
  rest(to: number): Gap[] {
    const rest: Gap[] = [];
    let at = this.#from;
    for (const run of [...this.#measured, { from: to, to }]) {
      if (run.from > at) rest.push({ from: at, to: run.from });
      at = Math.max(at, run.to);
    }
    const ms = rest.reduce((sum, each) => sum + each.to - each.from, 0);
    return idleMs() - this.#idleBefore <= ms * MOST_IDLE && this.#computes(to) ? rest : [];
  }

  /** Not so where it stood still: in a debugger, for another thread, for a disk. */
  #computes(to: number): boolean {
    return cpuMs() - this.#cpuBefore >= this.busyMs(to) * LEAST_CPU;
  }
}
