/** A calibration of the embedded server, whose times are known, and what it says where there is nothing to calibrate. */
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { findGpu, findModel, parseProfile } from '../../src/simulator/catalog.ts';
import { startEmbeddedServer } from '../../src/simulator/embeddedServer.ts';
import { agentCost, newFolder } from './agentCost.ts';

const gpu = findGpu('h100')!;
const model = findModel('llama-3.1-8b')!;
const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

/** A server that lists a model and answers completions with `status` and `body`. */
async function listing(status: number, body: string, type = 'application/json'): Promise<string> {
  const server: Server = createServer((request, response) => {
    request.resume().on('end', () => {
      if (request.url === '/v1/models') response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ object: 'list', data: [{ id: 'm', object: 'model' }] }));
      else if (request.url === '/v1/completions') response.writeHead(status, { 'content-type': type }).end(body);
      else response.writeHead(404).end();
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  closing.push(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
}

describe('calibrate', () => {
  it('writes a profile of the server that says what the server is', async () => {
    const server = await startEmbeddedServer({ gpu, model });
    closing.push(() => server.close());
    const cwd = newFolder();
    const { code, stdout, stderr } = await agentCost(['calibrate', '--backend', server.url, '--gpu', 'h100', '--minutes', '0.2', '--max-sequences', '4', '--host', 'test box'], { cwd });
    expect(code, stderr).toBe(0);
    const file = join(cwd, 'calibrated-test-box.json');
    expect(stderr).toContain(`Written: ${file}`);
    expect(stdout).toMatch(/^The fit is off by \d+\.\d % \(median;/m);
    expect(stdout).toContain('Power of a GPU: idle –, reading prompts –, writing one answer –.');
    const profile = parseProfile(readFileSync(file, 'utf8'), file);
    expect(profile).toMatchObject({ kind: 'gpu', id: 'test-box-h100-80gb', calibration: { host: 'test box', model: server.served.model, gpuCount: 1, kvTokens: server.served.kvCapacityTokens } });
    expect(profile).not.toHaveProperty('idleWatts');
    const { step } = (profile as { calibration: { step: Record<string, number> } }).calibration;
    // However busy the machine of the test is: no server reads the weights faster than memory does.
    expect(step['weightsMs']).toBeGreaterThanOrEqual(4.79);
    const check = await agentCost(['profiles', 'check', file], { cwd });
    expect(check.stdout).toContain('is a gpu profile, test-box-h100-80gb.');
  });

  it.each([
    ['a server that wants other prompts', 400, '{"error":{"message":"prompt must be a string"}}', 'application/json', /answers 400 to a prompt of \d+ token numbers: .*prompt must be a string/],
    ['a stream without tokens', 200, 'data: {"choices":[{"index":0,"text":" a","finish_reason":"length"}]}\n\ndata: [DONE]\n\n', 'text/event-stream', /says nothing of tokens at the end of a stream/],
    ['a stream with an error in it', 200, 'data: {"error":{"message":"out of memory"}}\n\n', 'text/event-stream', /breaks off: .*out of memory/],
  ])('names %s', async (_what, status, body, type, says) => {
    const cwd = newFolder();
    const { code, stderr } = await agentCost(['calibrate', '--backend', await listing(status, body, type), '--gpu', 'h100', '--minutes', '0.1'], { cwd });
    expect(code).toBe(2);
    expect(stderr).toMatch(says);
  });

  it('names a server that is not there, and a time that is none', async () => {
    const cwd = newFolder();
    const gone = await agentCost(['calibrate', '--backend', 'http://127.0.0.1:1/v1'], { cwd });
    expect([gone.code, gone.stderr]).toEqual([2, expect.stringContaining('cannot be reached')]);
    const never = await agentCost(['calibrate', '--backend', 'http://127.0.0.1:1/v1', '--minutes', 'some'], { cwd });
    expect(never.stderr).toContain('--minutes takes a number from 0.1 to 120, not "some"');
  });

  it('stops when asked, and writes nothing', async () => {
    const server = await startEmbeddedServer({ gpu, model });
    closing.push(() => server.close());
    let child: { kill(signal: NodeJS.Signals): boolean } | null = null;
    const ended = await agentCost(['calibrate', '--backend', server.url, '--gpu', 'h100'], {
      cwd: newFolder(),
      onStart: (started) => (child = started),
      onStderr: (sofar) => {
        if (!sofar.includes('round 1')) return;
        child?.kill('SIGINT');
        child = null;
      },
    });
    expect([ended.code, ended.stderr]).toEqual([130, expect.stringContaining('Stopped; no profile was written.')]);
  });
});
