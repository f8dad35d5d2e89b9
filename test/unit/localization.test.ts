/** What is shown can be translated, and what is translated is whole. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { bundleFile } from '../../scripts/lib/l10nBundle.mjs';
import { manifestTexts, rawManifest, translatedLanguages } from '../fixtures/manifest.ts';
import { keysSaid, sourceFiles, textsUnsaid } from '../fixtures/sourceTexts.ts';

const bundleSchema = z.record(z.string(), z.union([z.string(), z.object({ message: z.string(), comment: z.array(z.string()) })]));
const messageOf = (entry: z.infer<typeof bundleSchema>[string]): string => (typeof entry === 'string' ? entry : entry.message);

/** Members of the manifest that VS Code shows to people. */
const SHOWN = new Set(['title', 'category', 'displayName', 'description', 'markdownDescription', 'enumDescriptions', 'contents', 'altText', 'contextualTitle', 'patternErrorMessage']);

interface Shown {
  path: string;
  text: string;
}

/** Every text of the manifest that is shown; of views the name, too. */
function shownTexts(value: unknown, path = '', isShown = false): Shown[] {
  if (typeof value === 'string') return isShown ? [{ path, text: value }] : [];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, each]) => shownTexts(each, `${path}/${name}`, isShown || SHOWN.has(name) || (name === 'name' && path.startsWith('/contributes/views/'))));
}

const english = manifestTexts(null);
const shown = shownTexts(rawManifest);

describe('the manifest', () => {
  it('has each text that is shown in package.nls.json, and there no other', () => {
    expect(shown.length).toBeGreaterThan(80);
    const keys = shown.map(({ path, text }) => {
      const key = /^%([\w.]+)%$/.exec(text)?.[1];
      expect(key, `${path} is "${text}"`).toBeDefined();
      return key;
    });
    expect([...new Set(keys)].sort()).toEqual(Object.keys(english).sort());
  });
});

/** What a translation must keep: numbered places, code, addresses of links, icons. */
const kept = (text: string): string[] => [...text.matchAll(/\{\d+\}|`[^`]*`|\]\([^)]*\)|\$\([\w~-]+\)/g)].map(([part]) => part).sort();

describe('translations of the manifest', () => {
  it.each(translatedLanguages().manifest)('into %s are whole, and keep code, links and settings', (language) => {
    const texts = manifestTexts(language);
    expect(Object.keys(texts).sort()).toEqual(Object.keys(english).sort());
    for (const [key, text] of Object.entries(texts)) expect(kept(text), key).toEqual(kept(english[key] ?? ''));
  });
});

describe('the bundle of the extension’s texts', () => {
  it('has what the sources say (npm run l10n writes it)', () => {
    expect(keysSaid(sourceFiles(['src', 'webview']))).toEqual(Object.keys(bundleSchema.parse(JSON.parse(readFileSync(bundleFile, 'utf8')))).sort());
  });
});

/** What looks like words for people and is none: names, what a person types, what only the log says. */
const NO_WORDS = new Set([
  'Agent Cost',
  'Agent Cost Profiler',
  'Scripts',
  'Enter',
  'python my_agent.py --questions 3',
  'error  running  "two words"',
  'setting agentCost.python',
  'chosen in the Python extension',
  "the workspace's virtual environment",
  'first on the PATH',
  'setting agentCost.node',
  'tsx of the workspace, node {0}',
  'ts-node of the workspace, node {0}',
  'Node {0} runs TypeScript itself',
]);

describe('the editor’s sources', () => {
  it('have no words that reach people without l10n.t', () => {
    const files = ['src/extension.ts', ...sourceFiles(['src/host', 'src/views', 'webview'])].filter((file) => !/\/(styles|palettes|theme)\.ts$/.test(file));
    expect(textsUnsaid(files).filter(({ text }) => !NO_WORDS.has(text))).toEqual([]);
  });
});

describe('translations of the bundle', () => {
  const { manifest, bundle } = translatedLanguages();

  it('are of the same languages as those of the manifest', () => {
    expect(bundle).toEqual(manifest);
    expect(bundle).toContain('de');
  });

  it.each(bundle)('into %s are whole, in the same order, and keep places, code and spaces at the ends', (language) => {
    const source = bundleSchema.parse(JSON.parse(readFileSync(bundleFile, 'utf8')));
    const texts = bundleSchema.parse(JSON.parse(readFileSync(bundleFile.replace(/json$/, `${language}.json`), 'utf8')));
    expect(Object.keys(texts)).toEqual(Object.keys(source));
    for (const [key, entry] of Object.entries(source)) {
      const [from, to] = [messageOf(entry), messageOf(texts[key] ?? '')];
      expect(to.trim(), key).not.toBe('');
      expect(kept(to), key).toEqual(kept(from));
      expect([/^\s*/.exec(to)?.[0], /\s*$/.exec(to)?.[0]], key).toEqual([/^\s*/.exec(from)?.[0], /\s*$/.exec(from)?.[0]]);
      // With its comment, as VS Code and the webviews look it up by both.
      expect(typeof texts[key], key).toBe(typeof entry);
    }
  });
});
