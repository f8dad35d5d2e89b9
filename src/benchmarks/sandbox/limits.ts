/** What a program in the sandbox may use. */

type Milliseconds = number;
type Seconds = number;
type Bytes = number;

export interface SandboxLimits {
  /** From start to end, whatever it does; then it is killed with all that it started. */
  wallMs: Milliseconds;
  /** Computing time of each of its processes. */
  cpuSeconds: Seconds;
  /** Address space of each of its processes. */
  memoryBytes: Bytes;
  /** The largest file that it can write. */
  fileBytes: Bytes;
  /** All that it writes, where the sandbox has a file system of its own. */
  workBytes: Bytes;
  openFiles: number;
  /** Processes and threads that exist at once. */
  processes: number;
  /** Of standard output and standard error each; what comes after is not kept. */
  outputBytes: Bytes;
}

const MiB = 1024 * 1024;

/** Room for a solution of a few lines and its tests. */
export const DEFAULT_LIMITS: SandboxLimits = {
  wallMs: 10_000,
  cpuSeconds: 10,
  memoryBytes: 512 * MiB,
  fileBytes: 16 * MiB,
  workBytes: 32 * MiB,
  openFiles: 64,
  processes: 8,
  outputBytes: 64 * 1024,
};
