/** A model behind a corporate proxy: calls take the way that the environment's variables name, and its password stays a secret. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { checkBackend } from '../../src/profiler/backendCheck.ts';
import { makeAuthority, makeCertificate } from '../fixtures/certificates.ts';
import { freePort } from '../fixtures/freePort.ts';
import { BODY, CHAT, greetingModel, SAID } from './greetingModel.ts';
import { startFixture, type ProxyFixture } from './proxyFixture.ts';
import { exchange, requestBytes } from './rawClient.ts';
import { startScriptedProxy, type ProxyConduct, type ScriptedProxy } from './scriptedProxy.ts';
import { jsonAnswer, until } from './scriptedUpstream.ts';

const PASSWORD = 'hunter2-canary';

const authority = makeAuthority('Corp Root');
const certificate = makeCertificate(authority, ['model.corp.test', 'proxy.corp.test', '127.0.0.1']);
let folder: string;
let caFile: string;
let fixture: ProxyFixture | null = null;
let between: ScriptedProxy | null = null;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'proxies-'));
  caFile = join(folder, 'corp.pem');
  writeFileSync(caFile, authority.cert);
});
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(async () => {
  await fixture?.close();
  await between?.close();
  fixture = between = null;
});

/** The profiler before a proxy before a model that is called by a name which only the proxy knows. */
async function behind(scheme: 'http' | 'https', conduct: Omit<ProxyConduct, 'upstreamPort'>, variables: (port: number) => Record<string, string>): Promise<{ fixture: ProxyFixture; between: ScriptedProxy }> {
  // Filled in when the proxy's port is known: the profiler reads it with the first of its calls.
  const env: Record<string, string> = {};
  const upstreamUrl = `${scheme}://model.corp.test:${scheme === 'https' ? 8443 : 8000}/v1`;
  const started = await startFixture(greetingModel, { place: scheme === 'https' ? { tls: certificate } : {}, direct: true, env, caFile });
  fixture = started;
  between = await startScriptedProxy({ ...conduct, upstreamPort: started.upstream.port });
  Object.assign(env, variables(between.port));
  fixture = { ...started, proxied: (method, path, body, headers) => started.proxied(method, path, body, { ...headers, 'x-agent-cost-origin': upstreamUrl }) };
  return { fixture, between };
}

const everythingKnown = (): string => JSON.stringify(fixture!.lines);

describe('a model behind a proxy', () => {
  it('that speaks TLS is reached through a connection of its own, and the proxy has the password', async () => {
    const { fixture, between } = await behind('https', { password: `me:${PASSWORD}@` }, (port) => ({ HTTPS_PROXY: `http://me:${PASSWORD}%40@127.0.0.1:${port}` }));
    for (let i = 0; i < 2; i++) expect((await fixture.proxied('POST', CHAT, BODY)).body.toString()).toBe(SAID);
    expect(between.asked).toHaveLength(1);
    expect(between.asked[0]).toMatch(/^CONNECT model\.corp\.test:8443 HTTP\/1\.1\r\nHost: model\.corp\.test:8443\r\nProxy-Authorization: Basic /);
    const [end] = await fixture.ends(2);
    expect(end).toMatchObject({ status: 'ok', text: 'hi', usage: { promptTokens: 3 } });
    expect(fixture.upstream.requests[0]!.rawHead).not.toMatch(/proxy-authorization/i);
    expect(fixture.calls()[0]!.server).toBe('model.corp.test:8443');
    expect(everythingKnown()).not.toContain('hunter2');
  });

  it('that speaks no TLS is reached by requests that the proxy takes, password and all', async () => {
    const { fixture, between } = await behind('http', { password: `me:${PASSWORD}` }, (port) => ({ http_proxy: `http://me:${PASSWORD}@127.0.0.1:${port}`, HTTP_PROXY: 'http://another.test:1' }));
    expect((await fixture.proxied('POST', `${CHAT}?a=1`, BODY)).body.toString()).toBe(SAID);
    expect(between.asked[0]).toMatch(/^POST http:\/\/model\.corp\.test:8000\/v1\/chat\/completions\?a=1 HTTP\/1\.1\r\nHost: model\.corp\.test:8000\r\n/);
    expect(fixture.upstream.requests[0]).toMatchObject({ path: `${CHAT}?a=1`, headers: { host: 'model.corp.test:8000' } });
    await fixture.ends(1);
    expect(everythingKnown()).not.toContain('hunter2');
  });

  it('by a proxy that is spoken to by TLS itself', async () => {
    const { fixture, between } = await behind('https', { tls: certificate }, (port) => ({ ALL_PROXY: `https://127.0.0.1:${port}` }));
    expect((await fixture.proxied('POST', CHAT, BODY)).body.toString()).toBe(SAID);
    expect(between.asked[0]).toMatch(/^CONNECT model\.corp\.test:8443 /);
  });

  it.each(['http', 'https'] as const)('has its WebSockets over %s', async (scheme) => {
    const { fixture, between } = await behind(scheme, {}, (port) => ({ ALL_PROXY: `127.0.0.1:${port}` }));
    const head = { connection: 'Upgrade', upgrade: 'websocket', 'x-agent-cost-origin': `${scheme}://model.corp.test:${scheme === 'https' ? 8443 : 8000}/v1` };
    let received = '';
    const over = exchange(fixture.port, requestBytes('GET', `${fixture.token}/v1/realtime`, 'localhost', null, head), (bytes, socket) => {
      received += bytes.toString('latin1');
      if (received.endsWith('\r\n\r\n')) socket.write('ping');
      if (received.endsWith('ping')) socket.destroy();
    });
    await fixture.ends(1);
    await over;
    expect(received).toMatch(/^HTTP\/1\.1 101 [^]*\r\n\r\nping$/);
    expect(between.asked[0]).toMatch(/^CONNECT model\.corp\.test:/);
  });

  it('is let go by who hangs up while the proxy makes up its mind', async () => {
    const { fixture, between } = await behind('https', { isSilent: true }, (port) => ({ HTTPS_PROXY: `http://127.0.0.1:${port}` }));
    const socket = connect(fixture.port, '127.0.0.1');
    socket.write(requestBytes('POST', `${fixture.token}${CHAT}`, 'localhost', BODY, { 'x-agent-cost-origin': 'https://model.corp.test:8443/v1' }));
    await until(() => between.asked.length === 1, 'the proxy to be asked');
    socket.destroy();
    expect((await fixture.ends(1))[0]).toMatchObject({ status: 'cancelled', httpStatus: null });
    await until(() => between.sockets.size === 0 && fixture.proxy.inFlight() === 0, 'the connection to end');
  });
});

