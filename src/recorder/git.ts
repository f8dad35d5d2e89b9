/**
 * Asks git about a folder without changing anything there, and without running what the repository's configuration names:
 * no hooks, no file monitor, no locks. Callers do so only where programs of that folder may run anyway.
 */
import { execFile } from 'node:child_process';
import { constants, setPriority } from 'node:os';
import type { Bytes, Milliseconds } from '../profile/units.ts';

/** A healthy repository answers in some 10 ms; a huge one on a cold disk is not waited for. */
const PATIENCE_MS: Milliseconds = 3000;
const LARGEST_ANSWER: Bytes = 8_000_000;
const SAFE = ['--no-optional-locks', '--no-pager', '-c', 'core.fsmonitor=false', '-c', 'core.hooksPath=/dev/null', '-c', 'core.quotePath=false', '-c', 'protocol.allow=never'];

/**
 * What a git command prints. Null when it fails, for whatever reason: no git, no repository, too slow, too long.
 * @param onFailure is told why
 */
export function askGit(folder: string, args: readonly string[], onFailure: (why: string) => void = () => undefined): Promise<Buffer | null> {
  return new Promise((resolve) => {
    const child = execFile(
      'git',
      [...SAFE, '-C', folder, ...args],
      { encoding: 'buffer', timeout: PATIENCE_MS, killSignal: 'SIGKILL', maxBuffer: LARGEST_ANSWER, windowsHide: true, env: plainEnvironment(process.env) },
      (error, stdout, stderr) => {
        if (error === null) resolve(stdout);
        else {
          onFailure(`git ${args[0] ?? ''}: ${stderr.toString('utf8').trim() || error.message}`);
          resolve(null);
        }
      },
    );
    try {
      // The program that is being measured goes first.
      if (child.pid !== undefined) setPriority(child.pid, constants.priority.PRIORITY_BELOW_NORMAL);
    } catch {
      // It has ended already, or this system knows no priorities.
    }
  });
}

/** Variables such as GIT_DIR, which git sets for its hooks and aliases, would lead to another repository. */
function plainEnvironment(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return {
    ...Object.fromEntries(Object.entries(environment).filter(([name]) => !name.startsWith('GIT_'))),
    GIT_TERMINAL_PROMPT: '0',
    // A partial clone would fetch what it lacks.
    GIT_NO_LAZY_FETCH: '1',
    LC_ALL: 'C',
  };
}

/** The commit that a folder's repository is at. */
export interface Checkout {
  /** The repository's topmost folder. */
  root: string;
  /** Full id of HEAD's commit. */
  commit: string;
  /** Whether files that git knows differ from the commit; null when git did not tell in time. */
  dirty: boolean | null;
}

/** Null where there is no repository, none with a commit, or no git. */
export async function checkoutOf(folder: string): Promise<Checkout | null> {
  const answer = await askGit(folder, ['rev-parse', '--show-toplevel', 'HEAD']);
  const [root, commit] = answer?.toString('utf8').split('\n') ?? [];
  if (!root || commit === undefined || !COMMIT.test(commit)) return null;
  const changes = await askGit(folder, ['status', '--porcelain', '--untracked-files=no', '--ignore-submodules=all']);
  return { root, commit, dirty: changes === null ? null : changes.length > 0 };
}

/** A full object id, SHA-1 or SHA-256. */
const COMMIT = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;
