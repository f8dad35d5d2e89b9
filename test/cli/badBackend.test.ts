/** What a user reads in the terminal when the backend is not as it should be. */
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { agentCost, newFolder } from './agentCost.ts';

let server: Server | null = null;

async function backend(listener: RequestListener): Promise<string> {
  const started = createServer(listener);
  server = started;
  await new Promise<void>((resolve) => started.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(started.address() as AddressInfo).port}/v1`;
}

afterEach(() => server?.close());

const answering =
  (status: number, body: string): RequestListener =>
  (_request, response) =>
    void response.writeHead(status, { 'content-type': 'application/json' }).end(body);

const models = JSON.stringify({ object: 'list', data: [{ id: 'the-model', object: 'model', owned_by: 'vllm' }] });

it.each<[what: string, listener: RequestListener, args: string[], says: RegExp]>([
  ['401', answering(401, '{"error":{"message":"no key"}}'), [], /key/i],
  ['404', answering(404, '{"detail":"Not Found"}'), [], /404/],
  ['garbage', answering(200, '<html>hello</html>'), [], /http:\/\/127\.0\.0\.1:\d+\/v1/],
  ['another model', answering(200, models), ['--model', 'missing-model'], /missing-model.*the-model/s],
])('%s ends the start with one clear message', async (_what, listener, args, says) => {
  const url = await backend(listener);
  const { code, stdout, stderr } = await agentCost(['run', '--backend', url, ...args, '--', process.execPath, '-e', 'console.log("ran")'], { cwd: newFolder() });
  expect(stderr).toMatch(says);
  expect(stderr).toContain(url);
  expect(stderr.trim().split('\n')).toHaveLength(1);
  expect(stdout).toBe('');
  expect(code).toBe(2);
});

it.each([429, 500])('%i is told, and the program runs', async (status) => {
  const url = await backend(answering(status, '{"error":{"message":"later"}}'));
  const { code, stdout, stderr } = await agentCost(['run', '--backend', url, '--', process.execPath, '-e', 'console.log("ran")'], { cwd: newFolder() });
  expect(stderr).toContain(String(status));
  expect(stderr).toContain(url);
  expect(stdout).toBe('ran\n');
  expect(code).toBe(0);
});

it('a port that is taken is named', async () => {
  const url = await backend(answering(200, models));
  const port = new URL(url).port;
  const { code, stderr } = await agentCost(['serve', '--port', port], { cwd: newFolder() });
  expect(stderr).toMatch(new RegExp(`${port}.*--port|--port.*${port}|port ${port}`, 'i'));
  expect(stderr.trim().split('\n')).toHaveLength(1);
  expect(code).toBe(2);
});
