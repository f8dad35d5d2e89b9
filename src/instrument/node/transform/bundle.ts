/** Files that hold packages beside the program's own code: which of it is the program's, and what it was called before it was minified. */
import { CodeMap, mapReference, type Section } from './codeMap.ts';
import type { Lines } from './places.ts';
import type { Tree } from './trees.ts';

/** What can be read whole, and of what has headings the part that is the program's. */
const MOST_LETTERS = 1024 * 1024;
/** Letters of a line, on average, beyond which a text is taken for minified. */
const LONG_LINES = 200;
/** A text of so many in which that is so has no function in it that has a line to itself. */
const LONG_TEXT = 100_000;
/** How bundlers head the modules of packages that they put into one file. */
const BUNDLED_PACKAGE = /^\s*(?:\/\/|\/\*+!?|"|!\*\*\*) ?(?:\.{0,2}\/)*node_modules\//m;

/** What stands in the place of a package, with blanks in its middle. */
const EMPTY = '\n/**/\n';

/** Of files that were looked at: their maps are read once. */
const known = new Map<string, readonly Section[]>();

/** Code of which the process applies the map, or nobody. */
export interface Code {
  text: string;
  file: string;
  lines: Lines;
  /** By headings; empty where there are none. */
  headed: readonly Section[];
  isApplied: boolean;
}

/** What is to be seen of a file; null where it cannot be told whose code it is, or nothing could be added to it. */
export function bundleOf({ text, file, lines, headed, isApplied }: Code): Bundle | null {
  const isMinified = text.length > lines.count * LONG_LINES;
  if (isMinified && !isApplied && text.length > LONG_TEXT) return null;
  // Where headings tell, and nothing is moved, the map need not be read. webpack's do not name all modules.
  const isHeaded = headed.length > 0 && !headed.some(({ package: name, isOwn }) => name === null && !isOwn);
  const reference = isHeaded && !isMinified ? null : mapReference(text);
  const map = reference === null ? null : readMap(reference, file);
  // It would stay as it is, and tell wrong places.
  if (map === null && isApplied && reference?.startsWith('data:application/json') === true) return null;
  const sections = map?.namesPackages === true ? map.sections() : headed;
  if (reference !== null && !isApplied) known.set(file, sections);
  if (sections.length === 0 && BUNDLED_PACKAGE.test(text)) return null;
  const moved = isApplied && map !== null && (map.isInline || map.namesPackages || isMinified) ? map : null;
  return new Bundle(lines, sections, map, moved, headed);
}

/** Whose code a bundle without headings is, from place to place, by the map that the end of its text names; empty where that does not tell. */
export function packageSections(text: string, file: string): readonly Section[] {
  const sections = known.get(file);
  if (sections !== undefined) return sections;
  const reference = mapReference(text);
  const map = reference === null ? null : readMap(reference, file);
  return map?.namesPackages === true ? map.sections() : [];
}

function readMap(reference: string, file: string): CodeMap | null {
  try {
    return new CodeMap(reference, file);
  } catch {
    // Not there, or not understood.
    return null;
  }
}

export class Bundle {
  /** The map that is to be moved along with what is added; null where nothing may move. */
  readonly moved: CodeMap | null;
  readonly #lines: Lines;
  readonly #sections: readonly Section[];
  readonly #map: CodeMap | null;
  readonly #headed: readonly Section[];
  #blanked = 0;

  constructor(lines: Lines, sections: readonly Section[], map: CodeMap | null, moved: CodeMap | null, headed: readonly Section[]) {
    this.#lines = lines;
    this.#sections = sections;
    this.#map = map;
    this.moved = moved;
    this.#headed = headed;
  }

  /** False for a file that is no bundle: all of it is the program's. */
  get hasPackages(): boolean {
    return this.#sections.length > 0;
  }

  /** Whether the code at an offset is of a file of the program's own. */
  isOwn(offset: number): boolean {
    return !this.hasPackages || this.#sections[this.#indexAt(offset)]?.isOwn === true;
  }

  /** Whether all of a part is of one that is not. */
  isForeign({ start, end }: Tree): boolean {
    if (!this.hasPackages) return false;
    const index = this.#indexAt(start);
    return this.#sections[index]?.isOwn !== true && index === this.#indexAt(end - 1);
  }

  /** The last section that begins at an offset or before; -1 where none does. */
  #indexAt(offset: number): number {
    const line = this.#lines.lineOf(offset) + 1;
    const column = offset - this.#lines.start(line - 1) + 1;
    let low = 0;
    let high = this.#sections.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const section = this.#sections[middle]!;
      if (section.line < line || (section.line === line && section.column <= column)) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  /** What a name was before it was minified, where that is known. */
  nameAt(offset: number): string | null {
    const line = this.#lines.lineOf(offset);
    return this.#map?.nameAt(line, offset - this.#lines.start(line)) ?? null;
  }

  /** The program as `read` reads it, without the packages where that is possible. Raises the error of `read`, and one where there is too much to read. */
  parsed(running: string, read: (code: string) => Tree): Tree {
    const own = this.#headed.length > 0 ? this.#withoutPackages(running) : running;
    if (own.length - this.#blanked > MOST_LETTERS) throw new RangeError('too large to be read');
    try {
      return read(own);
    } catch (error) {
      // A heading that was none, or one in the middle of something.
      if (own === running || running.length > MOST_LETTERS) throw error;
      return read(running);
    }
  }

  /** The text with a comment in the place of each package, of which most of a bundle is. */
  #withoutPackages(text: string): string {
    const parts: string[] = [];
    let from = 0;
    for (const [index, section] of this.#headed.entries()) {
      if (section.package === null) continue;
      const start = this.#lines.start(section.line - 1);
      const next = this.#headed[index + 1];
      const end = next === undefined ? text.length : this.#lines.start(next.line - 1);
      if (end - start < EMPTY.length) continue;
      parts.push(text.slice(from, start), `${EMPTY.slice(0, 3).padEnd(end - start - 3)}${EMPTY.slice(3)}`);
      this.#blanked += end - start;
      from = end;
    }
    parts.push(text.slice(from));
    return parts.join('');
  }
}
