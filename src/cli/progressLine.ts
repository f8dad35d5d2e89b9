/** A line about long work on stderr: kept up to date on a terminal, elsewhere a line for each news. */

export class ProgressLine {
  readonly #output: NodeJS.WriteStream;
  #shown = '';

  constructor(output: NodeJS.WriteStream) {
    this.#output = output;
  }

  /** @param news whether it is worth a line where lines stay */
  show(text: string, news: boolean): void {
    if (text === this.#shown) return;
    if (this.#output.isTTY) this.#output.write(`\r\x1b[K${text}`);
    else if (news) this.#output.write(`${text}\n`);
    else return;
    this.#shown = text;
  }

  /** Makes room for what is printed next. */
  clear(): void {
    if (this.#output.isTTY && this.#shown !== '') this.#output.write('\r\x1b[K');
    this.#shown = '';
  }
}

/**
 * How long the rest of like pieces of work may take, guessed from those that are done; null before the first is.
 * @param elapsedMs from the start to the end of the last that is done
 * @param sinceMs from then to now: those at work have had so much of their share
 */
export function timeLeftMs({ total, done, elapsedMs, sinceMs }: { total: number; done: number; elapsedMs: number; sinceMs: number }): number | null {
  if (done === 0) return null;
  return total <= done ? 0 : Math.max(0, (elapsedMs / done) * (total - done) - sinceMs);
}
