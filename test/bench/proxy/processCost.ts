/** What a process and those that it started have used, where /proc tells. */
import { readdirSync, readFileSync } from 'node:fs';

export interface CpuTime {
  /** ms in all threads of all processes. */
  all: number;
  /** ms in the first thread of the named process: of ours, the one that forwards. */
  first: number;
}

function descendants(pid: number): number[] {
  const children = readdirSync(`/proc/${pid}/task`).flatMap((thread) => readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number));
  return [pid, ...children.flatMap(descendants)];
}

function threadTime(pid: number, thread: string): number {
  return Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]) / 1e6;
}

/** CPU time used so far; null where it cannot be read. */
export function cpuTime(pid: number): CpuTime | null {
  try {
    const all = descendants(pid).flatMap((process) => readdirSync(`/proc/${process}/task`).map((thread) => threadTime(process, thread)));
    return { all: all.reduce((sum, time) => sum + time, 0), first: threadTime(pid, String(pid)) };
  } catch {
    return null;
  }
}

/** Memory held now and at its highest, in MB; null where it cannot be read. */
export function memory(pid: number): { now: number; peak: number } | null {
  try {
    const sum = { now: 0, peak: 0 };
    for (const process of descendants(pid)) {
      const status = readFileSync(`/proc/${process}/status`, 'utf8');
      const megabytes = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? NaN) / 1000;
      sum.now += megabytes('VmRSS');
      sum.peak += megabytes('VmHWM');
    }
    return sum;
  } catch {
    return null;
  }
}
