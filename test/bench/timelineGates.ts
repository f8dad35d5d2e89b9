/** What the timeline's benchmark prints: figures, ratios and gates. */
import type { OpeningFigures } from './opening.ts';
import type { FrameFigures, LoadFigures } from './timelinePages/figures.ts';

export type SubjectName = 'ours' | 'flame-chart-js' | 'bare canvas' | 'speedscope';

/** Of one run of one timeline. */
export interface Figures extends LoadFigures {
  move: FrameFigures;
  hover: FrameFigures;
  append: FrameFigures | null;
  /** JavaScript's heap and its buffers, beyond the empty page's. */
  bytes: number;
}

type Results = ReadonlyMap<string, readonly Figures[]>;

function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
}
const median = (values: readonly number[]): number => quantile(values, 0.5);
const p95 = (values: readonly number[]): number => quantile(values, 0.95);

/** The median over the rounds of a figure; NaN where it was not measured. */
function of(results: Results, name: SubjectName, size: number, ratio: number, figure: (figures: Figures) => number): number {
  return median((results.get(`${name} ${size} ${ratio}`) ?? []).map(figure).filter((value) => !Number.isNaN(value)));
}

const frame = (figures: Figures): number => median(figures.move.frames);
const frameP95 = (figures: Figures): number => p95(figures.move.frames);
const script = (figures: Figures): number => median(figures.move.scripts);
const scriptP95 = (figures: Figures): number => p95(figures.move.scripts);
const hover = (figures: Figures): number => median(figures.hover.scripts);
const append = (figures: Figures): number => (figures.append === null ? NaN : median(figures.append.scripts));

const show = (value: number, digits = 1): string => (Number.isNaN(value) ? '–' : value >= 1000 ? Math.round(value).toString() : value.toFixed(digits));

function table(size: number, ratios: readonly number[], results: Results): string[] {
  const columns: [string, (figures: Figures) => number][] = [
    ['first', (f) => f.firstMs], ['full', (f) => f.fullMs], ['host', (f) => f.hostMs ?? NaN], ['frame', frame], ['p95', frameP95], ['script', script], ['p95', scriptP95], ['hover', hover], ['append', append], ['MB', (f) => f.bytes / 1e6],
  ];
  const lines = ['', `${size.toLocaleString('en')} spans (milliseconds; hover and append: script)`, `${''.padEnd(22)}${columns.map(([name]) => name.padStart(9)).join('')}`];
  for (const ratio of ratios)
    for (const name of ['ours', 'flame-chart-js', 'bare canvas', 'speedscope'] as const) {
      if (!results.has(`${name} ${size} ${ratio}`)) continue;
      lines.push(`${`${name} ×${ratio}`.padEnd(22)}${columns.map(([, figure]) => show(of(results, name, size, ratio, figure)).padStart(9)).join('')}`);
    }
  return lines;
}

interface Gate {
  size: number;
  what: string;
  limit: number;
  value: (ratio: number) => number;
  /** Only at one device pixel to a CSS pixel. */
  atOne?: boolean;
}

function verdicts(sizes: readonly number[], ratios: readonly number[], results: Results): string[] {
  const ours = (size: number, figure: (figures: Figures) => number) => (ratio: number): number => of(results, 'ours', size, ratio, figure);
  const against = (name: SubjectName, size: number, figure: (figures: Figures) => number) => (ratio: number): number => of(results, 'ours', size, ratio, figure) / of(results, name, size, ratio, figure);
  const big = 1_000_000;
  const many = 100_000;
  const all: Gate[] = [
    { size: many, what: 'load, ms', limit: 700, value: ours(many, (f) => f.fullMs) },
    { size: big, what: 'load to the first picture, ms', limit: 2000, value: ours(big, (f) => f.firstMs) },
    { size: big, what: 'load in full, ms', limit: 5000, value: ours(big, (f) => f.fullMs) },
    ...[many, big].flatMap((size): Gate[] => [
      { size, what: 'frame median / flame-chart-js', limit: size === big ? 0.15 : 0.4, value: against('flame-chart-js', size, frame) },
      { size, what: 'frame p95 / flame-chart-js', limit: size === big ? 0.13 : 0.35, value: against('flame-chart-js', size, frameP95) },
      { size, what: 'memory / flame-chart-js', limit: size === big ? 0.49 : 0.5, value: against('flame-chart-js', size, (f) => f.bytes) },
      { size, what: 'frame / bare canvas', limit: 1.3, value: against('bare canvas', size, frame) },
    ]),
    { size: big, what: 'live update / flame-chart-js setData', limit: 0.01, value: against('flame-chart-js', big, append) },
    { size: big, what: 'script median, ms', limit: 4, value: ours(big, script), atOne: true },
    { size: big, what: 'script p95, ms', limit: 6, value: ours(big, scriptP95), atOne: true },
    { size: big, what: 'frame p95, ms', limit: 16.7, value: ours(big, frameP95), atOne: true },
    { size: big, what: 'hover, ms of script', limit: 1.5, value: ours(big, hover), atOne: true },
  ];
  const lines = ['', 'Gates'];
  for (const { size, what, limit, value, atOne } of all) {
    if (!sizes.includes(size)) continue;
    for (const ratio of ratios) {
      if (atOne === true && ratio !== 1) continue;
      const got = value(ratio);
      const verdict = Number.isNaN(got) ? 'not measured' : got <= limit ? 'met' : 'NOT MET';
      lines.push(`${size.toLocaleString('en').padStart(9)} ×${ratio}  ${what.padEnd(38)}${show(got, limit < 2 ? 3 : 1).padStart(9)}  ≤ ${String(limit).padEnd(6)} ${verdict}`);
    }
  }
  return lines;
}

/** From the disk to the page, whose own time for the same spans is that of `load`. */
function openings(measured: ReadonlyMap<number, OpeningFigures>): string[] {
  const lines = ['', 'From the file on disk until the data are there for the page (ms)'];
  for (const [size, { bytes, spans, recordedHere, endOfRun, first, again, keptBytes }] of measured) {
    lines.push(`${spans.toLocaleString('en')} spans, ${(bytes / 1e6).toFixed(0)} MB`);
    for (const [how, { firstMs, readMs, fullMs, blockedMs }] of [[`the first time, recorded here by agent-cost run (its summary: ${show(endOfRun.summaryMs, 0)}, then until it was kept: ${show(endOfRun.keptMs, 0)})`, recordedHere], ['the first time, from elsewhere', first], [`again, by ${(keptBytes / 1e6).toFixed(0)} MB kept`, again]] as const) {
      const limits: [what: string, value: number, limit: number | null][] = [
        ['first spans', firstMs, size === 1_000_000 ? 2000 : null],
        ['file read', readMs, null],
        ['all, analysed', fullMs, size === 1_000_000 ? 5000 : size === 100_000 ? 700 : null],
        ['host held up at most', blockedMs, null],
      ];
      lines.push(`  ${how}`);
      for (const [what, value, limit] of limits) if (!Number.isNaN(value)) lines.push(`    ${what.padEnd(24)}${show(value, 0).padStart(9)}${limit === null ? '' : `  ≤ ${String(limit).padEnd(6)} ${value <= limit ? 'met' : 'NOT MET'}`}`);
    }
  }
  return lines;
}

export const gates = { table, verdicts, openings };
