/** A vLLM on another host: a stand-in for ssh runs the real script with this machine's shell. */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { isAlive } from '../../src/profiler/processes.ts';
import { CONNECTED_LINE, remoteScript } from '../../src/serving/remoteVllm.ts';
import type { VllmLaunch } from '../../src/serving/vllmServer.ts';
import { writeFakeSsh, type FakeSsh } from '../fixtures/fakeSsh.ts';
import { writeFakeVllm, type FakeVllm } from '../fixtures/fakeVllm.ts';
import { freePort } from '../fixtures/freePort.ts';
import { vllmWorlds, type Started } from '../fixtures/vllmWorlds.ts';
import { until } from './scriptedUpstream.ts';
import { itEndsWithUs } from './vllmEndings.ts';

const { newFolder, world: worldIn } = vllmWorlds();

async function world(programs: Record<string, FakeVllm>, ssh: FakeSsh = {}, over: Partial<VllmLaunch> = {}) {
  const bin = newFolder();
  writeFakeSsh(bin, ssh);
  return worldIn(bin, programs, { host: 'me@gpu-box', ...over, env: { HOME: bin, ...over.env } });
}

it('is started there without a password, reached here, and stopped there with its workers', async () => {
  const { launch, start, started, log, progress } = await world({ vllm: { slow: 2 } }, {}, { arguments: ['--served-model-name', "o'clock"] });
  const server = await start();
  expect([server.url, server.way]).toEqual([`http://127.0.0.1:${launch.port}/v1`, 'ssh']);
  expect((await fetch(`${server.url}/models`)).status).toBe(200);
  const [{ argv: ssh }] = started('ssh') as [Started];
  const [, here, , there] = /^127\.0\.0\.1:(\d+):(127\.0\.0\.1):(\d+)$/.exec(ssh[ssh.indexOf('-L') + 1]!)!;
  expect([Number(here), ssh.slice(-3, -1)]).toEqual([launch.port, ['--', 'me@gpu-box']]);
  expect(ssh).toEqual(expect.arrayContaining(['BatchMode=yes', 'ExitOnForwardFailure=yes', 'ControlPath=none']));
  const [only] = started('vllm');
  expect(only!.argv).toEqual(['serve', 'tiny', '--host', '127.0.0.1', '--port', there, '--enable-prompt-tokens-details', '--enable-per-request-metrics', '--served-model-name', "o'clock"]);
  expect(progress).toEqual(['starting vLLM on me@gpu-box', 'Resolved architecture: LlamaForCausalLM']);
  expect(log[0]).toMatch(/^\$ ssh -L \d+:127\.0\.0\.1:\d+ me@gpu-box vllm serve tiny/);
  expect(log).not.toContain(CONNECTED_LINE);
  await Promise.all([server.stop(), server.stop()]);
  expect([isAlive(only!.pid), isAlive(only!.worker!), server.stopping]).toEqual([false, false, true]);
});

it('ends when the link dies', async () => {
  const { start, started, gone } = await world({ vllm: {} });
  const server = await start();
  process.kill(started('ssh')[0]!.pid, 'SIGKILL');
  await server.ended;
  await gone();
  expect(server.stopping).toBe(false);
});

itEndsWithUs(world);

it('that is too old for a flag is started again without it', async () => {
  const { start, started } = await world({ vllm: { unknown: ['--enable-per-request-metrics'] } });
  await start();
  expect(started('vllm').map(({ argv }) => argv.filter((arg) => arg.startsWith('--enable')).length)).toEqual([2, 1]);
  expect(started('ssh')).toHaveLength(2);
});

it('runs in Docker where there is no vllm there, in a container of its own name that goes with it', async () => {
  const { start, started } = await world({ docker: {} });
  const server = await start();
  const [run] = started('docker');
  const name = run!.argv[run!.argv.indexOf('--name') + 1]!;
  expect(name).toMatch(/^agent-cost-vllm-[0-9a-f]{8}$/);
  expect(run!.argv[run!.argv.indexOf('-v') + 1]).toMatch(/^\/.*\/bin-\d+\/\.cache\/huggingface:\/root\/\.cache\/huggingface$/);
  await server.stop();
  await until(() => started('docker').length > 1, 'the container to be removed');
  expect(started('docker')[1]!.argv).toEqual(['rm', '-f', name]);
});

it.each<[string, Record<string, FakeVllm>, FakeSsh, Partial<VllmLaunch>, RegExp]>([
  ['ssh’s own reason', { vllm: {} }, { denied: 'me@gpu-box: Permission denied (publickey).' }, {}, /not started on me@gpu-box: me@gpu-box: Permission denied \(publickey\)\. Look whether "ssh me@gpu-box true" runs in a terminal without asking/],
  ['somebody’s server at the port there', { vllm: {} }, { taken: true }, {}, /port that was chosen on the other host is somebody’s/],
  ['no such program there', {}, {}, { program: '~/venv/bin/vllm' }, /exit code 127\): There is no program ~\/venv\/bin\/vllm there/],
  ['nothing to run there', {}, {}, {}, /neither vllm nor docker on the path there/],
  ['its own reason', { vllm: { fails: { code: 1, line: 'torch.OutOfMemoryError: CUDA out of memory.' } } }, {}, {}, /exit code 1\): torch\.OutOfMemoryError: CUDA out of memory\. Its log says more/],
])('that cannot be started says why: %s', async (_what, programs, ssh, over, message) => {
  const { start, started } = await world(programs, ssh, over);
  await expect(start()).rejects.toThrow(message);
  if (ssh.taken === true || ssh.denied !== undefined) expect(started('vllm')).toEqual([]);
});

it('ends when nothing has come over the link for a while, though nobody has closed it', async () => {
  const bin = newFolder();
  const vllm = writeFakeVllm(bin, 'vllm', {});
  const script = remoteScript({ model: 'tiny', port: await freePort(), arguments: [], program: vllm, container: 'none' }, []);
  const quick = script.replace('sleep 10 &', 'sleep 0.5 &');
  expect(quick).not.toBe(script);
  const shell = spawn('/bin/sh', ['-c', quick], { stdio: ['pipe', 'ignore', 'inherit'] });
  const ended = new Promise((resolve) => shell.once('exit', resolve));
  shell.stdin.write('go\n');
  const log = (): Started[] => {
    try {
      return [JSON.parse(readFileSync(`${vllm}.log`, 'utf8')) as Started];
    } catch {
      return [];
    }
  };
  const heartbeat = setInterval(() => shell.stdin.write('alive\n'), 50);
  await until(() => log().length === 1, 'a start');
  const [only] = log();
  // Many times as long as it waits for a heartbeat.
  await new Promise((resolve) => setTimeout(resolve, 2000));
  expect(isAlive(only!.pid)).toBe(true);
  clearInterval(heartbeat);
  await ended;
  await until(() => !isAlive(only!.pid) && !isAlive(only!.worker!), 'an end of both');
});
