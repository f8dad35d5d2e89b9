/** Stacks of frames as they are read: most are alike, and each is held once. Checks what it is given. Pure. */
import type { Site } from './recordingFormat.ts';

/** Programs have some thousands at most; what makes up a new one each time is held each time. */
const MOST_STACKS = 65_536;

export class HeldStacks {
  /** By the innermost frame's line and column, and how many there are. */
  readonly #stacks = new Map<number, Site[][]>();
  #count = 0;

  /** @returns the frames as they were held before, or a copy of them; null where they are no frames */
  hold(raw: unknown): Site[] | null {
    if (!Array.isArray(raw)) return null;
    const frames: unknown[] = raw;
    for (const frame of frames) if (!isSite(frame)) return null;
    const sites = frames as Site[];
    const key = keyOf(sites);
    const alike = this.#stacks.get(key);
    const known = alike?.find((each) => isSame(each, sites));
    if (known !== undefined) return known;
    // Without what a later release may have added.
    const held = sites.map(({ file, line, column, function: name }): Site => ({ file, line, column, function: name }));
    if (this.#count < MOST_STACKS) {
      this.#count++;
      if (alike === undefined) this.#stacks.set(key, [held]);
      else alike.push(held);
    }
    return held;
  }
}

function isSite(value: unknown): value is Site {
  if (typeof value !== 'object' || value === null) return false;
  const { file, line, column, function: name } = value as Record<string, unknown>;
  return typeof file === 'string' && isPlace(line) && (column === null || isPlace(column)) && (name === null || typeof name === 'string');
}

function isPlace(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 1;
}

/** Places beyond these share a key with others, which costs time only. */
function keyOf(frames: readonly Site[]): number {
  const [innermost] = frames;
  if (innermost === undefined) return 0;
  return ((innermost.line & 0xf_ffff) * 64 + (frames.length & 63)) * 64 + ((innermost.column ?? 0) & 63) + 1;
}

function isSame(a: readonly Site[], b: readonly Site[]): boolean {
  if (a.length !== b.length) return false;
  for (let k = 0; k < a.length; k++) {
    const [one, other] = [a[k] as Site, b[k] as Site];
    if (one.line !== other.line || one.column !== other.column || one.function !== other.function || one.file !== other.file) return false;
  }
  return true;
}
