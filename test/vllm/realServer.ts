/** The real vLLM of the tests: installed if it is not yet, started on a free port, and stopped with whoever asked for it. */
import { createWriteStream, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { VllmServer } from '../../src/serving/vllmServer.ts';
import { freePort } from '../fixtures/freePort.ts';
import { killServer } from './serverProcesses.ts';
import { installedVllm } from './install.ts';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
const EXIT_CODE_OF_SIGNAL: Partial<Record<NodeJS.Signals, number>> = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 };
const READY_MS = 5 * 60_000;
const KV_CACHE_GIB = 1;

export interface RealServer {
  url: string;
  /** The model's folder. */
  model: string;
  stop: () => Promise<void>;
}

/**
 * @param log its log's name in `test-results`
 * @param options of `vllm serve`
 */
export async function startRealServer(log: string, options: readonly string[]): Promise<RealServer> {
  const installing = performance.now();
  const { program, model, cache } = await installedVllm(say);
  say(`vLLM is installed (${seconds(installing)})`);
  const file = fileURLToPath(new URL(`../../test-results/${log}`, import.meta.url));
  mkdirSync(dirname(file), { recursive: true });
  const lines = createWriteStream(file);
  const starting = performance.now();
  const port = await freePort();
  // It outlives us unless we see to its end, also while it starts.
  const kill = (): void => killServer(String(port));
  const leave = (signal: NodeJS.Signals): never => process.exit(EXIT_CODE_OF_SIGNAL[signal]);
  process.once('exit', kill);
  for (const signal of SIGNALS) process.once(signal, leave);
  // Compiling takes a minute more at the start, for a tenth of the speed.
  const server = await VllmServer.start(
    { host: null, program, model, port, cwd: dirname(model), env: environment(program, cache), arguments: [...options, '--enforce-eager'] },
    { onLog: (line) => lines.write(`${line}\n`), onProgress: () => undefined },
    AbortSignal.timeout(READY_MS),
  ).catch((error: Error) => {
    throw new Error(`${error.message} (${file})`);
  });
  say(`vLLM is ready (${seconds(starting)}): ${server.url}, its log is ${file}`);
  return {
    url: server.url,
    model,
    stop: async () => {
      await server.stop();
      process.off('exit', kill);
      for (const signal of SIGNALS) process.off(signal, leave);
      lines.end();
    },
  };
}

function environment(program: string, cache: string): NodeJS.ProcessEnv {
  return {
    ...process.env,
    // vLLM starts its workers with the Python of the path.
    PATH: `${dirname(program)}:${process.env['PATH'] ?? ''}`,
    VLLM_TARGET_DEVICE: 'cpu',
    // One thread computes, on whichever processor is free: bound to one, it would wait for what others do on it.
    VLLM_CPU_OMP_THREADS_BIND: 'nobind',
    OMP_NUM_THREADS: '1',
    VLLM_CPU_KVCACHE_SPACE: String(KV_CACHE_GIB),
    VLLM_CACHE_ROOT: cache,
    CUDA_VISIBLE_DEVICES: '',
    HF_HOME: join(cache, 'huggingface'),
    HF_HUB_OFFLINE: '1',
    TRANSFORMERS_OFFLINE: '1',
    VLLM_NO_USAGE_STATS: '1',
    DO_NOT_TRACK: '1',
    OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: 'http/protobuf',
  };
}

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

const seconds = (since: number): string => `${((performance.now() - since) / 1000).toFixed(1)} s`;
