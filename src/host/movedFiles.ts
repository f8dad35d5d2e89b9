/**
 * Which file of a run a file of now is: renamed in the editor, moved by git or on disk. A file that is still where the run had it
 * is itself; of the others, the editor's own renames say where they went, then git, then how alike the texts are.
 */
import { readFile, stat } from 'node:fs/promises';
import { basename, dirname, extname } from 'node:path';
import { EventEmitter, workspace, type Disposable, type Event } from 'vscode';
import { sharedLines, splitLines } from '../analysis/lineAnchors.ts';
import type { Report } from '../profile/report.ts';
import type { Bytes, Milliseconds } from '../profile/units.ts';
import { DisposableList } from './disposables.ts';
import type { Git } from './git.ts';
import { canonicalPath, isNetworkPath } from './paths.ts';
import { afterRenames, type Rename } from './renames.ts';
import type { Run } from './runs.ts';

/** As git has it: files with fewer lines in common are two files. */
const LEAST_SHARED = 0.5;
/** Git is asked again when a file of the run is still missing after this. */
const ASK_AGAIN_AFTER_MS: Milliseconds = 5000;
/** Files of the workspace that are compared with one that is missing. */
const MOST_CANDIDATES = 200;
const LARGEST_CANDIDATE: Bytes = 1_000_000;

export class MovedFiles implements Disposable {
  private readonly disposables = new DisposableList();
  private readonly git: Git;
  /** Files and folders that the editor moved, in order. */
  private readonly renames: Rename[] = [];
  private readonly asked = new Map<string, { at: number; place: Promise<string | null> }>();
  private readonly changed = this.disposables.add(new EventEmitter<void>());
  /** Files were renamed in the editor. */
  readonly onDidChange: Event<void> = this.changed.event;

  constructor(git: Git) {
    this.git = git;
    this.disposables.add(
      workspace.onDidRenameFiles(({ files }) => {
        void Promise.all(files.map(({ oldUri, newUri }) => this.noteRename(oldUri.fsPath, newUri.fsPath))).then(() => this.changed.fire());
      }),
    );
  }

  /**
   * The names that a run has for a file: usually none or one.
   * @param path where the file is now
   * @param text its lines now
   */
  async namesOf(run: Run, path: string, text: readonly string[]): Promise<readonly string[]> {
    const report = run.document?.report;
    if (report === undefined) return [];
    const here = await canonicalPath(path);
    // Merely asking about a network path tells the machine that it names who asks.
    const names = [...filesOf(report)].filter((name) => !isNetworkPath(name) || isNetworkPath(path));
    const same: string[] = [];
    for (const name of names) if ((await canonicalPath(name)) === here) same.push(name);
    if (same.length > 0) return same;
    let alike: { name: string; shared: number } | null = null;
    for (const name of names) {
      if (!(await isMissing(name))) continue;
      const known = await this.knownPlace(run, name);
      if (known !== null) {
        if ((await canonicalPath(known)) === here) return [name];
        continue;
      }
      if (extname(name) !== extname(path)) continue;
      const snapshot = await run.snapshots.linesOf(name, report.run, name);
      const shared = snapshot === null ? 0 : sharedLines(snapshot, text);
      if (shared >= LEAST_SHARED && shared > (alike?.shared ?? 0)) alike = { name, shared };
    }
    return alike === null ? [] : [alike.name];
  }

  /** Where a file of a run is now: its own name where it is still there, or nobody knows better. */
  async placeOf(run: Run, name: string): Promise<string> {
    if (!(await isMissing(name))) return name;
    return (await this.knownPlace(run, name)) ?? (await this.alikeOf(run, name)) ?? name;
  }

  dispose(): void {
    this.disposables.dispose();
  }

  /** By the editor's renames, or by git. */
  private async knownPlace(run: Run, name: string): Promise<string | null> {
    const place = afterRenames({ path: name, canonical: await canonicalPath(name) }, this.renames.filter(({ at }) => at >= run.startedMs)).path;
    if (place !== name && !(await isMissing(place))) return place;
    const commit = run.document?.report.run.commit;
    if (!commit) return null;
    const key = `${commit.id}\n${name}`;
    let asked = this.asked.get(key);
    if (asked === undefined || performance.now() - asked.at > ASK_AGAIN_AFTER_MS) {
      asked = { at: performance.now(), place: this.git.newPlaceOf(commit, name) };
      this.asked.set(key, asked);
    }
    return asked.place;
  }

  /** The file whose text is most like that of the one that is missing: of its folder, else of the workspace, those of its name first. */
  private async alikeOf(run: Run, name: string): Promise<string | null> {
    const snapshot = await run.snapshots.linesOf(name, run.document?.report.run, name);
    if (snapshot === null) return null;
    const ending = extname(name);
    if (!/^\.\w+$/.test(ending)) return null;
    const found = await workspace.findFiles(`**/*${ending}`, '**/{node_modules,.git,.venv,venv,dist,out,build}/**', MOST_CANDIDATES * 10);
    const candidates = found
      .filter((uri) => uri.scheme === 'file')
      .map((uri) => uri.fsPath)
      .sort((a, b) => Number(basename(b) === basename(name)) - Number(basename(a) === basename(name)))
      .slice(0, MOST_CANDIDATES);
    const folder = await canonicalPath(dirname(name));
    let best: { path: string; shared: number; beside: boolean } | null = null;
    for (const path of candidates) {
      const shared = sharedLines(snapshot, await readLines(path));
      const beside = (await canonicalPath(dirname(path))) === folder;
      if (shared >= LEAST_SHARED && (best === null || (beside === best.beside ? shared > best.shared : beside))) best = { path, shared, beside };
    }
    return best?.path ?? null;
  }

  private async noteRename(from: string, to: string): Promise<void> {
    const at = Date.now();
    this.renames.push({ at, from: await canonicalPath(from), to: { path: to, canonical: await canonicalPath(to) } });
  }
}

/** Names of all files that a report speaks of. */
export function filesOf({ lines, functions }: Report): ReadonlySet<string> {
  return new Set([...lines.map(({ file }) => file), ...functions.flatMap(({ site }) => (site === null ? [] : [site.file]))]);
}

async function isMissing(path: string): Promise<boolean> {
  if (isNetworkPath(path)) return false;
  try {
    await stat(path);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT';
  }
}

async function readLines(path: string): Promise<readonly string[]> {
  try {
    return (await stat(path)).size > LARGEST_CANDIDATE ? [] : splitLines(await readFile(path, 'utf8'));
  } catch {
    // Gone since it was found.
    return [];
  }
}
