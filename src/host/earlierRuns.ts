/** Runs of the same program before one that is shown: what its lines are compared with. Read when they are first asked for. */
import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { EventEmitter, type Disposable, type Event } from 'vscode';
import type { Report } from '../profile/report.ts';
import type { Bytes } from '../profile/units.ts';
import type { Run, RunStore } from './runs.ts';

/** With the run itself, five are compared. */
const MOST_EARLIER = 4;
/** Recordings that are looked into in search of these: programs of one name need not be one program. */
const MOST_TRIED = 12;
/** Larger recordings take seconds to analyse. */
const LARGEST_RECORDING: Bytes = 10_000_000;
/** What newRecordingPath puts behind a program's name. */
const STAMP = /-\d{8}-\d{4}(-\d+)?(?=\.\w+$)/;

export class EarlierRuns implements Disposable {
  private readonly runs: RunStore;
  private readonly onFailure: (error: unknown) => void;
  /** Of the run that was asked for last. */
  private asked: { file: string; found: readonly Run[] | null } | null = null;
  private readonly loaded = new EventEmitter<void>();
  /** The runs before the one that was asked for last are there. */
  readonly onDidLoad: Event<void> = this.loaded.event;

  constructor(runs: RunStore, onFailure: (error: unknown) => void) {
    this.runs = runs;
    this.onFailure = onFailure;
  }

  /** Runs before a finished one, the oldest first; none until they are read, which `onDidLoad` tells. */
  of(run: Run): readonly Run[] {
    if (run.live || run.document === null) return [];
    if (this.asked?.file !== run.file) {
      const asking: { file: string; found: readonly Run[] | null } = { file: run.file, found: null };
      this.asked = asking;
      this.load(run.file, run.document.report)
        .then((found) => {
          asking.found = found;
          if (this.asked === asking && found.length > 0) this.loaded.fire();
        })
        .catch(this.onFailure);
    }
    return this.asked?.found ?? [];
  }

  dispose(): void {
    this.loaded.dispose();
  }

  private async load(file: string, report: Report): Promise<readonly Run[]> {
    const begun = Date.parse(report.run.startedAt);
    const found: Run[] = [];
    for (const candidate of (await candidatesFor(file, begun)).slice(0, MOST_TRIED)) {
      if (found.length === MOST_EARLIER) break;
      try {
        const known = this.runs.get(candidate);
        if (known?.live) continue;
        const document = known?.document ?? (await this.runs.read(candidate));
        if (isEarlierRunOf(document.report, report)) found.unshift(this.runs.aside(candidate, document));
      } catch {
        // A recording that cannot be read says so when it is opened.
      }
    }
    return found;
  }
}

/** The same command on the same kind of backend, seen to its end: a simulated GPU says nothing about a real one. */
function isEarlierRunOf(earlier: Report, report: Report): boolean {
  return (
    earlier.run.id !== report.run.id &&
    earlier.run.complete &&
    earlier.run.name === report.run.name &&
    earlier.run.cwd === report.run.cwd &&
    JSON.stringify(earlier.run.command) === JSON.stringify(report.run.command) &&
    earlier.backend.simulated === report.backend.simulated &&
    Date.parse(earlier.run.startedAt) < Date.parse(report.run.startedAt)
  );
}

/** Recordings beside one, of programs with its name, that are older; the newest first. */
async function candidatesFor(file: string, begun: number): Promise<readonly string[]> {
  const program = basename(file).replace(STAMP, '');
  const folder = dirname(file);
  const candidates: { path: string; writtenMs: number }[] = [];
  for (const name of await readdir(folder)) {
    if (name === basename(file) || name.replace(STAMP, '') !== program) continue;
    const path = join(folder, name);
    const { size, mtimeMs } = await stat(path);
    // One that was written to after this run began went on beside it, or is later.
    if (size <= LARGEST_RECORDING && mtimeMs <= begun) candidates.push({ path, writtenMs: mtimeMs });
  }
  return candidates.sort((a, b) => b.writtenMs - a.writtenMs).map(({ path }) => path);
}
