/** Imported before the profiler: a disk that takes ten seconds over one write of the recording, two after it was opened. */
import { isMainThread } from 'node:worker_threads';
import files from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

export const STALL_AFTER_MS = 2000;
export const STALL_MS = 10_000;

if (!isMainThread) {
  const { open } = files;
  files.open = async (...args: Parameters<typeof open>) => {
    const file = await open(...args);
    const began = performance.now();
    let stalled = false;
    const write = file.write.bind(file) as (...rest: unknown[]) => Promise<{ bytesWritten: number; buffer: Buffer }>;
    file.write = (async (...rest: unknown[]) => {
      if (!stalled && performance.now() - began > STALL_AFTER_MS) {
        stalled = true;
        await sleep(STALL_MS);
      }
      return write(...rest);
    }) as typeof file.write;
    return file;
  };
}
