/** What each category of the timeline is filled with: its colour, of the theme's, and its pattern. Pure. */
import type { CategoryName } from '../timeline/model/category.ts';

export type Rgba = readonly [red: number, green: number, blue: number, alpha: number];
export type HatchKind = 'rising' | 'falling' | 'dots' | 'cross';

export function mix(top: Rgba, bottom: Rgba, share: number): Rgba {
  const blend = (a: number, b: number): number => Math.round(a * share + b * (1 - share));
  return [blend(top[0], bottom[0]), blend(top[1], bottom[1]), blend(top[2], bottom[2]), 1];
}

/** What each category is filled with. Colours that lie beside each other in a lane differ in their pattern where they don't differ enough (`patternOf`). */
export function categoryFills(charts: Record<'yellow' | 'orange' | 'blue' | 'green' | 'purple' | 'red', Rgba>, foreground: Rgba, background: Rgba, contrast: boolean): Record<CategoryName, Rgba> {
  return {
    request: contrast ? background : mix(foreground, background, 0.16),
    step: contrast ? background : mix(foreground, background, 0.16),
    nested: contrast ? background : mix(foreground, background, 0.1),
    queue: charts.yellow,
    prefill: charts.orange,
    decode: charts.blue,
    llm: mix(charts.blue, background, 0.55),
    tool: charts.green,
    mixed: mix(charts.orange, charts.blue, 0.5),
    foreign: charts.purple,
    idle: background,
    error: charts.red,
  };
}

/** What tells categories of one lane apart where their colours alone do not: to the colour-blind, in grey, in print. */
export const patternOf: Partial<Record<CategoryName, HatchKind>> = { queue: 'dots', prefill: 'rising', mixed: 'cross', foreign: 'falling', error: 'cross' };
/** How much the pattern stands out of its colour in themes that are not of high contrast. */
export const PATTERN_ALPHA = 0.32;
