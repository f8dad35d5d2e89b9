/** Pictures as the drawing code made them once (`test/e2e/pictures`), held against what it makes now, with tolerance. */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pixelmatch from 'pixelmatch';
import { PNG } from 'pngjs';

export const kept = join(import.meta.dirname, 'pictures');
/** Where a picture that is another one is left, beside the kept one and what differs. */
export const different = join(import.meta.dirname, '..', '..', 'test-results', 'pictures');
/** Of a pixel's colour, 0 to 1: what rounding in another release of a browser may change. */
const COLOUR_TOLERANCE = 0.1;
/** Of the picture's pixels, smoothed edges aside. A lane's outline has more. */
const AREA_TOLERANCE = 0.001;

/** @param name of the kept file, without its end. @returns what is wrong; null where they are alike */
export function pictureTrouble(name: string, made: Buffer, folders: { kept: string; different: string } = { kept, different }): string | null {
  const file = join(folders.kept, `${name}.png`);
  const left = (kind: string): string => join(folders.different, `${name}.${kind}.png`);
  for (const kind of ['made', 'difference']) rmSync(left(kind), { force: true });
  const leave = (kind: string, bytes: Buffer): string => {
    mkdirSync(folders.different, { recursive: true });
    writeFileSync(left(kind), bytes);
    return left(kind);
  };
  if (!existsSync(file)) return `there is no picture ${name} to compare with. Look at ${leave('made', made)}, and keep it with npm run pictures.`;
  const [before, now] = [PNG.sync.read(readFileSync(file)), PNG.sync.read(made)];
  const { width, height } = before;
  if (now.width !== width || now.height !== height) return `the picture ${name} is ${now.width} × ${now.height} pixels instead of ${width} × ${height}: ${leave('made', made)}`;
  const difference = new PNG({ width, height });
  const changed = pixelmatch(before.data, now.data, difference.data, width, height, { threshold: COLOUR_TOLERANCE });
  if (changed <= AREA_TOLERANCE * width * height) return null;
  leave('made', made);
  return `${changed} pixels of the picture ${name} are others: ${leave('difference', PNG.sync.write(difference))}. If that was meant, keep the new pictures with npm run pictures.`;
}

/** Keeps a picture as what the next ones are held against; one that is alike stays as it is. */
export function keepPicture(name: string, made: Buffer): void {
  if (pictureTrouble(name, made) === null) return;
  mkdirSync(kept, { recursive: true });
  const { width, height, data } = PNG.sync.read(made);
  const picture = new PNG({ width, height });
  data.copy(picture.data);
  // Without the alpha that an opaque picture has no use for.
  writeFileSync(join(kept, `${name}.png`), PNG.sync.write(picture, { colorType: 2, deflateLevel: 9 }));
  pictureTrouble(name, made);
}
