// `npm run l10n`: writes the texts of the sources into `l10n/bundle.l10n.json`, and says what each translation lacks or has too much.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { bundleFile, bundleOfSources, bundleText } from './lib/l10nBundle.mjs';
import { root } from './lib/paths.mjs';

const bundle = await bundleOfSources();
writeFileSync(bundleFile, bundleText(bundle));
console.log(`${basename(bundleFile)}: ${Object.keys(bundle).length} texts`);

/** What a translation and its source do not share. */
function compare(source, file) {
  const translation = JSON.parse(readFileSync(file, 'utf8'));
  const lacking = Object.keys(source).filter((key) => !(key in translation));
  const unknown = Object.keys(translation).filter((key) => !(key in source));
  console.log(`${basename(file)}: ${lacking.length} texts are missing, ${unknown.length} are no longer said`);
  for (const key of lacking) console.log(`  + ${key}`);
  for (const key of unknown) console.log(`  - ${key}`);
}

const manifestTexts = join(root, 'package.nls.json');
for (const [folder, pattern, source] of [
  [dirname(bundleFile), /^bundle\.l10n\.[\w-]+\.json$/, bundle],
  [root, /^package\.nls\.[\w-]+\.json$/, JSON.parse(readFileSync(manifestTexts, 'utf8'))],
]) {
  for (const name of readdirSync(folder).filter((each) => pattern.test(each)).sort()) compare(source, join(folder, name));
}
