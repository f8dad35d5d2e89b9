import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { afterRenames, type Place, type Rename } from '../../src/host/renames.ts';

/** On a disk that takes `A` and `a` for one name. */
const place = (path: string): Place => ({ path, canonical: path.toLowerCase() });
const rename = (from: string, to: string): Rename => ({ at: 0, from: from.toLowerCase(), to: place(to) });
const p = (...names: string[]): string => join('/', ...names);

describe('a file after renames', () => {
  it('is where its own, and those of folders around it, led', () => {
    const file = place(p('Work', 'Agents', 'Main.py'));
    expect(afterRenames(file, []).path).toBe(file.path);
    expect(afterRenames(file, [rename(file.path, p('Work', 'Agents', 'Run.py'))]).path).toBe(p('Work', 'Agents', 'Run.py'));
    expect(afterRenames(file, [rename(p('Work', 'Agents'), p('Work', 'Tools'))])).toEqual(place(p('Work', 'Tools', 'Main.py')));
    expect(afterRenames(file, [rename(p('Work'), p('Play')), rename(p('Play', 'Agents'), p('Old')), rename(p('Old', 'Main.py'), p('Old', 'X.py'))])).toEqual(place(p('Old', 'X.py')));
  });

  it('is not moved by what happened to others, whose names begin alike', () => {
    const file = place(p('Work', 'Agents', 'Main.py'));
    expect(afterRenames(file, [rename(p('Work', 'Agent'), p('x')), rename(p('Work', 'Agents', 'Main.p'), p('y'))])).toBe(file);
  });

  it('is back after a rename and its undoing', () => {
    const name = fc.constantFrom('A', 'b', 'C');
    const path = fc.array(name, { minLength: 2, maxLength: 4 }).map((names) => p(...names));
    fc.assert(
      fc.property(path, fc.nat(3), (file, up) => {
        const moved = Array.from({ length: up }).reduce<string>((at) => (dirname(at) === p() ? at : dirname(at)), file);
        expect(afterRenames(place(file), [rename(moved, p('new', 'place')), rename(p('new', 'place'), moved)])).toEqual(place(file));
      }),
    );
  });
});
