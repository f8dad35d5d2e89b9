/** Before the tests: the real vLLM that most of them share. After them it is stopped. */
import { BLOCK_TOKENS, MAX_BATCHED_TOKENS, MAX_MODEL_TOKENS, MAX_SEQUENCES, SERVED_MODEL } from './limits.ts';
import { startRealServer } from './realServer.ts';
import { startTraceRelay } from './traceRelay.ts';

/** For vitest's `globalSetup`: what it returns is done at the end. */
export async function setup(): Promise<() => Promise<void>> {
  const relay = await startTraceRelay();
  const server = await startRealServer('vllm.log', [
    ...['--served-model-name', SERVED_MODEL, '--max-model-len', String(MAX_MODEL_TOKENS), '--block-size', String(BLOCK_TOKENS)],
    ...['--max-num-seqs', String(MAX_SEQUENCES), '--max-num-batched-tokens', String(MAX_BATCHED_TOKENS), '--enable-prefix-caching'],
    ...['--otlp-traces-endpoint', `${relay.url}/v1/traces`],
  ]);
  process.env['AGENT_COST_LIVE_URL'] = server.url;
  process.env['AGENT_COST_LIVE_TOKENIZER'] = server.model;
  process.env['AGENT_COST_TRACE_RELAY'] = relay.url;
  return async () => {
    await server.stop();
    relay.close();
  };
}
