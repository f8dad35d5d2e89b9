/**
 * Stretches in which an agent's own line only waited for something else that is seen: a call, a tool or a function that it has run in
 * another thread or task. That time is theirs; what is left of such a stretch is the line's.
 */
import type { Site } from '../profile/recordingFormat.ts';
import type { Milliseconds } from '../profile/units.ts';
import type { Draft } from './drafts.ts';
import { setParent, type Drafts } from './draftTree.ts';
import { OverlapIndex } from './overlapIndex.ts';

/** Shorter leftovers are the inexactness of samples. */
const SHORTEST_LEFT: Milliseconds = 10;

/** Nothing, or a lock, was seen to be waited for. */
function isWaiting({ span }: Draft): boolean {
  return span.activity === null || span.activity === 'lock';
}

interface Stretch {
  start: Milliseconds;
  end: Milliseconds;
}

/** `stretches`: of the agent's own lines; `others`: calls, tools and functions. Returns those stretches, and what is left of those that waited. */
export function withoutWaits(stretches: readonly Draft[], others: readonly Draft[], drafts: Drafts): Draft[] {
  const waiting = stretches.filter(isWaiting);
  if (waiting.length === 0) return [...stretches];
  const inside = new Inside(waiting, [...others, ...stretches.filter((each) => !isWaiting(each))]);
  return stretches.flatMap((stretch) => {
    if (!isWaiting(stretch)) return [stretch];
    const covered = inside.of(stretch);
    return covered.length === 0 ? [stretch] : piecesOf(stretch, leftOf(stretch, covered), drafts);
  });
}

/** Finds what runs below a line while that waits. */
class Inside {
  /** By the innermost line of those that wait: what has that line in its chain. */
  readonly #byPlace: ReadonlyMap<string, OverlapIndex>;

  constructor(waiting: readonly Draft[], others: readonly Draft[]) {
    const lists = new Map<string, Draft[]>(waiting.map(({ span }) => [placeOf(span.pid, span.frames[0]), []]));
    /** Spans that came the same way have one list of frames. */
    const ways = new Map<readonly Site[], readonly Draft[][]>();
    for (const draft of others) {
      const { pid, frames } = draft.span;
      let way = ways.get(frames);
      if (way === undefined) ways.set(frames, (way = [...new Set(frames.map((frame) => placeOf(pid, frame)))].flatMap((place) => (lists.has(place) ? [lists.get(place)!] : []))));
      for (const list of way) list.push(draft);
    }
    this.#byPlace = new Map([...lists].map(([place, list]) => [place, new OverlapIndex(list)]));
  }

  of(stretch: Draft): Draft[] {
    const { pid, frames } = stretch.span;
    return this.#byPlace.get(placeOf(pid, frames[0]))?.overlapping(stretch).filter(({ span }) => isBelow(span.frames, frames)) ?? [];
  }
}

function placeOf(pid: number | null, site: Site | undefined): string {
  return `${pid}\n${site?.line}\n${site?.file}`;
}

/** Whether a chain of frames came by way of another one, or is the same. */
function isBelow(frames: readonly Site[], outer: readonly Site[]): boolean {
  const shift = frames.length - outer.length;
  return shift >= 0 && outer.every((site, index) => site.line === frames[index + shift]?.line && site.file === frames[index + shift]?.file);
}

/** `covered` in order of start. */
function leftOf({ start, end }: Stretch, covered: readonly Stretch[]): Stretch[] {
  const left: Stretch[] = [];
  let from = start;
  for (const each of covered) {
    if (each.start - from >= SHORTEST_LEFT) left.push({ start: from, end: each.start });
    from = Math.max(from, each.end);
  }
  if (end - from >= SHORTEST_LEFT) left.push({ start: from, end });
  return left;
}

function piecesOf(stretch: Draft, left: readonly Stretch[], drafts: Drafts): Draft[] {
  const { outer } = stretch;
  const [first, ...further] = left;
  if (first === undefined) return [];
  const isRunning = stretch.span.endMs === null && further.length === 0 && first.end === stretch.end;
  const pieces = further.map((piece) => {
    const draft = drafts.add({ ...stretch, ...piece, span: { ...stretch.span, startMs: piece.start, endMs: piece.end } });
    setParent(draft, outer);
    return draft;
  });
  Object.assign(stretch, first);
  Object.assign(stretch.span, { startMs: first.start, endMs: isRunning ? null : first.end });
  return [stretch, ...pieces];
}
