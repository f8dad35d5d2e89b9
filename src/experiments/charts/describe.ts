/** A chart in words, for those who do not see it. */
import { digits } from '../report/format.ts';
import { axisTitle, basisWord, hasCategories, nameInLine, type Chart, type Series } from './chart.ts';

/** Values of a series that are told one by one. */
const TOLD_AT_MOST = 12;

/** What the chart is of, and each series' values; of long ones where they begin and end, and their extremes. */
export function describeChart({ title, x, y, second, series }: Chart): string {
  const across = hasCategories(x) ? 'for each of some kinds' : `against ${axisTitle(x)}`;
  const axes = `${axisTitle(y)}${second === null ? '' : ` and ${axisTitle(second)}`} ${across}`;
  const place = (at: number) => (hasCategories(x) ? nameInLine(x.names[at] ?? '') : `at ${digits(at)}`);
  return `${title}: ${axes}. ${series.map((each) => `${each.name} (${basisWord(each.basis)}): ${values(each, place)}.`).join(' ')}`;
}

function values({ points }: Series, place: (at: number) => string): string {
  if (points.length === 0) return 'not known';
  const told = ({ x, y, label }: Series['points'][number]) => `${label === null || label === '' ? '' : `${label} `}${place(x)} ${digits(y)}`;
  if (points.length <= TOLD_AT_MOST) return points.map(told).join('; ');
  const sorted = points.toSorted((a, b) => a.y - b.y);
  return `${points.length} values, from ${told(points[0]!)} to ${told(points.at(-1)!)}; least ${told(sorted[0]!)}, most ${told(sorted.at(-1)!)}`;
}