describe('a proxy', () => {
  const refused = async (scheme: 'http' | 'https', conduct: Omit<ProxyConduct, 'upstreamPort'>, variables: (port: number) => Record<string, string>): Promise<string> => {
    const { fixture, between } = await behind(scheme, conduct, variables);
    const answer = await fixture.proxied('POST', CHAT, BODY);
    expect(answer.statusLine).toContain('502');
    const [end] = await fixture.ends(1);
    expect(end).toMatchObject({ status: 'error', httpStatus: null });
    expect(everythingKnown() + answer.body.toString()).not.toContain('hunter2');
    expect(fixture.upstream.requests).toEqual([]);
    return (JSON.parse(answer.body.toString()) as { error: { message: string } }).error.message.replaceAll(String(between.port), 'PORT');
  };

  it.each(['http', 'https'] as const)('that wants a password for %s is named, and where to write it', async (scheme) => {
    expect(await refused(scheme, { password: 'a:b' }, (port) => ({ ALL_PROXY: `http://127.0.0.1:${port}` }))).toContain(
      'the proxy http://127.0.0.1:PORT of ALL_PROXY wants a user and a password (407). Write them into ALL_PROXY, as http://USER:PASSWORD@HOST:PORT',
    );
  });

  it('that takes another password is named without it', async () => {
    expect(await refused('https', { password: 'a:b' }, (port) => ({ https_proxy: `http://me:${PASSWORD}@127.0.0.1:${port}` }))).toContain('does not take the user and the password that it is given (407)');
  });

  it('that refuses is named, with what it says', async () => {
    expect(await refused('https', { refuses: 'HTTP/1.1 403 Not on our list\r\n\r\n' }, (port) => ({ HTTPS_PROXY: `http://me:${PASSWORD}@127.0.0.1:${port}` }))).toContain(
      'the proxy http://127.0.0.1:PORT of HTTPS_PROXY does not connect to model.corp.test:8443 (403 Not on our list). Name the server in NO_PROXY',
    );
  });

  it.each([
    ['gives no answer', ''],
    ['answers something else', 'SSH-2.0-OpenSSH\r\n\r\n'],
  ])('that %s is named', async (_what, refuses) => {
    expect(await refused('https', { refuses }, (port) => ({ HTTPS_PROXY: `http://127.0.0.1:${port}` }))).toMatch(/the proxy http:\/\/127\.0\.0\.1:PORT of HTTPS_PROXY (gave up|does not answer as a proxy does)/);
  });

  it.each(['http', 'https'] as const)('that is not there is named, for %s', async (scheme) => {
    const port = await freePort();
    expect(await refused(scheme, {}, () => ({ ALL_PROXY: `http://me:${PASSWORD}@127.0.0.1:${port}` }))).toContain(`the proxy http://127.0.0.1:${port} of ALL_PROXY cannot be reached (ECONNREFUSED)`);
  });

  it('of a kind that is not spoken is named without its password', async () => {
    const { fixture } = await behind('https', {}, () => ({ ALL_PROXY: `ftp://me:${PASSWORD}@127.0.0.1:1080` }));
    const answer = await fixture.proxied('POST', CHAT, BODY);
    expect(answer.body.toString()).toContain('ALL_PROXY names a proxy of an unknown kind (ftp:).');
    await fixture.ends(1);
    expect(everythingKnown() + answer.body.toString()).not.toContain('hunter2');
  });
});

it('is asked nothing for a server of this machine', async () => {
  fixture = await startFixture((_request, socket) => void socket.write(jsonAnswer(200, { object: 'list', data: [{ id: 'm', owned_by: 'vllm' }] })), { env: { HTTP_PROXY: 'http://127.0.0.1:1', ALL_PROXY: 'http://127.0.0.1:1' } });
  expect((await fixture.proxied('POST', CHAT, '{}')).statusLine).toContain('200');
  expect((await checkBackend(fixture.upstream.url, { model: null, authorization: null })).kind).toBe('vllm');
});
