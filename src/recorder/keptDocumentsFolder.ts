/** Where analysed recordings are kept, apart from what keeps them: the editor asks for it as it starts. */
import { mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/**
 * The folder for the editor and the command line: under `XDG_CACHE_HOME`, else in Windows' or the home folder's place for what can be
 * made again. Where it is, an editor has looked for recordings: others need none to be kept.
 */
export function keptDocumentsFolder(env: NodeJS.ProcessEnv = process.env, platform: NodeJS.Platform = process.platform): string {
  const windows = platform === 'win32' ? env['LOCALAPPDATA'] : undefined;
  return join(env['XDG_CACHE_HOME'] || windows || join(homedir(), '.cache'), 'agent-cost', 'documents');
}

/**
 * Makes it, for its owner alone.
 * @throws where it can't be made
 */
export function makeKeptDocumentsFolder(folder: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
}
