/** Whether a process lives. */
import { readFileSync } from 'node:fs';

/** True while the process runs; a zombie, which nobody has waited for, has ended. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it runs, as another user.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
  if (process.platform !== 'linux') return true;
  try {
    // The state follows the command's name, which may itself hold parentheses.
    const status = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return status[status.lastIndexOf(')') + 2] !== 'Z';
  } catch {
    // Gone between the two questions, or /proc is hidden: the first answer stands.
    return true;
  }
}
