/** What of a recording cannot be read: which lines, why, and what each of them was. Pure. */

/** A line that is left out: its number in the file, from 1, and why. */
export interface LeftOut {
  line: number;
  /** The file it stands in, of a recording in several parts. */
  part?: number;
  why: string;
  /** What it was, as far as its beginning shows: `the end of call c12`. */
  lost?: string;
}

/** More of them are only counted. */
const MOST_NAMED = 20;
/** So many of these are named in a warning. */
const MOST_IN_WARNING = 3;

/** What a line's beginning says of it; the recorder writes `type` first. */
const BEGINNING = /^\{"type":"(\w{1,20})"(?:[^{}[\]]{0,60}?"id":"([^"\\]{1,40})")?/;

/** By type of line. Of calls and spans the id follows. */
const WORDS: Readonly<Record<string, string>> = {
  process: 'a program’s start',
  call: 'call',
  firstToken: 'the first token of call',
  callEnd: 'the end of call',
  span: 'span',
  spanEnd: 'the end of span',
  traceSpan: 'a span of the program’s tracing',
  gpu: 'what the GPU did',
  sample: 'a reading of an instrument',
  pause: 'a stop in the debugger',
  source: 'a source file’s hash',
  commit: 'the git commit',
  warning: 'a warning',
  backend: 'what was learned of the backend',
  end: 'the run’s end',
};

/** What a damaged line was; undefined where its beginning does not show it. */
function lostIn(text: string): string | undefined {
  const [, type = '', id] = BEGINNING.exec(text.slice(0, 200)) ?? [];
  const words = Object.hasOwn(WORDS, type) ? WORDS[type] : undefined;
  return id === undefined ? words?.replace(/(call|span)$/, 'a $1') : words && `${words} ${id}`;
}

export class Damage {
  #count = 0;
  readonly #named: LeftOut[] = [];

  /** Lines, and stretches of unknown length, that were left out. */
  get count(): number {
    return this.#count;
  }

  /** The first of them. */
  get named(): readonly LeftOut[] {
    return this.#named;
  }

  /** @param text the line, as far as there is one */
  add(place: { line: number; part: number }, why: string, text: string): void {
    this.#count++;
    if (this.#named.length >= MOST_NAMED) return;
    const lost = lostIn(text);
    this.#named.push({ line: place.line, ...(place.part > 1 ? { part: place.part } : {}), why, ...(lost === undefined ? {} : { lost }) });
  }

  /** For the user: how much, where, what was in it, and what to do. */
  get message(): string {
    const lines = this.#count === 1 ? '1 line' : `${this.#count} lines`;
    const named = this.#named.slice(0, MOST_IN_WARNING).map(({ line, part, why, lost }) => `line ${line}${part === undefined ? '' : ` of part ${part}`}${lost === undefined ? '' : `, ${lost}`}: ${why}`);
    const more = this.#count > named.length ? [`${this.#count - named.length} more`] : [];
    return `${lines} of the recording could not be read and ${this.#count === 1 ? 'is' : 'are'} left out (${[...named, ...more].join('; ')}); sums may be too low. Was the file edited or the disk full? Record the run again for exact numbers.`;
  }
}
