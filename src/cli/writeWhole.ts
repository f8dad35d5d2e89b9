import { renameSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { UsageError } from './usageError.ts';

/** Writes a file whole or not at all, readable by its owner alone. @param option that the path was given with. @throws UsageError when it cannot be written */
export function writeWhole(option: string, path: string, content: string | Uint8Array): void {
  const unfinished = `${resolve(path)}.${process.pid}.tmp`;
  try {
    writeFileSync(unfinished, content, { mode: 0o600 });
    renameSync(unfinished, path);
  } catch (error) {
    throw new UsageError(`${option}: ${path} cannot be written: ${error instanceof Error ? error.message : String(error)}.`);
  }
}
