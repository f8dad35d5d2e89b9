/** Runs the built command line as a user would, in a folder of its own. */
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, realpathSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Report, reportSchema } from '../../src/profile/report.ts';

export const repository = fileURLToPath(new URL('../..', import.meta.url));
export const cliPath = join(repository, 'dist/cli.cjs');

export interface Ended {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

export interface StartOptions {
  cwd: string;
  env?: NodeJS.ProcessEnv;
  input?: string;
  onStart?: (child: ReturnType<typeof spawn>) => void;
  onStdout?: (sofar: string) => void;
  onStderr?: (sofar: string) => void;
}

export function runProcess(program: string, args: string[], options: StartOptions): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd: options.cwd, env: { ...process.env, NO_COLOR: '1', ...options.env } });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
      options.onStdout?.(stdout);
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
      options.onStderr?.(stderr);
    });
    child.stdin.end(options.input ?? '');
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
    options.onStart?.(child);
  });
}

/** For what is not about a server's speed: the embedded one with a small model on a fast GPU, whose answers come soon. */
export const QUICK_BACKEND = 'sim:h100/llama-3.2-1b';

export const agentCost = (args: string[], options: StartOptions) => runProcess(process.execPath, [cliPath, ...args], options);

export function newFolder(): string {
  return realpathSync(mkdtempSync(join(tmpdir(), 'agent-cost-cli-')));
}

/** Path of the one recording in a folder's `.agent-cost`. */
export function onlyRecording(folder: string): string {
  const recordings = readdirSync(join(folder, '.agent-cost')).filter((file) => file.endsWith('.agentcost'));
  if (recordings.length !== 1) throw new Error(`expected one recording, found ${JSON.stringify(recordings)}`);
  return join(folder, '.agent-cost', recordings[0]!);
}

export async function reportOf(recording: string): Promise<Report> {
  const { stdout, stderr, code } = await agentCost(['report', recording, '--json'], { cwd: tmpdir() });
  if (code !== 0) throw new Error(`report failed: ${stderr}`);
  return reportSchema.parse(JSON.parse(stdout));
}

export function sum(parts: Record<string, number | null>): number {
  return Object.values(parts).reduce<number>((total, part) => total + (part ?? 0), 0);
}
