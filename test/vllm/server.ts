/** Before the tests: the real vLLM, installed if it is not yet, and started on a free port. After them it is stopped. */
import { createWriteStream, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { VllmServer } from '../../src/serving/vllmServer.ts';
import { freePort } from '../fixtures/freePort.ts';
import { killServer } from './serverProcesses.ts';
import { installedVllm } from './install.ts';
import { startTraceRelay } from './traceRelay.ts';
import { BLOCK_TOKENS, MAX_BATCHED_TOKENS, MAX_MODEL_TOKENS, MAX_SEQUENCES, SERVED_MODEL } from './limits.ts';

const logFile = fileURLToPath(new URL('../../test-results/vllm.log', import.meta.url));
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
const EXIT_CODE_OF_SIGNAL: Partial<Record<NodeJS.Signals, number>> = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 };
const READY_MS = 5 * 60_000;
const KV_CACHE_GIB = 1;
const ARGUMENTS = [
  ...['--served-model-name', SERVED_MODEL, '--max-model-len', String(MAX_MODEL_TOKENS), '--block-size', String(BLOCK_TOKENS)],
  ...['--max-num-seqs', String(MAX_SEQUENCES), '--max-num-batched-tokens', String(MAX_BATCHED_TOKENS), '--enable-prefix-caching'],
  // Compiling takes a minute more at the start, for a tenth of the speed.
  '--enforce-eager',
];

/** For vitest's `globalSetup`: what it returns is done at the end. */
export async function setup(): Promise<() => Promise<void>> {
  const installing = performance.now();
  const { program, model, cache } = await installedVllm(say);
  say(`vLLM is installed (${seconds(installing)})`);
  mkdirSync(dirname(logFile), { recursive: true });
  const log = createWriteStream(logFile);
  const starting = performance.now();
  const port = await freePort();
  const relay = await startTraceRelay();
  // It outlives us unless we see to its end, also while it starts.
  const kill = (): void => killServer(String(port));
  const leave = (signal: NodeJS.Signals): never => process.exit(EXIT_CODE_OF_SIGNAL[signal]);
  process.once('exit', kill);
  for (const signal of SIGNALS) process.once(signal, leave);
  const server = await VllmServer.start(
    { host: null, program, model, port, cwd: dirname(model), env: environment(program, cache), arguments: [...ARGUMENTS, '--otlp-traces-endpoint', `${relay.url}/v1/traces`] },
    { onLog: (line) => log.write(`${line}\n`), onProgress: () => undefined },
    AbortSignal.timeout(READY_MS),
  ).catch((error: Error) => {
    throw new Error(`${error.message} (${logFile})`);
  });
  say(`vLLM is ready (${seconds(starting)}): ${server.url}, its log is ${logFile}`);
  process.env['AGENT_COST_LIVE_URL'] = server.url;
  process.env['AGENT_COST_LIVE_TOKENIZER'] = model;
  process.env['AGENT_COST_TRACE_RELAY'] = relay.url;
  return async () => {
    await server.stop();
    relay.close();
    process.off('exit', kill);
    for (const signal of SIGNALS) process.off(signal, leave);
    log.end();
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
