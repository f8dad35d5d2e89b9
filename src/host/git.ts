/**
 * What git knows of files as they were when a run began: their texts, and where they are now. Quiet: whatever git cannot
 * tell is null, and the log says why.
 */
import { realpath, stat } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, relative, sep } from 'node:path';
import { askGit } from '../recorder/git.ts';
import { isNetworkPath, isWithin } from './paths.ts';

/** The commit of a run, as its report names it. */
export interface RunCommit {
  root: string;
  id: string;
}

export interface GitOptions {
  /** Folders of the workspace: git is asked in their repositories only, whatever a recording names. */
  folders: () => readonly string[];
  /** Git is a program that a repository's configuration can lead to others: never in a workspace that is not trusted. */
  isTrusted: () => boolean;
  onFailure: (why: string) => void;
}

/** More commits than this between the run and now are not searched for renames. */
const MOST_COMMITS = 2000;
const COMMIT = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;

export class Git {
  private readonly options: GitOptions;

  constructor(options: GitOptions) {
    this.options = options;
  }

  /** A file's bytes at a commit, as the repository holds them. */
  async textAt(commit: RunCommit, path: string): Promise<Buffer | null> {
    const place = await this.placeOf(commit, path);
    return place === null ? null : askGit(place.root, ['cat-file', 'blob', `${commit.id}:${place.name}`], this.options.onFailure);
  }

  /**
   * Where a file of a commit is now, in the working tree: followed through the commits since, and through what is not
   * committed yet. Null when git sees no rename.
   */
  async newPlaceOf(commit: RunCommit, path: string): Promise<string | null> {
    const place = await this.placeOf(commit, path);
    if (place === null) return null;
    const { root, name } = place;
    const renames = ['-M', '--diff-filter=R', '--name-status', '-z', '--no-ext-diff', '--no-textconv'];
    const [committed, uncommitted] = await Promise.all([
      askGit(root, ['log', '--reverse', '--format=', `-n${MOST_COMMITS}`, ...renames, `${commit.id}..HEAD`], this.options.onFailure),
      askGit(root, ['diff', ...renames, 'HEAD'], this.options.onFailure),
    ]);
    const steps = [...parseRenames(committed), ...parseRenames(uncommitted)];
    const now = followRenames(name, steps);
    if (now !== name && (await isFile(join(root, now)))) return join(root, now);
    // On a branch that went another way, or changed too much in between: the two ends alone.
    const direct = followRenames(name, parseRenames(await askGit(root, ['diff', ...renames, commit.id], this.options.onFailure)));
    return direct !== name && (await isFile(join(root, direct))) ? join(root, direct) : null;
  }

  /** The repository that may be asked, and the file's name in it. */
  private async placeOf({ root, id }: RunCommit, path: string): Promise<{ root: string; name: string } | null> {
    if (!this.options.isTrusted() || !COMMIT.test(id) || isNetworkPath(root) || isNetworkPath(path) || !isAbsolute(root)) return null;
    const own = await Promise.all(this.options.folders().map(async (folder) => (await isWithin(folder, root)) || (await isWithin(root, folder))));
    if (!own.includes(true)) return null;
    const name = relative(await realPlace(root), await realPlace(path)).split(sep).join('/');
    return name === '' || name.startsWith('../') || isAbsolute(name) ? null : { root, name };
  }
}

/** From git's `R100 NUL old NUL new NUL`, in its order. */
export function parseRenames(answer: Buffer | null): { from: string; to: string }[] {
  const fields = answer?.toString('utf8').split('\0') ?? [];
  const renames: { from: string; to: string }[] = [];
  for (let at = 0; at + 2 < fields.length; ) {
    // Between commits, log leaves line ends behind.
    if (!/^\s*R\d+$/.test(fields[at] ?? '')) at++;
    else {
      renames.push({ from: fields[at + 1] ?? '', to: fields[at + 2] ?? '' });
      at += 3;
    }
  }
  return renames;
}

/** A name after renames, the oldest first. */
export function followRenames(name: string, renames: readonly { from: string; to: string }[]): string {
  return renames.reduce((current, { from, to }) => (from === current ? to : current), name);
}

/** The real path of a file that may be gone: that of the nearest folder which is there, and the rest. */
async function realPlace(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch {
    // Gone: its folder may be there.
    const folder = dirname(path);
    return folder === path ? path : join(await realPlace(folder), basename(path));
  }
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile();
  } catch {
    // Gone again.
    return false;
  }
}
