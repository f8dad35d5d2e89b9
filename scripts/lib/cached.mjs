// Things installed once into the cache folder: whole or not at all.
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { isAlive } from './lock.mjs';

const COMPLETE = '.complete';

/** @param {string} folder */
export const isComplete = (folder) => existsSync(join(folder, COMPLETE));

/**
 * Fills a folder by way of a temporary one beside it, which takes its name only when all went well: an interrupted
 * or failed installation leaves nothing that looks installed. Leftovers of earlier, dead installations are removed.
 *
 * @param {string} folder
 * @param {(temporary: string) => Promise<void>} fill
 */
export async function installOnce(folder, fill) {
  mkdirSync(dirname(folder), { recursive: true });
  const prefix = `${basename(folder)}.installing-`;
  for (const name of readdirSync(dirname(folder)))
    if (name.startsWith(prefix) && !isAlive(Number(name.slice(prefix.length)))) rmSync(join(dirname(folder), name), { recursive: true, force: true });
  const temporary = join(dirname(folder), prefix + process.pid);
  mkdirSync(temporary);
  try {
    await fill(temporary);
    writeFileSync(join(temporary, COMPLETE), `${new Date().toISOString()}\n`);
    // Someone else's installation may have won: then ours is not needed.
    if (!isComplete(folder)) {
      rmSync(folder, { recursive: true, force: true });
      renameSync(temporary, folder);
    }
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}
