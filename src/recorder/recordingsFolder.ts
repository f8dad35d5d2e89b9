/** The folder of a workspace that holds its recordings, which keeps itself out of git; runs that belong together lie in folders in it. */
import { basename, dirname } from 'node:path';

export const RECORDINGS_FOLDER = '.agent-cost';

/** The folder of that name that a recording is to lie in, itself or a folder further down; null where it lies elsewhere. */
export function recordingsFolderOf(recording: string): string | null {
  const folder = dirname(recording);
  return [folder, dirname(folder)].find((path) => basename(path) === RECORDINGS_FOLDER) ?? null;
}
