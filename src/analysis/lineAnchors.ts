/**
 * Where the lines of a run's source stand in the text of now.
 *
 * Compares a snapshot of the file at the time of the run with the buffer, instead of following each edit: an undo,
 * a checkout or a formatter then needs nothing of its own. What a formatter changes is no edit: white space, where lines
 * break, the kind of quotes, semicolons and trailing commas. Lines count from 0 here.
 */

/** Where a line went: null when it is gone. `edited` when its own text is no longer what ran. */
export type Anchor = { line: number; edited: boolean } | null;

export function splitLines(text: string): string[] {
  return text.split(/\r\n|\r|\n/);
}

/** Hunks with more cells than this in their table are taken as replaced; 2 million take about 10 ms. */
const LARGEST_TABLE = 2_000_000;
/** An edited line shares at least this much of its words with what it was; below, it is another line. */
const LEAST_SIMILARITY = 0.3;

/** Finds each of `wanted` (lines of `before`) in `after`. Neither may be changed afterwards: what is made of them is remembered. */
export function anchorLines(before: readonly string[], after: readonly string[], wanted: readonly number[]): Map<number, Anchor> {
  const [old, now] = [unformattedLines(before), unformattedLines(after)];
  const matches = matchesOf(old, now);
  return new Map(wanted.map((line) => [line, anchorOf(line, old.plain, now.plain, matches)]));
}

/** Lenses and hovers ask for the same two texts, and runs of one state of the program for the same as each other. */
const knownMatches = new WeakMap<UnformattedLines, { now: UnformattedLines; matches: readonly number[] }>();

function matchesOf(old: UnformattedLines, now: UnformattedLines): readonly number[] {
  const known = knownMatches.get(old);
  if (known?.now === now) return known.matches;
  const matches = matchLines(old.plain, now.plain);
  matchReflowed(old.plain, now.plain, old.joinable, now.joinable, matches);
  knownMatches.set(old, { now, matches });
  return matches;
}

interface UnformattedLines {
  plain: readonly string[];
  joinable: readonly string[];
}

/** The same texts are compared after each edit, and each edit with the texts of several runs. */
const remembered = new WeakMap<readonly string[], UnformattedLines>();
/** Of several runs that had the same text one is kept, so that what is made of it is made once. */
const recent: UnformattedLines[] = [];
const MOST_RECENT = 8;

function unformattedLines(lines: readonly string[]): UnformattedLines {
  let made = remembered.get(lines);
  if (made === undefined) {
    const plain = plainLines(lines);
    made = recent.find((known) => known.plain.length === plain.length && known.plain.every((line, index) => line === plain[index]));
    if (made === undefined) {
      made = { plain, joinable: joinable(plain) };
      recent.unshift(made);
      recent.length = Math.min(recent.length, MOST_RECENT);
    }
    remembered.set(lines, made);
  }
  return made;
}

/** The text that was looked at last: with a keystroke one line of thousands changes. */
let lastLooked: { lines: readonly string[]; plain: readonly string[] } = { lines: [], plain: [] };

/** Each line `unformatted`; what a text begins and ends with as the last one did is taken from there. */
function plainLines(lines: readonly string[]): string[] {
  const { lines: before, plain: known } = lastLooked;
  const shorter = Math.min(lines.length, before.length);
  let head = 0;
  while (head < shorter && lines[head] === before[head]) head++;
  let tail = 0;
  while (tail < shorter - head && lines[lines.length - 1 - tail] === before[before.length - 1 - tail]) tail++;
  const plain = [...known.slice(0, head), ...lines.slice(head, lines.length - tail).map(unformatted), ...known.slice(known.length - tail)];
  lastLooked = { lines, plain };
  return plain;
}

