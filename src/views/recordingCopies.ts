/** Recordings that are no files, such as the version in git that an editor of changes shows: copied to one, as the reader of recordings needs. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { workspace, type Uri } from 'vscode';

export interface RecordingFile {
  path: string;
  /** Not the user's own: it is no run of theirs to go on with. */
  isCopy: boolean;
  /** Removes the copy. */
  forget(): Promise<void>;
}

/** @throws FileSystemError for what cannot be read */
export async function recordingFile(uri: Uri): Promise<RecordingFile> {
  if (uri.scheme === 'file') return { path: uri.fsPath, isCopy: false, forget: async () => undefined };
  const bytes = await workspace.fs.readFile(uri);
  const folder = await mkdtemp(join(tmpdir(), 'agent-cost-copy-'));
  const path = join(folder, basename(uri.path).replace(/\.agentcost$/, ` (${uri.scheme.replaceAll(/[^\w.-]/g, '')}).agentcost`));
  await writeFile(path, bytes, { mode: 0o600 });
  return { path, isCopy: true, forget: () => rm(folder, { recursive: true, force: true }) };
}
