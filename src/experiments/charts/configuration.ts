/** A chart as Chart.js wants it: plain data, no code. What draws it registers the parts (`register.ts`). */
import type { ChartConfiguration, ChartDataset } from 'chart.js';
import { axisTitle, basisWord, hasCategories, type Axis, type Chart, type ChartBasis, type Point, type Series } from './chart.ts';
import { placeRange, valueRange, whiskers, type Range } from './ranges.ts';
import type { ChartTheme } from './theme.ts';

/** Pixels. */
const FONT_SIZE = 12;
const BAR_WIDTH_AT_MOST = 42;
const LINE_WIDTH = 2;
/** Half of a marker's width. */
const MARKER_SIZE = 4.5;
const PUBLISHED_MARKER_SIZE = 6.5;
const WHISKER_WIDTH = 1.5;
const WHISKER_SIZE = 8;
const DASHES = [7, 5];
const DOTS = [2, 3];
/** Names along an axis beyond which they are written small. */
const NAMES_IN_FULL_SIZE = 8;
/** By a series' colour, so that shape tells what colour does. */
const MARKERS = ['circle', 'rect', 'triangle', 'rectRounded', 'crossRot', 'star', 'circle'] as const;

/** A point with its whiskers, as the error bars' controllers read it. */
interface Datum {
  x: number;
  y: number | null;
  yMin?: number;
  yMax?: number;
  label: string | null;
}
export type ChartJsConfiguration = ChartConfiguration<'barWithErrorBars' | 'lineWithErrorBars', Datum[], string | string[]>;
type Dataset = ChartDataset<'barWithErrorBars' | 'lineWithErrorBars', Datum[]>;

export function chartConfiguration(chart: Chart, theme: ChartTheme): ChartJsConfiguration {
  const { title, x, y, second, series } = chart;
  const names = hasCategories(x) ? x.names : null;
  const font = { family: theme.fontFamily, size: FONT_SIZE };
  const isStacked = series.some(({ stack }) => stack !== null);
  return {
    type: 'lineWithErrorBars',
    data: {
      ...(names === null ? {} : { labels: names.map((name) => (typeof name === 'string' ? name : [...name])) }),
      datasets: series.map((each, index) => dataset(each, index, theme, names?.length ?? null, each.second ? second! : y)),
    },
    options: {
      font,
      color: theme.foreground,
      animation: false,
      maintainAspectRatio: false,
      locale: 'en-US',
      interaction: { mode: 'nearest', intersect: true },
      layout: { padding: 8 },
      plugins: {
        title: { display: true, text: title, color: theme.foreground, align: 'start', font: { ...font, size: FONT_SIZE + 2, weight: 600 }, padding: { bottom: 2 } },
        subtitle: { display: true, text: subtitle(chart), color: theme.dim, align: 'start', font, padding: { bottom: 8 } },
        legend: { display: series.length > 1, position: 'bottom', align: 'start', labels: { color: theme.foreground, font, usePointStyle: true, boxHeight: 7 } },
      },
      scales: {
        x: names === null ? measuredAxis(x as Axis, placeRange(chart, x as Axis), theme) : namesAxis(x.title, names.length, isStacked, theme),
        y: { ...measuredAxis(y, valueRange(chart, y, false), theme), stacked: isStacked },
        ...(second === null ? {} : { second: { ...measuredAxis(second, valueRange(chart, second, true), theme), position: 'right' as const, grid: { display: false } } }),
      },
    },
  };
}

/** How a basis is drawn, whatever its colour; dotted are lines, with hollow markers. */
const LOOKS: Record<ChartBasis, string> = { fitted: 'full', measured: 'full', simulated: 'light', predicted: 'light', open: 'hollow', behaviour: 'dotted', published: 'hollow' };

/** What ours rests on and how that is told, then what whiskers are. */
function subtitle({ series, note }: Chart): string[] {
  const bases = new Set(series.flatMap(({ basis, form, points }) => points.map((point) => point.basis ?? basis).filter((each) => each !== 'published' || form === 'bars')));
  const words = [...bases].map((basis) => `${LOOKS[basis]}: ${basisWord(basis)}`);
  const isOfRuns = [...bases].some((basis) => basis === 'measured' || basis === 'simulated');
  const ours = isOfRuns ? `${capital(bases.size === 1 ? basisWord([...bases][0]!) : words.join('; '))}.` : bases.size === 1 ? `Simulated; ours is ${basisWord([...bases][0]!)}.` : `Simulated. ${capital(words.join('; '))}.`;
  const hasWhiskers = series.some(({ points }) => points.some(({ margin }) => margin !== null && margin > 0));
  return [[ours, hasWhiskers ? 'Whiskers: 95 % confidence intervals.' : '', note].filter((part) => part !== '').join(' ')];
}

