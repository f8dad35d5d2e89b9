/** `agent-cost vllm`, as a user types it, with a stand-in for vLLM on the path. */
import { delimiter } from 'node:path';
import { expect, it } from 'vitest';
import { writeFakeSsh } from '../fixtures/fakeSsh.ts';
import { writeFakeVllm, type FakeVllm } from '../fixtures/fakeVllm.ts';
import { freePort } from '../fixtures/freePort.ts';
import { agentCost, newFolder } from './agentCost.ts';

function folderWith(fake: FakeVllm): { cwd: string; env: NodeJS.ProcessEnv } {
  const cwd = newFolder();
  writeFakeVllm(cwd, 'vllm', fake);
  return { cwd, env: { PATH: `${cwd}${delimiter}${process.env['PATH'] ?? ''}` } };
}

it('serves until Ctrl-C: its log on stderr, its URL alone on stdout', async () => {
  const port = String(await freePort());
  let interrupt = () => undefined as unknown;
  const { code, stdout, stderr } = await agentCost(['vllm', 'tiny', '--port', port, '--', '--max-model-len', '4096'], {
    ...folderWith({}),
    onStart: (child) => (interrupt = () => child.kill('SIGINT')),
    onStderr: (sofar) => void (sofar.includes('Ctrl-C stops it') && interrupt()),
  });
  expect(stdout).toBe(`http://127.0.0.1:${port}/v1\n`);
  expect(stderr).toMatch(/\$ .*vllm serve tiny .*--max-model-len 4096/);
  expect(stderr).toContain('Application startup complete.');
  expect(code).toBe(0);
});

it('serves from another host, by ssh, and says how its GPU is read', async () => {
  const port = String(await freePort());
  const { cwd, env } = folderWith({});
  writeFakeSsh(cwd);
  let interrupt = () => undefined as unknown;
  const { code, stdout, stderr } = await agentCost(['vllm', 'tiny', '--host', 'ssh:gpu-box', '--port', port], {
    cwd,
    env,
    onStart: (child) => (interrupt = () => child.kill('SIGINT')),
    onStderr: (sofar) => void (sofar.includes('Ctrl-C stops it') && interrupt()),
  });
  expect(stdout).toBe(`http://127.0.0.1:${port}/v1\n`);
  expect(stderr).toContain('(on gpu-box; for its GPU’s power: --telemetry ssh:gpu-box)');
  expect(code).toBe(0);
});

it.each(['gpu-box', 'ssh:', 'ssh:-oProxyCommand=x', 'ssh:a b'])('takes no host from %j', async (host) => {
  const { code, stderr } = await agentCost(['vllm', 'tiny', '--host', host], folderWith({}));
  expect(stderr).toContain(`--host ${host}: expects ssh: and the name of a host`);
  expect(code).toBe(2);
});

it('ends with one message where it cannot be started', async () => {
  const { code, stdout, stderr } = await agentCost(['vllm', 'tiny', '--port', String(await freePort())], folderWith({ fails: { code: 1, line: 'ValueError: no such model' } }));
  expect(stderr.trim().split('\n').at(-1)).toBe('agent-cost: vLLM ended before it was ready (exit code 1): ValueError: no such model. Its log says more.');
  expect([code, stdout]).toEqual([2, '']);
});
