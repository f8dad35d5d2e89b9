/** What cannot be profiled, or not recorded: each gets one message that names the thing and the remedy. */
import assert from 'node:assert/strict';
import { existsSync, renameSync, symlinkSync, unlinkSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { activated, messageOf, messagesOf, profile, run, RUN_TIMEOUT_MS, withSetting, workspaceFile } from './inEditor.ts';

const MODELS = JSON.stringify({ object: 'list', data: [{ id: 'the-model', object: 'model', owned_by: 'vllm' }] });

/** Sets the backend to a server that answers so, for the time of an action. */
async function withBackend(listener: RequestListener, action: (url: string) => Promise<void>): Promise<void> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
  try {
    await withSetting('agentCost.backend', url, () => action(url));
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

const answering =
  (status: number, body: string): RequestListener =>
  (_request, response) =>
    void response.writeHead(status, { 'content-type': 'application/json' }).end(body);

export function badInputSuite(): void {
  describe('what cannot be profiled', function () {
    this.timeout(RUN_TIMEOUT_MS);

    it('says that the Python of the setting is not there, and leads to the setting', async () => {
      await withSetting('agentCost.python', join('no', 'such', 'python'), async () => {
        const message = await messageOf(() => run('agentCost.profileActiveFile', workspaceFile('agent.py')));
        assert.deepEqual([message.severity, message.remedies], ['error', ['Open Setting']]);
        assert.match(message.message, /agentCost\.python.*no such|agentCost\.python: there is no program/);
      });
    });

    it('names the setting that cannot be understood', async () => {
      await withSetting('agentCost.backend', 'cloud', async () => {
        const message = await messageOf(() => run('agentCost.profileActiveFile', workspaceFile('agent.py')));
        assert.match(message.message, /agentCost\.backend: .*"cloud".*sim/);
        assert.deepEqual(message.remedies, ['Open Setting']);
      });
    });

    it('says which GPU is not known, before anything is started', async () => {
      await withSetting('agentCost.backend', 'sim:no-such-gpu/llama-3.1-8b-instruct', async () => {
        const message = await messageOf(() => run('agentCost.profileActiveFile', workspaceFile('agent.py')));
        assert.match(message.message, /no-such-gpu/);
      });
    });

    it('says which backend cannot be reached, before anything is started', async () => {
      await withSetting('agentCost.backend', 'http://127.0.0.1:9/v1', async () => {
        const message = await messageOf(() => run('agentCost.profileActiveFile', workspaceFile('agent.py')));
        assert.equal(message.severity, 'error');
        assert.match(message.message, /http:\/\/127\.0\.0\.1:9\/v1/);
      });
    });

    it('refuses a file in another language', async () => {
      const message = await messageOf(() => run('agentCost.profileActiveFile', workspaceFile('README.md')));
      assert.match(message.message, /README\.md is neither Python, JavaScript nor TypeScript/);
    });
  });

  describe('a backend', function () {
    this.timeout(RUN_TIMEOUT_MS);

    const useless: [what: string, listener: RequestListener, says: RegExp, remedy: string][] = [
      ['that wants a key', answering(401, '{}'), /answers 401 .*Set AGENT_COST_BACKEND_KEY/, 'Show Log'],
      ['without this API', answering(404, '{}'), /answers 404 .*ends in \/v1/, 'Show Log'],
      ['that is something else', answering(200, '<html>hello</html>'), /no OpenAI-compatible server.*setting `agentCost\.backend`/, 'Open Setting'],
      ['that breaks off', (request) => request.socket.destroy(), /cannot be reached .*`agentCost\.backend` to `sim`/, 'Open Setting'],
    ];
    for (const [what, listener, says, remedy] of useless)
      it(`${what} is named with the remedy, and nothing is started`, () =>
        withBackend(listener, async (url) => {
          const state = await activated();
          const before = state.currentRun();
          const message = await messageOf(() => run('agentCost.profileActiveFile', workspaceFile('agent.py')));
          assert.equal(message.severity, 'error');
          assert.match(message.message, says);
          assert.ok(message.message.includes(url));
          assert.doesNotMatch(message.message, /--\w/, 'the command line has options, the editor settings');
          assert.equal(message.remedies[0], remedy);
          assert.equal(state.currentRun(), before);
        }));

    it('without the model is named with those that it has', () =>
      withBackend(answering(200, MODELS), () =>
        withSetting('agentCost.model', 'missing-model', async () => {
          const message = await messageOf(() => run('agentCost.profileActiveFile', workspaceFile('agent.py')));
          assert.match(message.message, /no model "missing-model".*the-model.*setting `agentCost\.model`/);
          assert.equal(message.remedies[0], 'Open Setting');
        }),
      ));

    it('that could tell more says so once, and its flag can be copied', () => {
      const listing = JSON.stringify({ object: 'list', data: [{ id: 'the-model', object: 'model', owned_by: 'llamacpp' }] });
      const listener: RequestListener = (request, response) => answering(request.url === '/v1/models' ? 200 : 404, request.url === '/v1/models' ? listing : '{}')(request, response);
      return withBackend(listener, async () => {
        const messages = await messagesOf(() => profile('agent.py'));
        const [told, ...more] = messages.filter(({ message }) => message.includes('llama-server'));
        assert.deepEqual([told?.severity, told?.remedies, more], ['warning', ['Copy'], []]);
        assert.match(told?.message ?? '', /Start llama-server with `--metrics`/);
      });
    });

    for (const status of [429, 500])
      it(`that answers ${status} is told, the program runs, and what it got is shown`, () =>
        withBackend(answering(status, '{"error":{"message":"later"}}'), async (url) => {
          const messages = await messagesOf(async () => {
            const { report } = await profile('agent.py');
            assert.equal(report.totals.failedCalls, 1);
            assert.equal(report.spans.find((span) => span.kind === 'llm')?.error?.message, 'later');
            assert.notEqual(report.run.exitCode, 0);
          });
          assert.deepEqual(messages.map(({ severity }) => severity), ['warning']);
          assert.match(messages[0]?.message ?? '', new RegExp(`${url} answers ${status}`));
        }));
  });

  describe('a program that cannot be looked into', function () {
    this.timeout(RUN_TIMEOUT_MS);

    it('is recorded, and each call says that it was seen on the wire only', async () => {
      const state = await activated();
      await run('agentCost.profileCommand', 'python3 -I agent.py');
      const report = state.currentRun()?.document?.report;
      assert.equal(report?.totals.llmCalls, 3);
      assert.deepEqual(report?.lines, []);
      for (const span of report.spans.filter(({ kind }) => kind === 'llm')) assert.match(span.unattributed ?? '', /seen on the wire only/);
    });
  });

  // Nothing can be made in /sys, by root neither: it stands for a read-only disk.
  if (process.platform === 'linux')
    describe('a folder that takes no recording', function () {
      this.timeout(RUN_TIMEOUT_MS);
      const recordings = workspaceFile('.agent-cost').fsPath;
      const aside = workspaceFile('.agent-cost-aside').fsPath;

      before(() => {
        if (existsSync(recordings)) renameSync(recordings, aside);
        symlinkSync('/sys/kernel', recordings);
      });
      after(() => {
        unlinkSync(recordings);
        if (existsSync(aside)) renameSync(aside, recordings);
      });

      it('costs the numbers, not the run, and is said once', async () => {
        const state = await activated();
        const marker = workspaceFile('ran.txt').fsPath;
        const messages = await messagesOf(() => run('agentCost.profileCommand', `python3 agent.py > ${JSON.stringify(marker)}`));
        assert.ok(existsSync(marker));
        assert.deepEqual(messages.map(({ severity }) => severity), ['warning']);
        assert.match(messages[0]?.message ?? '', /Nothing is recorded: .*\.agent-cost.*cannot be made.*The program runs on/);
        assert.doesNotMatch(messages[0]?.message ?? '', /--out/);
        assert.equal(state.currentRun()?.live, false);
      });
    });
}
