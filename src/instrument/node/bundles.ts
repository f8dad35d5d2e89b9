/**
 * Files that hold packages beside the program's own code: which of it is a package's, by the headings that bundlers write, and where
 * there are none by the source map, whether the process applies it or not.
 */
import type { Section } from './transform/codeMap.ts';

/** By the file's name as V8 has it. Empty for one of which it cannot be told: minified, without a map. */
const bundles = new Map<string, readonly Section[]>();
/** Files that may be bundles, by what is to be read of them when somebody asks. */
const unread = new Map<string, () => readonly Section[]>();

const FOLDER = 'node_modules/';
/** How an SDK that is bundled can be told where no headings are left: its errors hang on its client. */
const SDK = /\.(?:OpenAIError|AnthropicError)\s?=(?!=)/;
const PATH = String.raw`((?:\.{0,2}/)*[\w@.+-]+(?:/[\w@.+-]+)*\.[cm]?[jt]sx?)`;
/** esbuild's and Rolldown's of modules and of what was CommonJS, webpack's of modules put together, of others and of those without a name, and of its own code. */
const HEADINGS = new RegExp(String.raw`^(?:;?//(?:#region)? (?:CONCATENATED MODULE: )?${PATH}|  "${PATH}"\(|/\*{3}/ (?:"${PATH}"|[\d"(].*(?<![,;])$)|/\*{20,}/$)[^\n]*$`, 'gm');

/** What a file of the user's turned out to be. */
export interface Noted {
  /** A bundle with an SDK of a model's in it. */
  hasSdk: boolean;
  /** Whose lines are whose; empty where no headings tell. */
  sections: readonly Section[];
}

/**
 * Looks at the text of a file of the user's own, before it runs. `readMap` tells whose code it is by the map that a reference (the end of
 * the text) leads to; null where the process applies maps, which tells as well.
 */
export function noteBundle(text: string, file: string, readMap: ((reference: string) => readonly Section[]) | null): Noted {
  const sections = text.includes(FOLDER) ? sectionsOf(text) : [];
  const hasSdk = SDK.test(text);
  if (hasSdk || sections.length > 0) bundles.set(file, sections);
  const reference = sections.length === 0 && readMap !== null ? referenceIn(text) : null;
  if (reference !== null && readMap !== null) unread.set(file, () => readMap(reference));
  return { hasSdk, sections };
}

function referenceIn(text: string): string | null {
  const at = text.lastIndexOf('sourceMappingURL=');
  return at < 4 ? null : text.slice(at - 4);
}

function sectionsOf(text: string): Section[] {
  const sections: Section[] = [];
  let line = 1;
  let from = 0;
  for (const { index, 1: module, 2: common, 3: webpack } of text.matchAll(HEADINGS)) {
    for (let at = text.indexOf('\n', from); at !== -1 && at < index; at = text.indexOf('\n', at + 1)) line += 1;
    from = index;
    const path = module ?? common ?? webpack ?? '';
    const name = packageOf(path);
    sections.push({ line, column: 1, package: name, isOwn: name === null && path !== '' });
  }
  return sections.some((section) => section.package !== null) ? sections : [];
}

/** `@scope/name` or `name` of the innermost package that a path leads into. */
function packageOf(path: string): string | null {
  return /(?:.*\/)?node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1] ?? null;
}

/** By the map as well, which is read when a file is asked for the first time. */
function sectionsFor(file: string): readonly Section[] | undefined {
  const read = unread.get(file);
  if (read !== undefined) {
    unread.delete(file);
    const sections = read();
    if (sections.length > 0) bundles.set(file, sections);
  }
  return bundles.get(file);
}

/** The package that a place in a bundle belongs to, as far as that is known. */
export function bundledPackage(file: string, line: number | null, column: number | null = null): string | null {
  if (bundles.size + unread.size === 0 || line === null) return null;
  const sections = sectionsFor(file);
  if (sections === undefined) return null;
  let low = 0;
  let high = sections.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const section = sections[middle]!;
    if (section.line < line || (section.line === line && section.column <= (column ?? 1))) low = middle + 1;
    else high = middle;
  }
  return sections[low - 1]?.package ?? null;
}

/** Whether a file is a bundle of which it is not known what is a package's code and what the program's. */
export function isMixed(file: string): boolean {
  return bundles.size + unread.size > 0 && sectionsFor(file)?.length === 0;
}
