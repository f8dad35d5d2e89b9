/** What the fuzzer once found, and where it began, as part of `npm test`. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { targets } from './targets.ts';

const corpus = join(import.meta.dirname, 'corpus');

describe('kept inputs break nothing', () => {
  it('is kept for each target, and for nothing else', () => {
    expect(readdirSync(corpus).sort()).toEqual(Object.keys(targets).sort());
  });

  it.each(Object.entries(targets))('%s', (name, target) => {
    const files = readdirSync(join(corpus, name));
    expect(files.length).toBeGreaterThan(0);
    for (const file of files) {
      try {
        target(readFileSync(join(corpus, name, file)));
      } catch (error) {
        throw new Error(`corpus/${name}/${file}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
      }
    }
  });
});