const capital = (text: string): string => text.slice(0, 1).toUpperCase() + text.slice(1);

function namesAxis(title: string, count: number, stacked: boolean, theme: ChartTheme) {
  const font = { family: theme.fontFamily, size: FONT_SIZE };
  return {
    type: 'category' as const,
    stacked,
    offset: true,
    grid: { display: false },
    border: { color: theme.grid },
    ticks: { color: theme.foreground, font: { ...font, size: count > NAMES_IN_FULL_SIZE ? FONT_SIZE - 2 : FONT_SIZE }, autoSkip: false, maxRotation: 60 },
    title: { display: title !== '', text: title, color: theme.foreground, font },
  };
}

function measuredAxis(axis: Axis, range: Range, theme: ChartTheme) {
  const font = { family: theme.fontFamily, size: FONT_SIZE };
  return {
    type: axis.scale,
    ...range,
    grid: { color: theme.grid, tickColor: theme.grid },
    border: { color: theme.grid },
    ticks: { color: theme.foreground, font, format: { maximumSignificantDigits: 4 } },
    title: { display: true, text: axisTitle(axis), color: theme.foreground, font },
  };
}

function dataset(series: Series, index: number, theme: ChartTheme, categories: number | null, axis: Axis): Dataset {
  const { form, stack, second, name } = series;
  const isMark = series.basis === 'published' && form !== 'bars';
  const { solid, soft } = isMark ? { solid: theme.published, soft: theme.published } : theme.series[series.color % theme.series.length]!;
  const inside = (basis: ChartBasis): string => (isMark || LOOKS[basis] === 'full' ? solid : LOOKS[basis] === 'light' ? soft : theme.background);
  const data = dataOf(series, categories, axis);
  const bases = categories === null ? series.points.map((point) => point.basis) : data.map(({ x }) => series.points.find((point) => point.x === x)?.basis);
  const insides = bases.map((basis) => inside(basis ?? series.basis));
  const shared = {
    label: isMark ? `${name} (${basisWord('published')})` : name,
    data,
    // Points before lines before bars, each in their order.
    order: form === 'bars' ? 1000 + index : form === 'points' ? index : 500 + index,
    borderColor: solid,
    backgroundColor: insides,
    errorBarColor: theme.foreground,
    errorBarWhiskerColor: theme.foreground,
    errorBarLineWidth: WHISKER_WIDTH,
    errorBarWhiskerLineWidth: WHISKER_WIDTH,
    errorBarWhiskerSize: WHISKER_SIZE,
    errorBarWhiskerRatio: 0,
    ...(second ? { yAxisID: 'second' } : {}),
  };
  if (form === 'bars') return { ...shared, type: 'barWithErrorBars', borderWidth: 1.5, maxBarThickness: BAR_WIDTH_AT_MOST, skipNull: true, stack: stack ?? `alone ${index}`, pointStyle: 'rect' } as Dataset;
  return {
    ...shared,
    type: 'lineWithErrorBars',
    showLine: form !== 'points',
    stepped: form === 'steps' ? 'before' : false,
    borderWidth: LINE_WIDTH,
    borderDash: series.dashed ? DASHES : series.basis === 'behaviour' ? DOTS : [],
    // A distribution's line is too fine for markers.
    radius: form === 'steps' ? 0 : isMark ? PUBLISHED_MARKER_SIZE : MARKER_SIZE,
    hoverRadius: form === 'steps' ? MARKER_SIZE : PUBLISHED_MARKER_SIZE,
    pointStyle: isMark ? 'rectRot' : form === 'steps' ? 'line' : MARKERS[series.color % MARKERS.length],
    // Never stacked on what stands below.
    stack: `alone ${index}`,
    spanGaps: true,
  } as Dataset;
}

/** In the order of the categories, where there are: one for each, so that a place in the list is a place on the axis. */
function dataOf({ points }: Series, categories: number | null, axis: Axis): Datum[] {
  if (categories === null) return points.map((point) => datum(point, axis));
  const rows = Array.from({ length: categories }, (_, x): Datum => ({ x, y: null, label: null }));
  for (const point of points) rows[point.x] = datum(point, axis);
  return rows;
}

function datum(point: Point, axis: Axis): Datum {
  const { x, y, label } = point;
  const ends = whiskers(point, axis);
  return ends === null ? { x, y, label } : { x, y, yMin: ends.low, yMax: ends.high, label };
}
