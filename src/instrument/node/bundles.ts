/** Files that hold packages beside the program's own code: which of their lines are a package's, by the headings that bundlers write. */

/** From a line (1-based) on, whose code it is; null for the program's own. */
interface Section {
  line: number;
  package: string | null;
}

/** By the file's name as V8 has it. Empty for one without headings: minified, or a bundler's that writes none. */
const bundles = new Map<string, readonly Section[]>();

const FOLDER = 'node_modules/';
/** How an SDK that is bundled can be told where no headings are left: its errors hang on its client. */
const SDK = /\.(?:OpenAIError|AnthropicError)\s?=(?!=)/;
const PATH = String.raw`((?:\.{0,2}/)*[\w@.+-]+(?:/[\w@.+-]+)*\.[cm]?[jt]sx?)`;
/** esbuild's of modules and of what was CommonJS, webpack's of modules put together and of others. */
const HEADINGS = new RegExp(String.raw`^(?:;?// (?:CONCATENATED MODULE: )?${PATH}|  "${PATH}"\(|/\*{3}/ "${PATH}":)[^\n]*$`, 'gm');

/** Looks at the text of a file of the user's own, before it runs. True for a bundle with an SDK of a model's in it. */
export function noteBundle(source: string | Uint8Array, file: string): boolean {
  const bytes = typeof source === 'string' ? source : Buffer.from(source.buffer, source.byteOffset, source.byteLength);
  const hasPackages = bytes.includes(FOLDER);
  if (!hasPackages && !bytes.includes('.OpenAIError') && !bytes.includes('.AnthropicError')) return false;
  const text = bytes.toString();
  const sections = hasPackages ? sectionsOf(text) : [];
  const hasSdk = SDK.test(text);
  if (hasSdk || sections.length > 0) bundles.set(file, sections);
  return hasSdk;
}

function sectionsOf(text: string): Section[] {
  const sections: Section[] = [];
  let line = 1;
  let from = 0;
  for (const { index, 1: module, 2: common, 3: webpack } of text.matchAll(HEADINGS)) {
    for (let at = text.indexOf('\n', from); at !== -1 && at < index; at = text.indexOf('\n', at + 1)) line += 1;
    from = index;
    sections.push({ line, package: packageOf(module ?? common ?? webpack ?? '') });
  }
  return sections.some((section) => section.package !== null) ? sections : [];
}

/** `@scope/name` or `name` of the innermost package that a path leads into. */
function packageOf(path: string): string | null {
  return /(?:.*\/)?node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1] ?? null;
}

/** The package that a line of a bundle belongs to, as far as headings tell. */
export function bundledPackage(file: string, line: number | null): string | null {
  if (bundles.size === 0 || line === null) return null;
  const sections = bundles.get(file);
  if (sections === undefined) return null;
  let low = 0;
  let high = sections.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sections[middle]!.line <= line) low = middle + 1;
    else high = middle;
  }
  return sections[low - 1]?.package ?? null;
}

/** Whether a file is a bundle whose lines do not tell a package's code from the program's. */
export function isMixed(file: string): boolean {
  return bundles.size > 0 && bundles.get(file)?.length === 0;
}
