/** What happens to each of the benchmark's timelines, and how it is timed: the same for all, in the page. */
import { KEY_PAN, KEY_ZOOM } from '../../../webview/timeline/ui/input.ts';
import { fitRange, panRange, zoomRange, type ViewRange } from '../../../webview/timeline/model/viewRange.ts';
import type { FrameFigures, LoadFigures } from './figures.ts';

/** One timeline in a page of its own. */
export interface Subject {
  /** Makes the data and shows it. The data must not be held beside the timeline afterwards. */
  load(count: number): Promise<LoadFigures>;
  /** Zooms or pans by one step, as a key does; `range` is where that leads. */
  move(key: Key, range: ViewRange): void;
  /** Moves the pointer. */
  point(x: number, y: number): void;
  /** Shows 200 more spans at the end. Null where that can't be done. */
  append: (() => void) | null;
  /** Called before appending, with how often that will happen. */
  prepareAppend?(times: number): Promise<void>;
}

export const APPENDED_SPANS = 200;
type Key = 'w' | 'a' | 's' | 'd';
/** At the whole run, then at each of four depths down to a seventieth of it and back: there and on. */
const TRAJECTORY: readonly [Key, number][] = [
  ...Array.from({ length: 12 }, (_, k): [Key, number] => [k % 2 === 0 ? 'w' : 's', 1]),
  ['w', 3], ['d', 26], ['w', 3], ['a', 26], ['w', 3], ['d', 26], ['w', 3], ['a', 26], ['s', 3], ['d', 26], ['s', 3], ['a', 26], ['s', 3], ['d', 26], ['s', 3],
];

const realFrame = window.requestAnimationFrame.bind(window);
let scriptMs = 0;
/** The page's own work in a frame is what its callbacks take. */
window.requestAnimationFrame = (callback) =>
  realFrame((time) => {
    const begun = performance.now();
    callback(time);
    scriptMs += performance.now() - begun;
  });

export function nextFrame(): Promise<number> {
  return new Promise((done) => realFrame(done));
}

/** Until what was drawn in the last frame is on screen. */
export async function painted(): Promise<void> {
  await nextFrame();
  await nextFrame();
}

/** Runs `act` once a frame. */
async function eachFrame(times: number, act: (step: number) => void): Promise<FrameFigures> {
  const figures: FrameFigures = { frames: [], scripts: [] };
  await painted();
  let last = performance.now();
  for (let step = 0; step < times; step++) {
    scriptMs = 0;
    const begun = performance.now();
    act(step);
    const direct = performance.now() - begun;
    await nextFrame();
    const now = performance.now();
    figures.frames.push(now - last);
    figures.scripts.push(direct + scriptMs);
    last = now;
  }
  return figures;
}

const OPPOSITE: Readonly<Record<Key, Key>> = { w: 's', s: 'w', a: 'd', d: 'a' };

function moved(range: ViewRange, key: Key, wallMs: number): ViewRange {
  const middle = (range.start + range.end) / 2;
  if (key === 'w' || key === 's') return zoomRange(range, key === 'w' ? KEY_ZOOM : 1 / KEY_ZOOM, middle, wallMs);
  return panRange(range, (key === 'd' ? KEY_PAN : -KEY_PAN) * (range.end - range.start), wallMs);
}

export interface Bench {
  load(count: number): Promise<LoadFigures>;
  move(wallMs: number): Promise<FrameFigures>;
  hover(times: number): Promise<FrameFigures>;
  append(times: number): Promise<FrameFigures | null>;
}

export function makeBench(subject: Subject): Bench {
  return {
    load: (count) => subject.load(count),
    move: (wallMs) => {
      const keys = TRAJECTORY.flatMap(([key, times]) => new Array<Key>(times).fill(key));
      let range = fitRange(wallMs);
      return eachFrame(keys.length, (step) => {
        let key = keys[step] as Key;
        let next = moved(range, key, wallMs);
        // At an end it goes back: where nothing changes a browser waits for the display's next beat, unless all is drawn again for nothing.
        if (next.start === range.start && next.end === range.end) {
          key = OPPOSITE[key];
          next = moved(range, key, wallMs);
        }
        range = next;
        subject.move(key, range);
      });
    },
    hover: (times) => eachFrame(times, (step) => subject.point(120 + ((step * 37) % 1100), 120 + ((step * 11) % 300))),
    append: async (times) => {
      const { append } = subject;
      if (append === null) return null;
      await subject.prepareAppend?.(times);
      return eachFrame(times, () => append());
    },
  };
}

declare global {
  var bench: Bench;
}
