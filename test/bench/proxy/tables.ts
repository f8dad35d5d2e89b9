/** The figures as people read them. */
import type { BodyFigures } from './bodyCells.ts';
import type { CallFigures } from './callCells.ts';
import { shown } from './limits.ts';
import type { StallFigures } from './stallCell.ts';
import type { StampFigures } from './stampCell.ts';
import type { StreamFigures } from './streamCells.ts';

const PIPE = 'pipe of sockets';

function lines(title: string, columns: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => cells.map((cell, n) => (n === 0 ? cell.padEnd(18) : cell.padStart(11))).join('');
  return ['', title, line(['', ...columns]), ...rows.map(line)].join('\n');
}

export function callTable(title: string, atOnce: number, figures: readonly CallFigures[]): string {
  const direct = figures.find(({ target }) => target === 'direct');
  const pipe = figures.find(({ target }) => target === PIPE);
  const added = (of: CallFigures | undefined) => (of === undefined || direct === undefined || of === direct ? null : of.medianMs - direct.medianMs);
  return lines(
    title,
    ['median ms', 'p99 ms', 'added ms', 'x pipe', 'p99 x pipe', ...(atOnce > 1 ? ['calls/s', 'x pipe'] : []), 'CPU µs', 'forwarding', 'MB', 'calls', 'failed'],
    figures.map((of) => [
      of.target,
      shown(of.medianMs),
      shown(of.p99Ms),
      shown(added(of)),
      of === direct ? '' : shown((added(of) ?? NaN) / (added(pipe) ?? NaN)),
      shown(of.p99Ms / (pipe?.p99Ms ?? NaN)),
      ...(atOnce > 1 ? [shown(of.throughput), shown(of.throughput / (pipe?.throughput ?? NaN))] : []),
      shown(of.cpuUs?.all),
      shown(of.cpuUs?.first),
      shown(of.megabytes),
      String(of.calls),
      String(of.failed),
    ]),
  );
}

export function streamTable(title: string, figures: readonly StreamFigures[]): string {
  return lines(
    title,
    ['delay ms', 'p99', 'jitter ms', 'p99', 'CPU µs', 'forwarding', 'merged', 'split', 'chunks', 'failed'],
    figures.map((of) => [
      of.target,
      shown(of.delayMs.median),
      shown(of.delayMs.p99),
      shown(of.jitterMs.median),
      shown(of.jitterMs.p99),
      shown(of.cpuUsPerChunk?.all),
      shown(of.cpuUsPerChunk?.first),
      String(of.merged),
      String(of.split),
      String(of.chunks),
      String(of.failed),
    ]),
  );
}

export function stampText(title: string, of: StampFigures): string {
  return `\n${title}\nafter the moment of writing, ms: recorded ${shown(of.recordedMs.median)} (p99 ${shown(of.recordedMs.p99)}), the kernel's stamp without a proxy ${shown(of.kernelMs?.median)} (p99 ${shown(of.kernelMs?.p99)}); within 0.2 ms: ${(of.within * 100).toFixed(1)} % of ${of.chunks} chunks; zero known to ±${shown(of.uncertaintyMs)} ms`;
}

export function bodyTable(figures: readonly BodyFigures[]): string {
  return lines('Long bodies, recording full: what the process grew by at its highest', ['MB', 'seconds'], figures.map((of) => [of.body.padEnd(24), shown(of.grewMegabytes), shown(of.seconds)]));
}

export function stallText(of: StallFigures): string {
  const spread = ({ median, p99, max }: StallFigures['before']) => `${shown(median)} (p99 ${shown(p99)}, longest ${shown(max)})`;
  return `\nA disk that stalls for 10 s, recording full\ndelay of a chunk, ms: before ${spread(of.before)}, meanwhile ${spread(of.during)}; calls in the recording ${of.recorded} of ${of.calls}, without their texts ${of.withoutText}\n${of.warnings.map((warning) => `says: ${warning}`).join('\n')}`;
}
