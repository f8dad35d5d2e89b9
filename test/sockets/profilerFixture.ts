/** The real profiler process, built from the source at hand, with a client and its recording. */
import { build } from 'esbuild';
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startProfiler, type Profiler } from '../../src/profiler/client.ts';
import { recordingLineSchema, type RecordingLine } from '../../src/profile/recordingFormat.ts';
import type { FromProfiler, ProfilerOptions } from '../../src/protocol/profiler.ts';

const root = join(import.meta.dirname, '../..');

/** Bundles the profiler into a folder of its own: `dist/` may be rebuilt meanwhile. */
export async function buildProfiler(folder: string): Promise<string> {
  const outfile = join(folder, 'profiler.cjs');
  await build({ absWorkingDir: root, entryPoints: ['src/profiler/main.ts'], bundle: true, platform: 'node', target: 'node20', format: 'cjs', outfile, logLevel: 'error' });
  return outfile;
}

export class ProfilerRuns {
  readonly folder = mkdtempSync(join(tmpdir(), 'profiler-test-'));
  readonly #running = new Set<number>();
  readonly #children = new Set<ChildProcess>();
  script = '';
  #count = 0;

  async build(): Promise<void> {
    this.script = await buildProfiler(this.folder);
  }

  options(changes: Partial<ProfilerOptions>): ProfilerOptions {
    return {
      out: join(this.folder, `run-${++this.#count}`, 'a.agentcost'), name: 'test', command: ['x'], cwd: this.folder, capture: 'full', redact: ['secrets'],
      backend: { kind: 'sim', gpu: 'a100-40gb', model: 'llama-3.1-8b-instruct' }, model: null, gpu: null, gpuCount: 1, listen: '127.0.0.1', port: 0, gpuIndexes: null, telemetry: { kind: 'off' }, ...changes,
    };
  }

  async start(options: ProfilerOptions, onMessage?: (message: FromProfiler) => void): Promise<Profiler> {
    const profiler = await startProfiler(options, { profilerPath: this.script, ...(onMessage === undefined ? {} : { onMessage }) });
    this.#running.add(profiler.pid);
    void profiler.onClosed.then(() => this.#running.delete(profiler.pid));
    return profiler;
  }

  /** Starts another program, ended with the test. */
  spawn(command: string, args: string[], env: Record<string, string> = {}): ChildProcess {
    const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'], env: { ...process.env, ...env } });
    this.#children.add(child);
    child.once('close', () => this.#children.delete(child));
    return child;
  }

  watch(pid: number): void {
    this.#running.add(pid);
  }

  close(): void {
    for (const child of this.#children) child.kill('SIGKILL');
    for (const pid of this.#running) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // Ended by itself.
      }
    }
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** A recording's whole lines, each checked against the format; a torn last line is left out. */
export function recorded(path: string): RecordingLine[] {
  if (!existsSync(path)) return [];
  return readFileSync(path, 'utf8')
    .split('\n')
    .slice(0, -1)
    .map((line) => recordingLineSchema.parse(JSON.parse(line)));
}

export function ofType<T extends RecordingLine['type']>(lines: RecordingLine[], type: T): Extract<RecordingLine, { type: T }>[] {
  return lines.filter((line): line is Extract<RecordingLine, { type: T }> => line.type === type);
}
