// The texts that the extension shows, as they stand in its sources: `l10n/bundle.l10n.json`, which translators start from.
import { getL10nJson } from '@vscode/l10n-dev';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './paths.mjs';

/** Where sources say texts through `l10n.t`. */
const SOURCES = ['src', 'webview'];

export const bundleFile = join(root, 'l10n', 'bundle.l10n.json');

/** The bundle as the sources say it now, in order of its keys. */
export async function bundleOfSources() {
  const files = SOURCES.flatMap((folder) => readdirSync(join(root, folder), { recursive: true }).filter((name) => name.endsWith('.ts')).map((name) => join(root, folder, name)));
  // The parser takes long: files that say nothing are not given to it.
  const said = files.map((file) => readFileSync(file, 'utf8')).filter((text) => text.includes('l10n.t'));
  const bundle = await getL10nJson(said.map((contents) => ({ contents, extension: '.ts' })));
  return Object.fromEntries(Object.entries(bundle).sort(([one], [other]) => (one < other ? -1 : 1)));
}

/** The bundle as a file's text. */
export function bundleText(bundle) {
  return `${JSON.stringify(bundle, null, 2)}\n`;
}
