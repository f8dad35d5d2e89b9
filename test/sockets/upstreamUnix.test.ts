/** A model server on a Unix socket (`vllm serve --uds`), as the profiler asks it before a run and as calls reach it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkBackend } from '../../src/profiler/backendCheck.ts';
import { pageReader } from '../../src/telemetry/metricsPage.ts';
import { startFixture, type ProxyFixture } from './proxyFixture.ts';
import { asksForUsage, chunk, delta, event, jsonAnswer, LAST_CHUNK, STREAM_HEAD, until, usageEvent, type Script } from './scriptedUpstream.ts';

let folder: string;
let fixture: ProxyFixture;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'uds-'));
});
afterEach(async () => {
  await fixture.close();
  rmSync(folder, { recursive: true });
});

const vllm: Script = (request, socket) => {
  if (request.path === '/v1/models') socket.write(jsonAnswer(200, { object: 'list', data: [{ id: 'm', object: 'model', owned_by: 'vllm', max_model_len: 4096 }] }));
  else if (request.path === '/version') socket.write(jsonAnswer(200, { version: '0.32.0' }));
  else if (request.path === '/metrics') socket.write(jsonAnswer(200, 'vllm:num_requests_running 3\n'));
  else if (request.path === '/v1/chat/completions') socket.write(STREAM_HEAD + chunk(event(delta('hi'))) + (asksForUsage(request) ? chunk(event(usageEvent(3, 1, null))) : '') + chunk(event('[DONE]')) + LAST_CHUNK);
  else socket.write(jsonAnswer(404, {}));
};

describe('a server on a Unix socket', () => {
  it('has its calls, on one kept connection, and is named by its path in the recording', async () => {
    const path = join(folder, 'model server.sock');
    fixture = await startFixture(vllm, { place: { path } });
    const body = JSON.stringify({ model: 'm', stream: true, messages: [{ role: 'user', content: 'x' }] });
    for (let i = 0; i < 2; i++) expect((await fixture.proxied('POST', '/v1/chat/completions', body)).body.toString()).toBe(event(delta('hi')) + event('[DONE]'));
    const ends = await fixture.ends(2);
    expect(ends.map(({ status, text, usage }) => [status, text, usage?.promptTokens])).toEqual([['ok', 'hi', 3], ['ok', 'hi', 3]]);
    expect(fixture.calls().map(({ server }) => server)).toEqual([`unix:${path}`, `unix:${path}`]);
    expect(fixture.upstream.requests[0]).toMatchObject({ path: '/v1/chat/completions', headers: { host: 'localhost' } });
    expect(fixture.upstream.sockets.size).toBe(1);
  });

  it('says who it is, and has its page of metrics read', async () => {
    const path = join(folder, 'm.sock');
    fixture = await startFixture(vllm, { place: { path } });
    const checked = await checkBackend(`unix:${path}:/v1`, { model: null, authorization: 'Bearer k' });
    expect(checked).toMatchObject({ kind: 'vllm', version: '0.32.0', model: 'm', metricsUrl: `unix:${path}:/metrics` });
    const reader = pageReader({ url: checked.metricsUrl!, authorization: 'Bearer k', caFile: null, byProxy: true });
    expect(await reader.ask(5000)).toEqual({ status: 200, text: 'vllm:num_requests_running 3\n' });
    reader.close();
    expect(fixture.upstream.requests.at(-1)!.headers).toMatchObject({ authorization: 'Bearer k', 'accept-encoding': 'identity' });
    // Whoever asks only now and then leaves no connection behind.
    await until(() => fixture.upstream.sockets.size === 0, 'connections to close');
  });

  it('that is not there is named with what to do', async () => {
    const path = join(folder, 'gone.sock');
    fixture = await startFixture(vllm, { upstreamUrl: `unix:${path}` });
    const answer = await fixture.proxied('POST', '/v1/chat/completions', '{}');
    expect(answer.statusLine).toContain('502');
    expect(answer.body.toString()).toContain(`unix:${path} could not be reached (ENOENT). Start the server.`);
    await expect(checkBackend(`unix:${path}:/v1`, { model: null, authorization: null })).rejects.toThrow(`The backend unix:${path}:/v1 cannot be reached (ENOENT)`);
  });
});
