/** Commands that GPUs are asked with, here and on other hosts. */
import { execFile } from 'node:child_process';
import type { Milliseconds } from '../profile/units.ts';
import { SSH_QUIETLY, shellThere } from '../protocol/ssh.ts';

export const PATIENCE_MS: Milliseconds = 15_000;

/** Never asks for a password: keys and hosts are those of the user's own ssh. `script` is for the POSIX shell there. */
export function throughSsh(host: string, script: string): string[] {
  return ['ssh', ...SSH_QUIETLY, '-o', 'ClearAllForwardings=yes', '--', host, shellThere(script)];
}

export function run([program = '', ...args]: string[], patience: Milliseconds): Promise<{ stdout: string; stderr: string; failure: string | null }> {
  return new Promise((resolve) => {
    const child = execFile(program, args, { timeout: patience, windowsHide: true }, (error, stdout, stderr) => {
      const failure = error === null ? null : error.killed === true ? `no answer in ${patience / 1000} s` : error.message;
      resolve({ stdout, stderr, failure });
    });
    child.stdin?.end();
  });
}
