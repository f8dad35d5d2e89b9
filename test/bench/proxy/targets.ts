/** Every way to the scripted upstream that is measured, each started for the benchmark alone. */
import { fork, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { build } from 'esbuild';
import { root } from '../../../scripts/lib/paths.mjs';
import { startProfiler, type Profiler } from '../../../src/profiler/client.ts';
import type { Capture } from '../../../src/profile/recordingFormat.ts';
import type { ClusterReady } from './cluster.ts';
import { peerKinds } from './peers.ts';

export interface Target {
  name: string;
  version: string | null;
  /** The process in between; null for none. */
  pid: number | null;
  port: number;
  path: string;
  /** Lines of the request's head that it wants. */
  headers: string[];
}

export const OURS: readonly Capture[] = ['full', 'hashes', 'none'];
export const ourName = (capture: Capture): string => `ours, ${capture}`;
/** Not as it is shipped: see `cluster.ts`. */
export const CLUSTERED = 'ours, several processes';
export const targetNames = ['direct', 'native pipe', 'nginx', 'pipe of sockets', 'pipe of http', ...OURS.map(ourName), CLUSTERED, 'Portkey', 'LiteLLM'];

/** The profiler's bundle, as it is shipped. @param entry another one than its own, around it */
export async function bundleProfiler(folder: string, name: string, entry = join(root, 'src/profiler/main.ts')): Promise<string> {
  const outfile = join(folder, `${name}.cjs`);
  await build({ entryPoints: [entry], bundle: true, platform: 'node', target: 'node20', format: 'cjs', minify: true, outfile, logLevel: 'error' });
  return outfile;
}

export interface Ours {
  target: Target;
  recording: string;
  profiler: Profiler;
}

/** Processes of the benchmark's own, ended with it. */
export class Bench {
  readonly folder: string;
  readonly #children: ChildProcess[] = [];
  readonly #profilers: Profiler[] = [];
  #upstreamPort = 0;
  #recordings = 0;

  constructor(folder: string) {
    this.folder = folder;
  }

  get upstreamPort(): number {
    return this.#upstreamPort;
  }

  async startUpstream(): Promise<void> {
    this.#upstreamPort = (await this.#start<number>('upstream')).ready;
  }

  direct(): Target {
    return { name: 'direct', version: null, pid: null, port: this.#upstreamPort, path: '', headers: [] };
  }

  async pipe(kind: 'socketPipe' | 'httpPipe'): Promise<Target> {
    const { ready: port, pid } = await this.#start<number>(kind);
    return { name: kind === 'socketPipe' ? 'pipe of sockets' : 'pipe of http', version: null, pid, port, path: '', headers: [] };
  }

  /** Recording full, in as many processes as there are cores. */
  async cluster(profilerPath: string): Promise<Target> {
    const { ready, pid } = await this.#start<ClusterReady>('cluster', profilerPath, this.folder);
    return { name: CLUSTERED, version: null, pid, port: ready.port, path: `/${ready.token}`, headers: [] };
  }

  async ours(capture: Capture, profilerPath: string): Promise<Ours> {
    const recording = join(this.folder, `${capture}-${++this.#recordings}.agentcost`);
    const profiler = await startProfiler(
      { out: recording, name: 'bench', command: [], cwd: this.folder, capture, redact: ['secrets'], backend: { kind: 'url', url: `http://127.0.0.1:${this.#upstreamPort}/v1` }, model: null, gpu: null, gpuCount: 1, listen: '127.0.0.1', port: 0, gpuIndexes: null, telemetry: { kind: 'off' } },
      { profilerPath, log: (line) => console.error(line) },
    );
    this.#profilers.push(profiler);
    const route = new URL(profiler.ready.routeUrl);
    return { target: { name: ourName(capture), version: null, pid: profiler.pid, port: Number(route.port), path: route.pathname, headers: [] }, recording, profiler };
  }

  /** Others' proxies among `names`. What cannot be had is said, and left out. */
  async peers(names: readonly string[], onMissing: (name: string, why: string) => void): Promise<Target[]> {
    const targets: Target[] = [];
    for (const kind of peerKinds) {
      if (!names.includes(kind.name)) continue;
      try {
        targets.push({ name: kind.name, path: '', ...(await kind.start(this.#upstreamPort, this.folder)) });
      } catch (error) {
        onMissing(kind.name, error instanceof Error ? error.message : String(error));
      }
    }
    return targets;
  }

  async close(): Promise<void> {
    for (const profiler of this.#profilers) await profiler.stop({ exitCode: 0, signal: null });
    for (const child of this.#children) child.removeAllListeners('exit').disconnect();
  }

  /** @returns the child's first word */
  #start<Ready>(role: string, ...words: string[]): Promise<{ ready: Ready; pid: number }> {
    const child = fork(join(import.meta.dirname, 'child.ts'), [role, String(this.#upstreamPort), ...words], { stdio: 'inherit' });
    this.#children.push(child);
    return new Promise((resolve, reject) => {
      child.once('message', (ready) => resolve({ ready: ready as Ready, pid: child.pid! }));
      child.once('exit', (code) => reject(new Error(`${role} ended with ${String(code)}`)));
    });
  }
}
