/** The limits that the proxy is to keep to, and whether it did. What was not measured is said to be so. */
import type { BodyFigures } from './bodyCells.ts';
import type { CallFigures } from './callCells.ts';
import type { StallFigures } from './stallCell.ts';
import type { StampFigures } from './stampCell.ts';
import type { StreamFigures } from './streamCells.ts';

export interface Results {
  calls: Record<string, CallFigures[]>;
  streams: Record<string, StreamFigures[]>;
  stamps: Record<string, StampFigures>;
  bodies: BodyFigures[];
  stall: StallFigures | null;
}

export interface Verdict {
  cell: string;
  what: string;
  value: number;
  limit: number;
  atLeast?: boolean;
}

const OURS = 'ours, full';
const PIPE = 'pipe of sockets';
/** What one open call may take, however long its bodies are: 48 MB may wait for the recorder, and more for the collector of garbage. */
const BODY_MEGABYTES = 128;

const isMet = ({ value, limit, atLeast }: Verdict): boolean => (atLeast === true ? value >= limit : value <= limit);

function ofCalls(cell: string, figures: readonly CallFigures[]): Verdict[] {
  const named = (name: string) => figures.find(({ target }) => target === name);
  const [ours, pipe, direct] = [named(OURS), named(PIPE), named('direct')];
  if (ours === undefined) return [];
  const verdicts: Verdict[] = [];
  if (cell.endsWith('-1')) {
    const added = (of: CallFigures | undefined) => (of === undefined || direct === undefined ? NaN : of.medianMs - direct.medianMs);
    if (cell.startsWith('stream')) {
      verdicts.push({ cell, what: 'added median, ms: at most what the pipe adds', value: added(ours), limit: added(pipe) });
      verdicts.push({ cell, what: 'added median, ms: the aim', value: added(ours), limit: 0.35 });
    } else verdicts.push({ cell, what: 'added median, ms', value: added(ours), limit: 0.3 });
    verdicts.push({ cell, what: 'p99, of the pipe’s', value: ours.p99Ms / (pipe?.p99Ms ?? NaN), limit: 1.3 });
  }
  if (cell.endsWith('-32'))
    for (const [name, limit] of [[PIPE, 0.9], ['Portkey', 3], ['LiteLLM', 10]] as const)
      verdicts.push({ cell, what: `throughput, of ${name === PIPE ? 'the pipe’s' : `${name}’s`}`, value: ours.throughput / (named(name)?.throughput ?? NaN), limit, atLeast: true });
  return verdicts;
}

function ofStreams(cell: string, figures: readonly StreamFigures[]): Verdict[] {
  const ours = figures.find(({ target }) => target === OURS);
  const direct = figures.find(({ target }) => target === 'direct');
  if (ours === undefined) return [];
  const verdicts: Verdict[] = [
    { cell, what: 'chunks merged or split', value: ours.merged + ours.split, limit: 0 },
    { cell, what: 'added jitter, median, ms', value: ours.jitterMs.median - (direct?.jitterMs.median ?? NaN), limit: 0.2 },
    { cell, what: 'added jitter, p99, ms', value: ours.jitterMs.p99 - (direct?.jitterMs.p99 ?? NaN), limit: 2 },
  ];
  if (cell.endsWith('-256')) verdicts.push({ cell, what: 'CPU per chunk, µs', value: ours.cpuUsPerChunk?.all ?? NaN, limit: 25 });
  return verdicts;
}

export function verdicts(results: Results): Verdict[] {
  return [
    ...Object.entries(results.calls).flatMap(([cell, figures]) => ofCalls(cell, figures)),
    ...Object.entries(results.streams).flatMap(([cell, figures]) => ofStreams(cell, figures)),
    ...Object.entries(results.stamps).flatMap(([cell, { recordedMs, kernelMs }]): Verdict[] => [
      { cell, what: 'recorded after the kernel, median, ms', value: recordedMs.median - (kernelMs?.median ?? NaN), limit: 0.2 },
      { cell, what: 'recorded after the kernel, p99, ms', value: recordedMs.p99 - (kernelMs?.median ?? NaN), limit: 0.2 },
    ]),
    ...results.bodies.map(({ body, grewMegabytes }): Verdict => ({ cell: 'bodies', what: `${body}: memory, MB`, value: grewMegabytes ?? NaN, limit: BODY_MEGABYTES })),
    ...(results.stall === null
      ? []
      : [
          { cell: 'stall', what: 'added delay while the disk stalls, p99, ms', value: results.stall.during.p99 - results.stall.before.p99, limit: 2 },
          { cell: 'stall', what: 'calls missing in the recording', value: results.stall.calls - results.stall.recorded, limit: 0 },
          { cell: 'stall', what: 'texts lost without a word', value: results.stall.withoutText > 0 && results.stall.warnings.length === 0 ? results.stall.withoutText : 0, limit: 0 },
        ]),
  ];
}

export function verdictText(verdict: Verdict): string {
  const { cell, what, value, limit, atLeast } = verdict;
  const outcome = Number.isNaN(value) || Number.isNaN(limit) ? 'not measured' : isMet(verdict) ? 'met' : 'NOT MET';
  return `${cell.padEnd(18)} ${what.padEnd(46)} ${shown(value).padStart(9)}  ${atLeast === true ? '≥' : '≤'} ${shown(limit).padEnd(7)} ${outcome}`;
}

/** Three significant digits, and – for what is not known. */
export function shown(value: number | null | undefined): string {
  if (value === null || value === undefined || Number.isNaN(value)) return '–';
  if (Number.isInteger(value)) return String(value);
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : Math.abs(value) >= 1 ? 2 : 3;
  return value.toFixed(digits);
}
