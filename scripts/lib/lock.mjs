// One at a time: two commands started together, or one started over while a killed one's npm still works, would spoil each other's files.
import { createHash } from 'node:crypto';
import { appendFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { cacheFolder, root } from './paths.mjs';
import { say } from './steps.mjs';

/** No step of the setup takes as long; a lock this old is taken for a dead one whose process id was given to another. */
const PATIENCE_MS = 10 * 60_000;

/** @param {number} pid */
export function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

function holders(file) {
  try {
    return readFileSync(file, 'utf8').split('\n').filter(Boolean).map(Number);
  } catch (error) {
    if (error.code === 'ENOENT') return [];
    throw error;
  }
}

/**
 * Does some work on this clone's files while no one else does.
 *
 * @template T
 * @param {string} what what the other one does, for the line that says that we wait
 * @param {(hold: (pid: number) => void) => Promise<T>} work `hold` names a child process that keeps the lock even if we are killed
 * @returns {Promise<T>}
 */
export async function alone(what, work) {
  const folder = join(cacheFolder, 'locks');
  mkdirSync(folder, { recursive: true });
  const file = join(folder, createHash('sha256').update(root).digest('hex').slice(0, 16));
  const until = Date.now() + PATIENCE_MS;
  for (let waits = false; ; ) {
    try {
      writeFileSync(file, `${process.pid}\n`, { flag: 'wx' });
      break;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    if (Date.now() > until || !holders(file).some(isAlive)) {
      rmSync(file, { force: true });
      continue;
    }
    if (!waits) say(`waiting for another command here to ${what} …`);
    waits = true;
    await delay(200);
  }
  const release = () => rmSync(file, { force: true });
  process.once('exit', release);
  try {
    return await work((pid) => appendFileSync(file, `${pid}\n`));
  } finally {
    process.off('exit', release);
    release();
  }
}
