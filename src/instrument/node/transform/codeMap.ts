/** The source map of running code: whose its parts are, what they were called, and itself moved along where text is added. */
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { decode, encode, type SourceMapMappings, type SourceMapSegment } from '@jridgewell/sourcemap-codec';

/** From a place (1-based) on, whose code it is. */
export interface Section {
  line: number;
  column: number;
  /** Its name; null for the program's own, and what a bundler adds. */
  package: string | null;
  /** A file of the program's, and not of the bundler's. */
  isOwn: boolean;
}

interface MapText {
  sources: (string | null)[];
  sourceRoot?: string;
  mappings: string;
  names?: string[];
}

const REFERENCE = /\/\/[#@] ?sourceMappingURL=(\S+)\s*$/;
const INLINE = /^data:application\/json[^,\s]*?;base64,([A-Za-z0-9+/=]+)$/;
const FOLDER = 'node_modules/';
/** What bundlers and their plugins put between the modules. */
const BUNDLERS = /^(?:\0|(?:webpack:\/\/[^/]*\/)?(?:webpack\/|external |ignored |\(webpack\)))/;

/** What a text says at its end of where its map is. */
export function mapReference(text: string): string | null {
  const at = text.lastIndexOf('sourceMappingURL=');
  return at === -1 ? null : (REFERENCE.exec(text.slice(Math.max(0, at - 4)))?.[1] ?? null);
}

/** `@scope/name` or `name` of the innermost package that a source's path leads into. */
export function packageIn(path: string): string | null {
  return /(?:.*\/)?node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1] ?? null;
}

export class CodeMap {
  readonly isInline: boolean;
  /** It is that of a bundle with packages in it. */
  readonly namesPackages: boolean;
  readonly #text: string;
  readonly #map: MapText;
  readonly #base: URL;
  readonly #packages: (string | null)[];
  readonly #areOwn: boolean[];
  #decoded: SourceMapMappings | null = null;

  /**
   * Raises an error for a map that is not there or not understood, such as one in sections.
   * @param file of the code, as V8 has it: a path or a `file:` URL
   */
  constructor(reference: string, file: string) {
    const code = file.startsWith('file:') ? new URL(file) : pathToFileURL(file);
    const encoded = INLINE.exec(reference)?.[1];
    this.isInline = encoded !== undefined;
    this.#base = encoded === undefined ? new URL(reference, code) : code;
    const text = encoded === undefined ? readFileSync(this.#base, 'utf8') : Buffer.from(encoded, 'base64').toString('utf8');
    const map = JSON.parse(text) as Partial<MapText>;
    if (typeof map.mappings !== 'string' || !Array.isArray(map.sources)) throw new TypeError('a source map without mappings');
    this.#text = text;
    this.#map = map as MapText;
    const sources = map.sources.map((source) => `${map.sourceRoot ?? ''}${source ?? '\0'}`);
    this.#packages = sources.map((source) => (source.includes(FOLDER) ? packageIn(source) : null));
    this.#areOwn = sources.map((source, index) => this.#packages[index] === null && !BUNDLERS.test(source));
    this.namesPackages = this.#packages.some((name) => name !== null);
  }

  get #mappings(): SourceMapMappings {
    return (this.#decoded ??= decode(this.#map.mappings));
  }

  /** What stood at a place (0-based) of the running code, where that was another name. */
  nameAt(line: number, column: number): string | null {
    const segment = this.#segmentAt(line, column);
    return segment?.length === 5 && segment[0] === column ? (this.#map.names?.[segment[4]] ?? null) : null;
  }

  /** The last of a line that does not begin behind the column. */
  #segmentAt(line: number, column: number): SourceMapSegment | undefined {
    const segments = this.#mappings[line] ?? [];
    let low = 0;
    let high = segments.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (segments[middle]![0] <= column) low = middle + 1;
      else high = middle;
    }
    return segments[low - 1];
  }

  /** Whose code it is, from place to place. */
  sections(): Section[] {
    const sections: Section[] = [];
    let last = -1;
    for (const [line, segments] of this.#mappings.entries()) {
      for (const [column, source] of segments) {
        if (source === undefined || source === last) continue;
        last = source;
        const of = { package: this.#packages[source] ?? null, isOwn: this.#areOwn[source] === true };
        const before = sections.at(-1);
        if (before?.package !== of.package || before.isOwn !== of.isOwn) sections.push({ line: line + 1, column: column + 1, ...of });
      }
    }
    return sections;
  }

  /** The map of what the code is once text is added to it, in a comment's reference. `move`: sets the columns of a line (0-based), in order, to what they are then. */
  moved(move: (line: number, segments: SourceMapSegment[]) => void): string {
    for (const [line, segments] of this.#mappings.entries()) move(line, segments);
    const mappings = JSON.stringify(encode(this.#mappings));
    // What the sources say is most of a map: it stays as it is written.
    const text = this.#text.replace(JSON.stringify(this.#map.mappings), () => mappings);
    return `data:application/json;base64,${Buffer.from(this.isInline ? text : this.#seenFromCode(text)).toString('base64')}`;
  }

  /** From where the code is, sources are not seen as from where the map is. Of two members with one name the last is read. */
  #seenFromCode(text: string): string {
    const sources = this.#map.sources.map((source) => new URL(`${this.#map.sourceRoot ?? ''}${source ?? ''}`, this.#base).href);
    return `${text.slice(0, text.lastIndexOf('}'))},"sources":${JSON.stringify(sources)},"sourceRoot":""}`;
  }
}
