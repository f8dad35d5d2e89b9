/** New files of recordings: their owner's alone, and never in the place of something else. */
import { constants, existsSync } from 'node:fs';
import { mkdir, open, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { recordingsFolderOf } from './recordingsFolder.ts';
import type { AppendTarget } from './recordingSink.ts';

/**
 * Creates the file of a recording, readable by its owner alone, and folders on the way to it.
 * A `.agent-cost` folder made here keeps itself out of git.
 * @throws NodeJS.ErrnoException (`EEXIST`, `EACCES`, `EROFS`, `ENOSPC`, …)
 */
export async function createRecordingFile(path: string): Promise<AppendTarget> {
  const folder = dirname(path);
  await makeFolder(folder);
  const recordings = recordingsFolderOf(path);
  if (recordings !== null) {
    await writeFile(`${recordings}/.gitignore`, '*\n', { flag: 'wx' }).catch(() => {
      // It is there already, or cannot be made: neither keeps a recording from being written.
    });
  }
  return open(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_APPEND | (constants.O_NOFOLLOW ?? 0), 0o600);
}

/** Like `mkdir -p`; Node's own recursive mkdir never returns where a folder exists in which nothing can be made (/proc). */
async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { mode: 0o700 });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return;
    if (code !== 'ENOENT' || existsSync(dirname(folder))) throw error;
    await makeFolder(dirname(folder));
    await mkdir(folder, { mode: 0o700 });
  }
}
