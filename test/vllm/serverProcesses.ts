/** The server's processes as Linux knows them: to end them, and how much what else runs on the machine holds them up. */
import { readdirSync, readFileSync } from 'node:fs';
import type { Ratio } from '../../src/profile/units.ts';

interface ThreadTimes {
  ranNs: number;
  waitedNs: number;
}

/** Field of `/proc/PID/stat`, counted behind the name, which may have spaces in it. proc_pid_stat(5) */
const GROUP_FIELD = 2;

/** Of all threads of the server that was told to listen on this port, and of the processes that it started. */
export function threadsOf(port: string): Map<string, ThreadTimes> {
  const server = serverOn(port);
  if (server === undefined) throw new Error(`no process listens on port ${port} by its command line`);
  const threads = processes().filter((pid) => groupOf(pid) === groupOf(server)).flatMap((pid) => tasksOf(pid).map((task) => `/proc/${pid}/task/${task}/schedstat`));
  return new Map(
    threads.map((file) => {
      const [ranNs = 0, waitedNs = 0] = read(file).split(' ').map(Number);
      return [file, { ranNs, waitedNs }];
    }),
  );
}

/** Ends it and all that it started, at once. */
export function killServer(port: string): void {
  const server = serverOn(port);
  // It leads a group of its own: never end ours.
  if (server !== undefined && groupOf(server) === server) process.kill(-Number(server), 'SIGKILL');
}

/** Share of the time in which the thread that worked most wanted to work, and had no processor. */
export function heldUp(before: ReadonlyMap<string, ThreadTimes>, after: ReadonlyMap<string, ThreadTimes>): Ratio {
  const worked = [...after].map(([thread, { ranNs, waitedNs }]) => ({ ran: ranNs - (before.get(thread)?.ranNs ?? 0), waited: waitedNs - (before.get(thread)?.waitedNs ?? 0) }));
  const { ran, waited } = worked.reduce((most, each) => (each.ran > most.ran ? each : most));
  return waited / (ran + waited);
}

function processes(): string[] {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name));
}

/** Process id of the one that was told to listen there. */
function serverOn(port: string): string | undefined {
  return processes().find((pid) => read(`/proc/${pid}/cmdline`).includes(`\0--port\0${port}\0`));
}

function groupOf(pid: string): string {
  return read(`/proc/${pid}/stat`).replace(/^.*\) /s, '').split(' ')[GROUP_FIELD] ?? '';
}

function tasksOf(pid: string): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    // It has ended meanwhile.
    return [];
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
