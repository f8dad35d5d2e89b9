/** What is typed to start a vLLM, and what its log says. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { dockerCommand, programCommand, progressIn, reasonIn, refusedArgument, unknownFlags } from '../../src/serving/vllmCommand.ts';

const choice = { model: 'Qwen/Qwen3-0.6B', port: 8000, arguments: ['--max-model-len', '8192'] };

describe('a vLLM', () => {
  it('is started on loopback with the flags that tell most, and the user’s own after them', () => {
    expect(programCommand('/opt/vllm', choice, [])).toEqual(['/opt/vllm', 'serve', 'Qwen/Qwen3-0.6B', '--host', '127.0.0.1', '--port', '8000', '--enable-prompt-tokens-details', '--enable-per-request-metrics', '--max-model-len', '8192']);
    expect(programCommand('vllm', choice, ['--enable-per-request-metrics'])).not.toContain('--enable-per-request-metrics');
    // Who says no, or says it himself, is not contradicted.
    expect(programCommand('vllm', { ...choice, arguments: ['--no-enable-per-request-metrics', '--enable-prompt-tokens-details'] }, []).filter((arg) => arg.includes('enable'))).toEqual(['--no-enable-per-request-metrics', '--enable-prompt-tokens-details']);
  });

  it('in Docker is reached from this machine alone, and no secret is written', () => {
    const argv = dockerCommand('/usr/bin/docker', choice, [], { home: '/home/me', hasHubToken: true });
    expect(argv.join(' ')).toBe(
      '/usr/bin/docker run --rm --name agent-cost-vllm-8000 --gpus all --ipc=host -p 127.0.0.1:8000:8000 -v /home/me/.cache/huggingface:/root/.cache/huggingface --env HF_TOKEN vllm/vllm-openai:latest --model Qwen/Qwen3-0.6B --enable-prompt-tokens-details --enable-per-request-metrics --max-model-len 8192',
    );
    expect(dockerCommand('docker', choice, [], { home: '/home/me', hasHubToken: false })).not.toContain('HF_TOKEN');
  });

  it.each([['--port'], ['--host=0.0.0.0'], ['--port=9']])('is not led elsewhere by %s', (arg) => expect(refusedArgument(['--x', arg])).toMatch(/is set by the profiler/));

  it('that is too old says which flags it does not know', () => {
    const lines = ['usage: vllm [-h] [-v]', '            {chat,complete,serve,bench}', 'vllm: error: unrecognized arguments: --enable-per-request-metrics --bogus-flag'];
    expect(unknownFlags(lines)).toEqual(['--enable-per-request-metrics']);
    expect(unknownFlags(['error: unrecognized arguments: --max-model-len'])).toEqual([]);
    expect(reasonIn(lines)).toBe('vllm: error: unrecognized arguments: --enable-per-request-metrics --bogus-flag');
  });

  it('says how far it is, as it was captured', () => {
    const lines = readFileSync(join(import.meta.dirname, '../fixtures/servers/vllm/serve.log'), 'utf8').split('\n');
    expect(lines.flatMap((line) => progressIn(line) ?? [])).toEqual([
      'Resolved architecture: LlamaForCausalLM',
      'Starting to load model model...',
      'Initializing model took 0.124204 seconds',
      'Loading weights took 0.21 seconds',
      'CPU KV cache size: 46,592 tokens, Maximum concurrency for 4,096 tokens per request: 11.38x',
      'init engine (profile, create kv cache, warmup model) took 0.43 s',
      'Starting vLLM server on http://127.0.0.1:8123',
    ]);
  });

  it('that ended says why', () => {
    expect(reasonIn(['(EngineCore pid=9) ERROR 11-29 14:45:07 [core.py:9] Traceback (most recent call last):', '(EngineCore pid=9) ERROR 11-29 14:45:07 [core.py:9] torch.OutOfMemoryError: CUDA out of memory.', 'done'])).toBe('torch.OutOfMemoryError: CUDA out of memory.');
    expect(reasonIn(['only this'])).toBe('only this');
    expect(reasonIn([])).toBeNull();
  });
});
