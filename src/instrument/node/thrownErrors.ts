/**
 * Which of the program's synchronous functions threw. Their probes cannot tell: to catch an error and throw it again would move the place
 * that Node prints. It is known where the error arrives: in a `catch` of the user's, at the end of an asynchronous function, or nowhere.
 */

/** A run of a synchronous function that is over. */
export interface MayHaveThrown {
  /** The function may return an error that it made. */
  readonly returnsErrors: boolean;
  /** Whether a line of a stack is of the function: its name, and its place (`/…/agent.mjs:3:9`). */
  isAt(name: string, place: string): boolean;
  failed(error: unknown): void;
}

/** Runs that are kept of one turn of the event loop; of more, the last. */
const MOST_KEPT = 50;
/** `at Tools.search [as run] (/…/agent.mjs:3:9)`: the function's own name, and the place. */
const LINE = /^ {4}at (?:new )?(?:[^ (]*\.)?([^ .(]+)(?: \[as [^\]]*\])? \((.*)\)$/;

export class ThrownErrors {
  /** Of this turn of the event loop, and not caught yet. */
  #ended: MayHaveThrown[] = [];

  mayHaveThrown(run: MayHaveThrown): void {
    if (this.#ended.length >= MOST_KEPT) this.#ended.shift();
    this.#ended.push(run);
  }

  /** The turn is over, and it is written down what became of the run. */
  settled(run: MayHaveThrown): void {
    if (this.#ended.includes(run)) this.#ended = [];
  }

  /**
   * An error arrived. Of the runs that just ended those threw it which its stack shows. What a function makes and returns shows it as well:
   * where one of them does that, nothing is told. Raises nothing.
   */
  caught(error: unknown): void {
    if (this.#ended.length === 0) return;
    const ended = this.#ended;
    this.#ended = [];
    try {
      if (!(error instanceof Error) || typeof error.stack !== 'string') return;
      const lines = error.stack.split('\n').flatMap((line) => {
        const [, name, place] = LINE.exec(line) ?? [];
        return name === undefined || place === undefined ? [] : [{ name, place }];
      });
      const thrown = ended.filter((run) => lines.some(({ name, place }) => run.isAt(name, place)));
      if (!thrown.some((run) => run.returnsErrors)) for (const run of thrown) run.failed(error);
    } catch {
      // A stack that the program makes itself, and that fails.
    }
  }
}
