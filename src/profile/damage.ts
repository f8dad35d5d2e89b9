/** What of a recording cannot be read: which lines, why, and what each of them was. Pure. */
import * as l10n from '@vscode/l10n';
import { formatCount } from './formatCount.ts';
import { localNumber } from './language.ts';

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

/** By type of line. */
const WORDS: Readonly<Record<string, string>> = {
  process: l10n.t('a program’s start'),
  call: l10n.t('a call'),
  firstToken: l10n.t('the first token of a call'),
  callEnd: l10n.t('the end of a call'),
  span: l10n.t('a span'),
  spanEnd: l10n.t('the end of a span'),
  traceSpan: l10n.t('a span of the program’s tracing'),
  gpu: l10n.t('what the GPU did'),
  sample: l10n.t('a reading of an instrument'),
  pause: l10n.t('a stop in the debugger'),
  source: l10n.t('a source file’s hash'),
  commit: l10n.t('the git commit'),
  warning: l10n.t('a warning'),
  backend: l10n.t('what was learned of the backend'),
  end: l10n.t('the run’s end'),
};

/** Where the id of a call or a span is known, too. */
const WORDS_WITH_ID: Readonly<Record<string, (id: string) => string>> = {
  call: (id) => l10n.t('call {0}', id),
  firstToken: (id) => l10n.t('the first token of call {0}', id),
  callEnd: (id) => l10n.t('the end of call {0}', id),
  span: (id) => l10n.t('span {0}', id),
  spanEnd: (id) => l10n.t('the end of span {0}', id),
};

/** What a damaged line was; undefined where its beginning does not show it. */
function lostIn(text: string): string | undefined {
  const [, type = '', id] = BEGINNING.exec(text.slice(0, 200)) ?? [];
  if (!Object.hasOwn(WORDS, type)) return undefined;
  return id !== undefined && Object.hasOwn(WORDS_WITH_ID, type) ? WORDS_WITH_ID[type]?.(id) : WORDS[type];
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
    const named = this.#named.slice(0, MOST_IN_WARNING).map(({ line, part, why, lost }) => `${part === undefined ? l10n.t('line {0}', line) : l10n.t('line {0} of part {1}', line, part)}${lost === undefined ? '' : `, ${lost}`}: ${why}`);
    const more = this.#count > named.length ? [l10n.t('{0} more', localNumber(this.#count - named.length))] : [];
    const what = [...named, ...more].join('; ');
    const leftOut =
      this.#count === 1
        ? l10n.t('{0} of the recording could not be read and is left out ({1}); sums may be too low.', formatCount(1, 'line'), what)
        : l10n.t('{0} of the recording could not be read and are left out ({1}); sums may be too low.', formatCount(this.#count, 'line'), what);
    return `${leftOut} ${l10n.t('Was the file edited or the disk full? Record the run again for exact numbers.')}`;
  }
}
