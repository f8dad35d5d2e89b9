/** Starts a program on our own terminal and waits for its end. */
import { spawn, type StdioOptions } from 'node:child_process';

export interface Ended {
  code: number | null;
  signal: NodeJS.Signals | null;
}

/** Signals that reach us reach the program. @throws what the system says when it cannot be started */
export function runProgram(program: string, args: string[], env: NodeJS.ProcessEnv, stdio: StdioOptions): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { env, stdio, shell: process.platform === 'win32' && !/\.exe$/i.test(program) });
    // Ctrl-C reaches the program from the terminal itself: we only must outlive it.
    const fromTerminal = () => undefined;
    const forward = (signal: NodeJS.Signals) => child.kill(signal);
    process.on('SIGINT', fromTerminal);
    for (const signal of ['SIGTERM', 'SIGHUP'] as const) process.on(signal, forward);
    const settle = () => {
      process.off('SIGINT', fromTerminal);
      for (const signal of ['SIGTERM', 'SIGHUP'] as const) process.off(signal, forward);
    };
    child.once('error', (error) => {
      settle();
      reject(error);
    });
    child.once('exit', (code, signal) => {
      settle();
      resolve({ code, signal });
    });
  });
}