/** A line without what a formatter may change in it. */
function unformatted(line: string): string {
  return line
    .trim()
    .replace(/\s+/g, ' ')
    .replace(/(?<![\p{L}\p{N}_$]) | (?![\p{L}\p{N}_$])/gu, '')
    .replace(/["`]/g, "'")
    .replace(/;+$/, '');
}

function anchorOf(line: number, old: readonly string[], now: readonly string[], matches: readonly number[]): Anchor {
  const match = matches[line];
  if (match === undefined) return null;
  if (match !== UNMATCHED) return { line: match, edited: false };
  // The hunk that replaced this line lies between the nearest lines that stayed.
  let above = line - 1;
  while (above >= 0 && matches[above] === UNMATCHED) above--;
  let below = line + 1;
  while (below < matches.length && matches[below] === UNMATCHED) below++;
  const from = above < 0 ? 0 : (matches[above] ?? 0) + 1;
  const to = below >= matches.length ? now.length : (matches[below] ?? now.length);
  const expected = from + (line - above - 1);
  let best: number | null = null;
  let bestScore = LEAST_SIMILARITY;
  for (let candidate = from; candidate < to; candidate++) {
    const score = similarity(old[line] ?? '', now[candidate] ?? '');
    const closer = best === null || Math.abs(candidate - expected) < Math.abs(best - expected);
    if (score > bestScore || (score === bestScore && closer)) {
      best = candidate;
      bestScore = score;
    }
  }
  return best === null ? null : { line: best, edited: true };
}

const UNMATCHED = -1;

/** For each old line its place in the new text, ascending, or UNMATCHED. */
function matchLines(old: readonly string[], now: readonly string[]): number[] {
  const matches = new Array<number>(old.length).fill(UNMATCHED);
  const pending: [number, number, number, number][] = [[0, old.length, 0, now.length]];
  for (let hunk = pending.pop(); hunk !== undefined; hunk = pending.pop()) {
    let [oldFrom, oldTo, nowFrom, nowTo] = hunk;
    while (oldFrom < oldTo && nowFrom < nowTo && old[oldFrom] === now[nowFrom]) matches[oldFrom++] = nowFrom++;
    while (oldFrom < oldTo && nowFrom < nowTo && old[oldTo - 1] === now[nowTo - 1]) matches[--oldTo] = --nowTo;
    if (oldFrom === oldTo || nowFrom === nowTo) continue;
    const pairs = uniquePairs(old, now, oldFrom, oldTo, nowFrom, nowTo);
    if (pairs.length === 0) {
      matchBySubsequence(old, now, oldFrom, oldTo, nowFrom, nowTo, matches);
      continue;
    }
    for (const [oldLine, nowLine] of [...pairs, [oldTo, nowTo] as const]) {
      pending.push([oldFrom, oldLine, nowFrom, nowLine]);
      if (oldLine < oldTo) matches[oldLine] = nowLine;
      oldFrom = oldLine + 1;
      nowFrom = nowLine + 1;
    }
  }
  return matches;
}

/** Hunks of more lines than this are not searched for statements that a formatter broke otherwise. */
const LARGEST_REFLOW = 400;

/** Finds, within what was replaced, statements that are the same but for where their lines break. */
function matchReflowed(old: readonly string[], now: readonly string[], oldTexts: readonly string[], nowTexts: readonly string[], matches: number[]): void {
  for (let line = 0, nowFrom = 0; line < old.length; ) {
    const match = matches[line] ?? UNMATCHED;
    if (match !== UNMATCHED) {
      nowFrom = match + 1;
      line++;
      continue;
    }
    let oldTo = line;
    while (oldTo < old.length && matches[oldTo] === UNMATCHED) oldTo++;
    const nowTo = oldTo < old.length ? (matches[oldTo] ?? now.length) : now.length;
    if (oldTo - line <= LARGEST_REFLOW && nowTo - nowFrom <= LARGEST_REFLOW) reflowHunk(oldTexts, nowTexts, line, oldTo, nowFrom, nowTo, matches);
    line = oldTo;
  }
}

/** Lines without a comma that stands before what closes: joined, they are the same however they were broken. */
function joinable(lines: readonly string[]): string[] {
  return lines.map((line, index) => (/^[)\]}]/.test(lines[index + 1] ?? '') ? line.replace(/,$/, '') : line));
}

function joined(text: string, line: string): string {
  return /[\p{L}\p{N}_$]$/u.test(text) && /^[\p{L}\p{N}_$]/u.test(line) ? `${text} ${line}` : text + line;
}

function reflowHunk(old: readonly string[], now: readonly string[], oldFrom: number, oldTo: number, nowFrom: number, nowTo: number, matches: number[]): void {
  for (let from = oldFrom; from < oldTo; from++) {
    if (old[from] === '') continue;
    for (let start = nowFrom; start < nowTo; start++) {
      const places = reflowedFrom(old, now, from, oldTo, start, nowTo);
      if (places === null) continue;
      places.forEach((place, offset) => (matches[from + offset] = place));
      nowFrom = (places.at(-1) ?? start) + 1;
      from += places.length - 1;
      break;
    }
  }
}

/**
 * The fewest lines from `oldFrom` whose joined text is that of lines from `nowFrom`: where each of them begins there.
 * Null when there are none.
 */
function reflowedFrom(old: readonly string[], now: readonly string[], oldFrom: number, oldTo: number, nowFrom: number, nowTo: number): number[] | null {
  let left = '';
  let right = '';
  /** Where in the joined text each line ends. */
  const oldEnds: number[] = [];
  const nowEnds: number[] = [];
  let oldLine = oldFrom;
  let nowLine = nowFrom;
  do {
    if (left.length <= right.length) {
      if (oldLine === oldTo) return null;
      left = joined(left, old[oldLine++] ?? '');
      oldEnds.push(left.length);
    } else {
      if (nowLine === nowTo) return null;
      right = joined(right, now[nowLine++] ?? '');
      nowEnds.push(right.length);
    }
    if (!left.startsWith(right) && !right.startsWith(left)) return null;
  } while (left !== right || left === '');
  return oldEnds.map((_, index) => {
    const start = oldEnds[index - 1] ?? 0;
    const place = nowEnds.findIndex((end) => end > start);
    return nowFrom + (place === -1 ? nowEnds.length - 1 : place);
  });
}

