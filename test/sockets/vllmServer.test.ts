/** Starting a vLLM, waiting for it and stopping it: a stand-in on the path does what the real one does. */
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import type { VllmLaunch } from '../../src/serving/vllmServer.ts';
import type { FakeVllm } from '../fixtures/fakeVllm.ts';
import { vllmWorlds } from '../fixtures/vllmWorlds.ts';
import { until } from './scriptedUpstream.ts';
import { itEndsWithUs } from './vllmEndings.ts';

const { newFolder, world: worldIn } = vllmWorlds();
const world = (programs: Record<string, FakeVllm>, over: Partial<VllmLaunch> = {}) => worldIn(newFolder(), programs, { host: null, ...over, env: { HF_TOKEN: '', ...over.env } });

describe('a vLLM that was asked for', () => {
  it('is there once it answers, with its log and how far it was, and gone with its workers when it is stopped', async () => {
    const { launch, start, started, gone, log, progress } = await world({ vllm: { slow: 2 } }, { arguments: ['--max-model-len', '4096'] });
    const server = await start();
    expect([server.url, server.way]).toEqual([`http://127.0.0.1:${launch.port}/v1`, 'program']);
    expect((await fetch(`${server.url}/models`)).status).toBe(200);
    const [only] = started('vllm');
    expect(only!.argv).toEqual(['serve', 'tiny', '--host', '127.0.0.1', '--port', String(launch.port), '--enable-prompt-tokens-details', '--enable-per-request-metrics', '--max-model-len', '4096']);
    expect(log[0]).toMatch(/^\$ .*vllm serve tiny/);
    expect(progress).toEqual(['starting vLLM', 'Resolved architecture: LlamaForCausalLM']);
    await Promise.all([server.stop(), server.stop()]);
    expect(server.stopping).toBe(true);
    await gone();
  });

  it('that is too old for a flag is started again without it, and with the others', async () => {
    const { start, started, log } = await world({ vllm: { unknown: ['--enable-per-request-metrics'] } });
    await start();
    const flags = started('vllm').map(({ argv }) => argv.filter((arg) => arg.startsWith('--enable')));
    expect(flags).toEqual([['--enable-prompt-tokens-details', '--enable-per-request-metrics'], ['--enable-prompt-tokens-details']]);
    expect(log).toContainEqual(expect.stringContaining('too old for --enable-per-request-metrics'));
  });

  it('runs in Docker where there is no vllm, and its container goes with it', async () => {
    const { launch, start, started, progress } = await world({ docker: {} });
    const server = await start();
    expect([server.way, progress[0]]).toEqual(['docker', 'starting vLLM in Docker']);
    expect(started('docker')[0]!.argv.slice(0, 4)).toEqual(['run', '--rm', '--name', `agent-cost-vllm-${launch.port}`]);
    server.kill();
    await server.ended;
    await until(() => started('docker').length > 1, 'the container to be removed');
    expect(started('docker')[1]!.argv).toEqual(['rm', '-f', `agent-cost-vllm-${launch.port}`]);
  });

  itEndsWithUs(world);
});

describe('what keeps a vLLM from starting is said, with what to do', () => {
  it.each<[string, Record<string, FakeVllm>, Partial<VllmLaunch>, RegExp]>([
    ['its own reason', { vllm: { fails: { code: 1, line: 'torch.OutOfMemoryError: CUDA out of memory.' } } }, {}, /exit code 1\): torch\.OutOfMemoryError: CUDA out of memory\. Its log says more/],
    ['an argument that is not the user’s to set', { vllm: {} }, { arguments: ['--port', '1'] }, /--port is set by the profiler/],
    ['no such program', { vllm: {} }, { program: 'nowhere/vllm' }, /no program nowhere\/vllm/],
    ['no docker', { vllm: {} }, { program: 'docker' }, /no docker on the path/],
    ['neither', {}, {}, /neither vllm nor docker.*pip install vllm/],
    ['an argument of the user’s that it does not know', { vllm: { unknown: ['--bogus'] } }, { arguments: ['--bogus'] }, /unrecognized arguments: --bogus/],
  ])('%s', async (_what, programs, over, message) => {
    const { start } = await world(programs, over);
    await expect(start()).rejects.toThrow(message);
  });

  it('a port that is somebody’s, whose server stays as it is', async () => {
    const theirs = createServer();
    await new Promise<void>((resolve) => theirs.listen(0, '127.0.0.1', resolve));
    try {
      const { port } = theirs.address() as AddressInfo;
      const { start, started } = await world({ vllm: {} }, { port });
      await expect(start()).rejects.toThrow(new RegExp(`Port ${port} is taken.*--backend http://127\\.0\\.0\\.1:${port}/v1`));
      expect(started('vllm')).toEqual([]);
      expect(theirs.listening).toBe(true);
    } finally {
      theirs.close();
    }
  });
});
