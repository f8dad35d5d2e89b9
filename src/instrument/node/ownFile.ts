/** The functions of one of the user's files that has probes in it, as `transform/instrumentSource.ts` lists them. */
import { isMapped, readSite, sourceSite } from './callSites.ts';
import type { Site } from './contract.ts';
import type { CallSite } from './stacks.ts';
import type { FunctionRow } from './transform/instrumentSource.ts';

/** Flags of a row. */
const ASYNC = 1;
const PASSES_ON = 2;
const RETURNS_ERRORS = 4;

/** More than a line has. */
const COLUMNS = 2 ** 26;

/** One function with a probe, and what is known of its runs. */
export interface Probe {
  name: string;
  /** Name of the tool whose work it is, as written beside it; null where none is. */
  tool: string | null;
  /** Where its name stands in the text that runs. */
  line: number;
  column: number;
  isAsync: boolean;
  passesOn: boolean;
  returnsErrors: boolean;
  calls: number;
  ms: number;
  open: number;
  site: Site | null | undefined;
}

/** A file with probes in it. */
export class OwnFile {
  readonly path: string;
  /** There is code of packages in it, which is none of the program's functions. */
  readonly isBundle: boolean;
  /** First and last place of each function, in order of the first. */
  readonly #from: Float64Array;
  readonly #to: Float64Array;
  readonly probes: (Probe | null)[];
  /** By probe, 1: not to be called. */
  readonly off: Uint8Array;
  /** The frames around the module's own code, once they were read. */
  loadedBy: readonly Site[] | null = null;
  /** It was then loaded inside of a span. */
  isLoadedInside = false;

  readonly #hasMap: boolean;
  #isRemade: boolean | null = null;

  constructor(path: string, rows: readonly FunctionRow[], { isBundle, hasMap }: { isBundle: boolean; hasMap: boolean }) {
    this.path = path;
    this.isBundle = isBundle;
    this.#hasMap = hasMap;
    this.#from = Float64Array.from(rows, ([line, column]) => placeOf(line, column));
    this.#to = Float64Array.from(rows, ([, , line, column]) => placeOf(line, column));
    this.off = new Uint8Array(rows.length).fill(1);
    this.probes = rows.map(([, , , , name, line, column, flags, tool = null]) => {
      if (name === undefined || line === undefined || column === undefined || flags === undefined) return null;
      return { name, tool, line, column, isAsync: (flags & ASYNC) !== 0, passesOn: (flags & PASSES_ON) !== 0, returnsErrors: (flags & RETURNS_ERRORS) !== 0, calls: 0, ms: 0, open: 0, site: undefined };
    });
  }

  functionAtSite(site: CallSite): number {
    const [line, column] = [site.getLineNumber() ?? 0, site.getColumnNumber() ?? 0];
    if (!this.#wasRemade()) return this.functionAt(line, column);
    const read = sourceSite(this.path, line, column, null);
    return read === null ? -1 : this.functionAt(read.line, read.column ?? 1);
  }

  /** A loader of the program's has made other code of what was read (tsx on Node 20): then places are those of the file as it was read. */
  #wasRemade(): boolean {
    return (this.#isRemade ??= !this.#hasMap && isMapped(this.path));
  }

  /** The innermost function around a place: of those that begin before it, which come in order, the last that does not end before it. */
  functionAt(line: number, column: number): number {
    const place = placeOf(line, column);
    let low = 0;
    let high = this.#from.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#from[middle]! <= place) low = middle + 1;
      else high = middle;
    }
    for (let index = low - 1; index >= 0; index -= 1) if (place <= this.#to[index]!) return index;
    return -1;
  }

  /** Null where it is not in a file of the user's. */
  siteOf(probe: Probe): Site | null {
    return (probe.site ??= this.#wasRemade() ? readSite(this.path, probe.line, probe.column, probe.name) : sourceSite(this.path, probe.line, probe.column, probe.name));
  }
}

function placeOf(line: number, column: number): number {
  return line * COLUMNS + column;
}
