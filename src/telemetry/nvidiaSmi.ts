/**
 * What `nvidia-smi --query-gpu=… --format=csv,noheader,nounits -lms N` prints: one row for each GPU and reading, of power and of
 * `utilization.gpu`, a percentage of the time that the driver looks back (1/6 to 1 s by product).
 *
 * Two kinds of reading. `power.draw.instant` is what the board draws now, renewed every 100 ms. `power.draw` is, on
 * GPUs since Ampere except the A100 and A30, the mean of the last second: it is right over a run, but of a call of
 * 0.3 s that draws 610 W it says 225 W (measured on an H100; `test/fixtures/gpu`). So the first is asked for, and the
 * second only where the driver does not know the first; its readings then stand for the middle of their second.
 */
import type { Milliseconds, Ratio, Watts } from '../profile/units.ts';

/** How `power.draw` is to be read. */
export type PowerKind = 'instant' | 'averaged';

export interface NvidiaRow {
  /** Its own clock, ms since 1970 as if its local time were UTC: good for differences only. */
  stamp: Milliseconds;
  index: number;
  name: string;
  /** Null where the driver has no reading. */
  watts: Watts | null;
  /** Share of the last sixth of a second to second in which a kernel ran; null where the driver does not say (MIG), or was not asked. */
  busy: Ratio | null;
}

export const INSTANT_FIELD = 'power.draw.instant';
export const DRAW_FIELD = 'power.draw';

const INSTANT_LAG_MS: Milliseconds = 75;
/** Length of the mean that `power.draw` is. */
const AVERAGING_MS: Milliseconds = 1000;

/** Arguments of a loop that prints a row for each GPU every `everyMs`. */
export function loopArguments(field: string, everyMs: Milliseconds): string[] {
  return [`--query-gpu=timestamp,index,name,${field},utilization.gpu`, '--format=csv,noheader,nounits', '-lms', String(everyMs)];
}

/** Arguments of the question which GPUs there are, and which of them programs use. */
export const LIST_GPUS = ['--query-gpu=index,uuid,name', '--format=csv,noheader'];
export const LIST_PROGRAMS = ['--query-compute-apps=gpu_uuid,pid', '--format=csv,noheader'];

/** A row of the loop, or null when the line is none (an error's text, a torn line). */
export function parseRow(line: string): NvidiaRow | null {
  const cells = line.split(',').map((cell) => cell.trim());
  const [when = '', index = '', name = '', draw = '', use] = cells;
  const time = /^(\d{4})\/(\d\d)\/(\d\d) (\d\d):(\d\d):(\d\d)\.(\d{3})$/.exec(when);
  if (cells.length < 4 || cells.length > 5 || time === null || !/^\d+$/.test(index) || draw === '') return null;
  const [year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0, milli = 0] = time.slice(1).map(Number);
  const watts = /^\d+(?:\.\d+)?$/.test(draw) ? Number(draw) : null;
  // Anything else in its place (`[N/A]`, `[Unknown Error]`, `[GPU is lost]`) is a reading that there is not.
  if (watts === null && !draw.startsWith('[')) return null;
  return { stamp: Date.UTC(year, month - 1, day, hour, minute, second, milli), index: Number(index), name, watts, busy: use !== undefined && /^\d{1,3}$/.test(use) ? Number(use) / 100 : null };
}

/** The field that this driver does not know, out of what it printed instead of rows; null when it is another trouble. */
export function refusedField(text: string): string | null {
  return /Field "([\w.]+)" is not a valid field to query/.exec(text)?.[1] ?? null;
}

/** What `power.draw` is on this GPU: NVIDIA's help says which do not average. */
export function powerKind(field: string, gpuName: string): PowerKind {
  if (field === INSTANT_FIELD) return 'instant';
  const beforeAmpere = /\b(?:[KMPVT]\d{1,3}[A-Z]?|Tesla|GTX|RTX 20\d\d|TITAN|Quadro)\b/i.test(gpuName);
  return beforeAmpere || /\bA(?:100|30|800)\b/.test(gpuName) ? 'instant' : 'averaged';
}

/**
 * How long before its time a reading tells of. Moved by this, momentary readings of bursts of 0.3 and 1 s gave the
 * bursts' energy within 12 %, without it 13 % too little on average (H100 and H200, `test/fixtures/gpu`).
 */
export function readingAge(kind: PowerKind): Milliseconds {
  return kind === 'averaged' ? AVERAGING_MS / 2 : INSTANT_LAG_MS;
}

/** How long a stretch a reading is the mean of, up to its time. */
export function averagedOver(kind: PowerKind): Milliseconds {
  return kind === 'averaged' ? AVERAGING_MS : 0;
}

export interface ListedGpu {
  index: number;
  uuid: string;
  name: string;
}

/** The answer to `LIST_GPUS`; empty when it is none. */
export function parseGpuList(text: string): ListedGpu[] {
  return text.split('\n').flatMap((line) => {
    const row = /^\s*(\d+)\s*,\s*([\w-]+)\s*,\s*(.+?)\s*$/.exec(line);
    return row === null ? [] : [{ index: Number(row[1]), uuid: row[2] ?? '', name: row[3] ?? '' }];
  });
}

/** UUIDs in the answer to `LIST_PROGRAMS`: the GPUs that some program computes on. */
export function parseBusyGpus(text: string): Set<string> {
  return new Set(text.split('\n').flatMap((line) => /^\s*((?:GPU|MIG)-[\w-]+)\s*,\s*\d+/.exec(line)?.[1] ?? []));
}