/** Lines that occur once on both sides, in an order that both share (as in patience diff). */
function uniquePairs(old: readonly string[], now: readonly string[], oldFrom: number, oldTo: number, nowFrom: number, nowTo: number): (readonly [number, number])[] {
  const oldPlaces = placesOfUnique(old, oldFrom, oldTo);
  const nowPlaces = placesOfUnique(now, nowFrom, nowTo);
  const pairs: (readonly [number, number])[] = [];
  for (const [line, place] of oldPlaces) {
    const there = nowPlaces.get(line);
    if (place !== null && there !== null && there !== undefined && line !== '') pairs.push([place, there]);
  }
  return longestAscending(pairs.sort((a, b) => a[0] - b[0]));
}

function placesOfUnique(lines: readonly string[], from: number, to: number): Map<string, number | null> {
  const places = new Map<string, number | null>();
  for (let index = from; index < to; index++) {
    const line = lines[index] ?? '';
    places.set(line, places.has(line) ? null : index);
  }
  return places;
}

/** The longest subsequence whose second numbers ascend. */
function longestAscending(pairs: readonly (readonly [number, number])[]): (readonly [number, number])[] {
  /** Index of the last pair of the best subsequence of each length. */
  const tails: number[] = [];
  const previous: number[] = [];
  pairs.forEach((pair, index) => {
    let low = 0;
    let high = tails.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((pairs[tails[middle] ?? 0]?.[1] ?? 0) < pair[1]) low = middle + 1;
      else high = middle;
    }
    previous[index] = low > 0 ? (tails[low - 1] ?? UNMATCHED) : UNMATCHED;
    tails[low] = index;
  });
  const longest: (readonly [number, number])[] = [];
  for (let index = tails.at(-1) ?? UNMATCHED; index !== UNMATCHED; index = previous[index] ?? UNMATCHED) {
    const pair = pairs[index];
    if (pair) longest.unshift(pair);
  }
  return longest;
}

/** Longest common subsequence by table, for hunks without a unique line. */
function matchBySubsequence(old: readonly string[], now: readonly string[], oldFrom: number, oldTo: number, nowFrom: number, nowTo: number, matches: number[]): void {
  const rows = oldTo - oldFrom;
  const columns = nowTo - nowFrom;
  if (rows * columns > LARGEST_TABLE) return;
  const width = columns + 1;
  const table = new Uint32Array((rows + 1) * width);
  const at = (row: number, column: number): number => table[row * width + column] ?? 0;
  for (let row = rows - 1; row >= 0; row--)
    for (let column = columns - 1; column >= 0; column--)
      table[row * width + column] =
        old[oldFrom + row] === now[nowFrom + column] ? at(row + 1, column + 1) + 1 : Math.max(at(row + 1, column), at(row, column + 1));
  for (let row = 0, column = 0; row < rows && column < columns; ) {
    if (old[oldFrom + row] === now[nowFrom + column]) matches[oldFrom + row++] = nowFrom + column++;
    else if (at(row + 1, column) >= at(row, column + 1)) row++;
    else column++;
  }
}

/**
 * How much of two texts is the same, 0 to 1: twice the lines in common by the lines of both. White space, quotes and lines without
 * a word do not count.
 */
export function sharedLines(a: readonly string[], b: readonly string[]): number {
  const telling = (lines: readonly string[]): string[] => unformattedLines(lines).plain.filter((line) => /[\p{L}\p{N}]/u.test(line));
  return overlap(telling(a), telling(b));
}

/** Share of words that two lines have in common, 0 to 1. */
function similarity(a: string, b: string): number {
  return overlap(wordsOf(a), wordsOf(b));
}

/** Twice what two bags have in common by what is in both, 0 to 1. */
function overlap(left: readonly string[], right: readonly string[]): number {
  if (left.length + right.length === 0) return 0;
  const rest = new Map<string, number>();
  for (const word of left) rest.set(word, (rest.get(word) ?? 0) + 1);
  let common = 0;
  for (const word of right) {
    const count = rest.get(word) ?? 0;
    if (count > 0) {
      common++;
      rest.set(word, count - 1);
    }
  }
  return (2 * common) / (left.length + right.length);
}

function wordsOf(line: string): string[] {
  return line.match(/[\p{L}\p{N}_$]+/gu) ?? [];
}
