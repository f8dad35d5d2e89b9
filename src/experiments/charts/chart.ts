/** A chart's types, and how its parts are called. Without the schema, which a page that only shows charts does without. */
import type { Axis, Categories, Chart, ChartBasis } from './chartSchema.ts';

export type { Axis, Categories, Chart, ChartBasis, Point, Series } from './chartSchema.ts';

export const hasCategories = (x: Chart['x']): x is Categories => 'names' in x;

/** An axis as it is labelled: what, and in which unit. */
export const axisTitle = ({ title, unit }: Axis): string => (unit === '' ? title : `${title} (${unit})`);

/** Of an axis or a legend, where names come from files: as long as there is room for. */
const NAME_LENGTH = 60;
export const axisName = (name: string): string => (name.length > NAME_LENGTH ? `${name.slice(0, NAME_LENGTH - 1)}…` : name);

/** A category's name in one line. */
export const nameInLine = (name: string | readonly string[]): string => (typeof name === 'string' ? name : name.join(', '));

const BASIS_WORDS: Record<ChartBasis, string> = {
  fitted: 'fitted',
  predicted: 'predicted',
  open: 'predicted, setting not given',
  behaviour: 'the behaviour’s word',
  published: 'published',
  measured: 'measured',
  simulated: 'simulated',
};

/** What a value rests on, in words. */
export const basisWord = (basis: ChartBasis): string => BASIS_WORDS[basis];
