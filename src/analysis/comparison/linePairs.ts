/** Which line of one run is which of another, where the program was edited in between. */
import type { Report, ReportLine } from '../../profile/report.ts';
import { groupBy } from '../grouping.ts';

/** A line as the runs of both sides have it, by their place in the lists; null where one has no such line. */
export interface SharedLine {
  /** Relative to where the program ran, where it lies there. */
  file: string;
  /** As the runs after have it, or else those before. */
  line: number;
  function: string | null;
  before: (ReportLine | null)[];
  after: (ReportLine | null)[];
}

/**
 * The lines of two groups of runs, paired: by file, function and number; of those that only one side has, by file and function
 * where each side has one alone (an edit above moved it). What fits none is a line of its own: a guess would compare what does
 * not belong together. The runs of one group are taken to be of one state of the program.
 */
export function sharedLines(before: readonly Report[], after: readonly Report[]): SharedLine[] {
  const shared = new Map<string, SharedLine>();
  const add = (side: 'before' | 'after', reports: readonly Report[]): void =>
    reports.forEach((report, index) => {
      for (const line of report.lines) {
        const file = nearPath(line.file, report.run.cwd);
        const key = JSON.stringify([file, line.function, line.line]);
        const known = shared.get(key) ?? { file, line: line.line, function: line.function, before: before.map(() => null), after: after.map(() => null) };
        shared.set(key, known);
        known[side][index] = line;
      }
    });
  add('before', before);
  add('after', after);
  return withMoved([...shared.values()]);
}

function withMoved(lines: readonly SharedLine[]): SharedLine[] {
  const gone = groupBy(lines.filter(({ after }) => after.every((line) => line === null)), likeness);
  const come = groupBy(lines.filter(({ before }) => before.every((line) => line === null)), likeness);
  const moved = new Map<SharedLine, SharedLine>();
  for (const [key, [from, ...others]] of gone) {
    const [to, ...rivals] = come.get(key) ?? [];
    if (from !== undefined && to !== undefined && others.length === 0 && rivals.length === 0 && from.function !== null) moved.set(to, from);
  }
  const merged = new Set(moved.values());
  return lines.filter((line) => !merged.has(line)).map((line) => ({ ...line, before: moved.get(line)?.before ?? line.before }));
}

/** File, function, and what happens on it. */
function likeness({ file, function: name, before, after }: SharedLine): string {
  return JSON.stringify([file, name, [...before, ...after].find((line) => line !== null)?.kinds]);
}

/** Of two machines or folders the same program has the same paths below where it ran. */
function nearPath(file: string, cwd: string): string {
  const folder = cwd.replace(/[\\/]+$/, '');
  if (folder === '') return file;
  return file.startsWith(`${folder}/`) || file.startsWith(`${folder}\\`) ? file.slice(folder.length + 1) : file;
}
