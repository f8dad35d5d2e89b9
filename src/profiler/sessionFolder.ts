/** A session's folder among the temporary files: the session file that hooks look for, and the events they write. */
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sessionFileSchema, type SessionFile } from '../protocol/hook.ts';

const PREFIX = 'agent-cost-';
const SESSION_FILE = 'session.json';

/** Makes the folder, readable by its owner alone; `mkdtemp` gives it mode 0700. */
export function createSessionFolder(): string {
  return mkdtempSync(join(tmpdir(), PREFIX));
}

/** @returns the session file's absolute path */
export function writeSessionFile(folder: string, session: SessionFile): string {
  const path = join(folder, SESSION_FILE);
  writeFileSync(path, JSON.stringify(session), { mode: 0o600, flag: 'wx' });
  return path;
}

export function removeSessionFolder(folder: string): void {
  try {
    rmSync(folder, { recursive: true, force: true, maxRetries: 2 });
  } catch {
    // A program may still be writing an event: the next session sweeps the folder away.
  }
}

/** Removes the folders of sessions whose profiler was killed. */
export function sweepSessionFolders(isAlive: (pid: number) => boolean): void {
  for (const name of readdirSync(tmpdir())) {
    if (!name.startsWith(PREFIX)) continue;
    const folder = join(tmpdir(), name);
    try {
      const session = sessionFileSchema.parse(JSON.parse(readFileSync(join(folder, SESSION_FILE), 'utf8')));
      if (!isAlive(session.profilerPid)) removeSessionFolder(folder);
    } catch {
      // Not a session's folder, not ours, or one that is just being made: left alone.
    }
  }
}
