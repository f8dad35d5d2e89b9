// Finds processes that a stage of the tests left behind, wherever they moved: each carries a mark in its environment.
import { readdirSync, readFileSync } from 'node:fs';

const MARK = 'AGENT_COST_TEST_STAGE';

/** @param {string} stage */
export const markFor = (stage) => ({ [MARK]: `${stage}-${process.pid}` });

/**
 * The marked processes that are still there, as `pid command`. Linux only: elsewhere nothing is found.
 *
 * @param {string} stage
 */
export function leftovers(stage) {
  if (process.platform !== 'linux') return [];
  const wanted = `${MARK}=${stage}-${process.pid}`;
  const found = [];
  for (const name of readdirSync('/proc')) {
    const pid = Number(name);
    if (!pid || pid === process.pid) continue;
    try {
      if (!readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').includes(wanted)) continue;
      found.push({ pid, command: readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim().slice(0, 120) });
    } catch {
      // It ended while we looked, or is not ours to look at.
    }
  }
  return found;
}
