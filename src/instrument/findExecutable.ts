/** Looks a command up as the shell would, so that a wrong name is told before anything is started. */
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, resolve } from 'node:path';

/** @returns the file that would run, or null */
export function findExecutable(command: string, env: NodeJS.ProcessEnv, cwd: string): string | null {
  const endings = process.platform === 'win32' ? ['', ...(env['PATHEXT'] ?? '.EXE;.CMD;.BAT').split(';')] : [''];
  const isPath = /[\\/]/.test(command);
  for (const folder of isPath ? [cwd] : (env['PATH'] ?? '').split(delimiter))
    for (const ending of endings) {
      const file = resolve(cwd, isPath ? '' : folder, command + ending);
      if (isExecutable(file)) return file;
    }
  return null;
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    // Not there, or not ours to run: either way the search goes on.
    return false;
  }
}
