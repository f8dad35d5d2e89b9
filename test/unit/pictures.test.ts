/** What tells a picture from another one. */
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PNG } from 'pngjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { pictureTrouble } from '../e2e/pictures.ts';

const SIZE = { width: 200, height: 100 };

/** A dark picture with bars, `moved` pixels to the right, and all colours brighter by `brighter`. */
function picture({ moved = 0, brighter = 0, width = SIZE.width } = {}): Buffer {
  const png = new PNG({ width, height: SIZE.height });
  for (let y = 0; y < png.height; y++)
    for (let x = 0; x < width; x++) {
      const isBar = y >= 20 && y < 40 && x >= 50 + moved && x < 90 + moved;
      const [r, g, b] = isBar ? [55, 148, 250] : [31, 31, 31];
      png.data.set([r + brighter, g + brighter, b + brighter, 255], 4 * (y * width + x));
    }
  return PNG.sync.write(png);
}

describe('a picture', () => {
  let folders: { kept: string; different: string };
  const left = (kind: string): boolean => existsSync(join(folders.different, `bars.${kind}.png`));
  beforeEach(() => {
    const folder = mkdtempSync(join(tmpdir(), 'pictures-'));
    folders = { kept: join(folder, 'kept'), different: join(folder, 'different') };
    mkdirSync(folders.kept);
    writeFileSync(join(folders.kept, 'bars.png'), picture());
  });
  afterEach(() => rmSync(join(folders.kept, '..'), { recursive: true, force: true }));

  it('is the same with colours as good as alike, and leaves nothing', () => {
    expect(pictureTrouble('bars', picture(), folders)).toBeNull();
    expect(pictureTrouble('bars', picture({ brighter: 3 }), folders)).toBeNull();
    expect(existsSync(folders.different)).toBe(false);
  });

  it('is another one once a bar has moved by two pixels, and leaves what differs until it is the same again', () => {
    expect(pictureTrouble('bars', picture({ moved: 2 }), folders)).toMatch(/^80 pixels of the picture bars are others: .*bars\.difference\.png.*npm run pictures/);
    expect([left('made'), left('difference')]).toEqual([true, true]);
    expect(pictureTrouble('bars', picture({ brighter: 60 }), folders)).toMatch(/pixels of the picture/);
    expect(pictureTrouble('bars', picture(), folders)).toBeNull();
    expect([left('made'), left('difference')]).toEqual([false, false]);
  });

  it('is another one of another size, and where none is kept yet', () => {
    expect(pictureTrouble('bars', picture({ width: 210 }), folders)).toMatch(/is 210 × 100 pixels instead of 200 × 100/);
    expect(pictureTrouble('none', picture(), folders)).toMatch(/there is no picture none to compare with.*none\.made\.png/);
  });
});
