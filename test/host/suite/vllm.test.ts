/** Start vLLM Server and Stop vLLM Server, with a stand-in for the server. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { writeFakeSsh } from '../../fixtures/fakeSsh.ts';
import { writeFakeVllm, type FakeVllm } from '../../fixtures/fakeVllm.ts';
import { freePort } from '../../fixtures/freePort.ts';
import { messageOf, messagesOf, run, RUN_TIMEOUT_MS, withSetting } from './inEditor.ts';

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(url)).ok;
  } catch {
    return false;
  }
}

export function vllmSuite(): void {
  // Windows runs no file for its first line.
  if (process.platform === 'win32') return;
  describe('a vLLM server', function () {
    this.timeout(RUN_TIMEOUT_MS);

    /** With a stand-in as the program of the settings. */
    async function withVllm(fake: FakeVllm, action: (port: number, starts: () => { pid: number }[]) => Promise<void>): Promise<void> {
      const port = await freePort();
      const program = writeFakeVllm(mkdtempSync(join(tmpdir(), 'agent-cost-vllm-')), 'vllm', { ...fake, node: '/usr/bin/env node' });
      const starts = () => (existsSync(`${program}.log`) ? readFileSync(`${program}.log`, 'utf8').trim().split('\n').map((line) => JSON.parse(line) as { pid: number }) : []);
      await withSetting('agentCost.vllm.program', program, () => withSetting('agentCost.vllm.port', port, () => withSetting('agentCost.vllm.arguments', ['--max-model-len', '4096'], () => action(port, starts))));
      rmSync(dirname(program), { recursive: true, force: true });
    }

    it('is started, told of with what to do with it, and gone when it is stopped', () =>
      withVllm({ slow: 1 }, async (port, starts) => {
        const message = await messageOf(() => run('agentCost.startVllm', 'tiny'));
        assert.deepEqual([message.severity, message.remedies], ['information', ['Use as Backend', 'Stop It']]);
        assert.match(message.message, new RegExp(`vLLM serves tiny at http://127\\.0\\.0\\.1:${port}/v1`));
        assert.ok(await answers(`http://127.0.0.1:${port}/health`));
        const again = await messageOf(() => run('agentCost.startVllm', 'tiny'));
        assert.match(again.message, /running already/);
        assert.equal(starts().length, 1);
        const said = await messagesOf(async () => {
          await run('agentCost.stopVllm');
        });
        assert.deepEqual(said, [], 'what was asked for is no news');
        assert.equal(await answers(`http://127.0.0.1:${port}/health`), false);
      }));

    it('on another host is reached at a port of this machine, and gone there when it is stopped', () =>
      withVllm({}, async (port, starts) => {
        const bin = mkdtempSync(join(tmpdir(), 'agent-cost-ssh-'));
        writeFakeSsh(bin, { node: '/usr/bin/env node' });
        const path = process.env['PATH'];
        process.env['PATH'] = `${bin}${delimiter}${path ?? ''}`;
        try {
          await withSetting('agentCost.vllm.host', 'ssh:gpu-box', async () => {
            const message = await messageOf(() => run('agentCost.startVllm', 'tiny'));
            assert.match(message.message, new RegExp(`vLLM serves tiny on gpu-box at http://127\\.0\\.0\\.1:${port}/v1`));
            assert.ok(await answers(`http://127.0.0.1:${port}/health`));
            await run('agentCost.stopVllm');
            const [started] = starts();
            assert.throws(() => process.kill(started?.pid ?? 0, 0), /ESRCH/);
          });
        } finally {
          process.env['PATH'] = path;
          rmSync(bin, { recursive: true, force: true });
        }
      }));

    it('that cannot start says why, and the next can', () =>
      withVllm({ fails: { code: 1, line: 'ValueError: no such model' } }, async () => {
        const message = await messageOf(() => run('agentCost.startVllm', 'tiny'));
        assert.deepEqual([message.severity, message.remedies], ['error', ['Show Log']]);
        assert.match(message.message, /ValueError: no such model/);
      }));

    it('that ends by itself is told', () =>
      withVllm({}, async (_port, starts) => {
        await messageOf(() => run('agentCost.startVllm', 'tiny'));
        const [started] = starts();
        assert.ok(started);
        const message = await messageOf(() => Promise.resolve(process.kill(started.pid, 'SIGKILL')));
        assert.deepEqual([message.severity, message.remedies], ['error', ['Show Log']]);
        assert.match(message.message, /ended by itself/);
      }));

    it('with a wrong setting names the setting', () =>
      withSetting('agentCost.vllm.port', 0, async () => {
        const message = await messageOf(() => run('agentCost.startVllm', 'tiny'));
        assert.deepEqual([message.severity, message.remedies], ['error', ['Open Setting']]);
        assert.match(message.message, /agentCost\.vllm\.port/);
      }));
  });
}
