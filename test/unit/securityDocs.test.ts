/** SECURITY.md's promises have the tests that they name. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const root = join(import.meta.dirname, '../..');
const promises = readFileSync(join(root, 'SECURITY.md'), 'utf8').split('\n').filter((line) => line.startsWith('| ') && !line.startsWith('| promise'));

it('has promises', () => {
  expect(promises.length).toBeGreaterThan(15);
});

it.each(promises)('%s', (promise) => {
  const [, file = '', name = ''] = /\| `(test\/[^`]+)`: (.+) \|$/.exec(promise) ?? [];
  const tests = [...readFileSync(join(root, file), 'utf8').matchAll(/(['`])((?:(?!\1).)+)\1, (?:\{|async|\()/g)].map(([, , title = '']) => title);
  // A name may go on with figures of the run.
  expect(tests.filter((title) => title === name || title.startsWith(`${name}, for `)), file).toHaveLength(1);
});
