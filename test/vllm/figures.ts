/** Figures of ours beside the server's. */
import { alignColumns } from '../../src/profile/alignColumns.ts';

export interface Figure {
  what: string;
  ours: number;
  theirs: number;
  unit: string;
  /** How far ours may be off: a share of theirs, or so much in their unit, whichever is more; null where no limit is set. */
  limit: { share: number; atLeast: number } | null;
}

export function isMet({ ours, theirs, limit }: Figure): boolean {
  return limit === null || Math.abs(ours - theirs) <= Math.max(limit.share * Math.abs(theirs), limit.atLeast);
}

/** As a table on the terminal: ours, theirs, the ratio, and whether the limit is met. */
export function print(title: string, figures: readonly Figure[]): void {
  const digits = (value: number): string => (Math.abs(value) >= 1000 ? value.toFixed(0) : value.toFixed(2));
  const rows = figures.map((figure) => {
    const { what, ours, theirs, unit, limit } = figure;
    const within = limit === null ? '' : `±${(limit.share * 100).toFixed(0)} %${limit.atLeast > 0 ? ` or ${limit.atLeast} ${unit}` : ''}`;
    return [what, digits(ours), digits(theirs), unit, theirs === 0 ? '–' : (ours / theirs).toFixed(3), within, limit === null ? '' : isMet(figure) ? 'met' : 'NOT MET'];
  });
  const table = alignColumns([['figure', 'ours', 'theirs', '', 'ratio', 'limit', ''], ...rows], ['left', 'right', 'right', 'left', 'right', 'left', 'left']);
  process.stdout.write(`\n${[title, ...table].join('\n')}\n\n`);
}
