/** A model behind a SOCKS proxy: calls take the way that the environment's variables name, and its password stays a secret. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { makeAuthority, makeCertificate } from '../fixtures/certificates.ts';
import { freePort } from '../fixtures/freePort.ts';
import { BODY, CHAT, greetingModel, SAID } from './greetingModel.ts';
import { startFixture, type ProxyFixture } from './proxyFixture.ts';
import { exchange, requestBytes } from './rawClient.ts';
import { startScriptedSocks, type ScriptedSocks, type SocksConduct } from './scriptedSocks.ts';

const PASSWORD = 'hunter2-canary';
const NAME = 'model.corp.test';
/** In a range for documentation (RFC 5737): nobody is there. */
const ADDRESS = '192.0.2.7';

const authority = makeAuthority('Corp Root');
const certificate = makeCertificate(authority, [NAME]);
let folder: string;
let caFile: string;
let fixture: ProxyFixture | null = null;
let between: ScriptedSocks | null = null;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'socks-'));
  caFile = join(folder, 'corp.pem');
  writeFileSync(caFile, authority.cert);
});
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(async () => {
  await fixture?.close();
  await between?.close();
  fixture = between = null;
});

const urlOf = (scheme: 'http' | 'https', host: string): string => `${scheme}://${host}:${scheme === 'https' ? 8443 : 8000}/v1`;

/** The profiler before a SOCKS proxy before a model that nobody else reaches. */
async function behind(scheme: 'http' | 'https', host: string, conduct: Omit<SocksConduct, 'upstreamPort'>, variables: (port: number) => Record<string, string>): Promise<{ fixture: ProxyFixture; between: ScriptedSocks }> {
  // Filled in when the proxy's port is known: the profiler reads it with the first of its calls.
  const env: Record<string, string> = {};
  const started = await startFixture(greetingModel, { place: scheme === 'https' ? { tls: certificate } : {}, direct: true, env, caFile });
  fixture = { ...started, proxied: (method, path, body, headers) => started.proxied(method, path, body, { ...headers, 'x-agent-cost-origin': urlOf(scheme, host) }) };
  between = await startScriptedSocks({ ...conduct, upstreamPort: started.upstream.port });
  Object.assign(env, variables(between.port));
  return { fixture, between };
}

const everythingKnown = (): string => JSON.stringify(fixture!.lines);

describe('a model behind a SOCKS proxy', () => {
  it.each([
    ['socks5h', 'http', 5],
    ['socks5h', 'https', 5],
    ['socks4a', 'http', 4],
    ['socks4a', 'https', 4],
  ] as const)('is reached by its name through %s, for %s', async (kind, scheme, version) => {
    const { fixture, between } = await behind(scheme, NAME, {}, (port) => ({ ALL_PROXY: `${kind}://127.0.0.1:${port}` }));
    for (let i = 0; i < 2; i++) expect((await fixture.proxied('POST', CHAT, BODY)).body.toString()).toBe(SAID);
    expect(between.asked).toEqual([{ version, host: NAME, port: scheme === 'https' ? 8443 : 8000, user: null }]);
    expect((await fixture.ends(2))[0]).toMatchObject({ status: 'ok', text: 'hi', usage: { promptTokens: 3 } });
    expect(fixture.upstream.requests[0]).toMatchObject({ path: CHAT, headers: { host: `${NAME}:${scheme === 'https' ? 8443 : 8000}` } });
  });

  it.each([
    ['socks', 5],
    ['socks5', 5],
    ['socks4', 4],
  ] as const)('is reached by its address through %s', async (kind, version) => {
    const { fixture, between } = await behind('http', ADDRESS, {}, (port) => ({ http_proxy: `${kind}://127.0.0.1:${port}` }));
    expect((await fixture.proxied('POST', CHAT, BODY)).body.toString()).toBe(SAID);
    expect(between.asked).toEqual([{ version, host: ADDRESS, port: 8000, user: null }]);
    await fixture.ends(1);
  });

  it('that wants a password has it, and nobody else does', async () => {
    const { fixture, between } = await behind('https', NAME, { password: `me:${PASSWORD}@` }, (port) => ({ HTTPS_PROXY: `socks5h://me:${PASSWORD}%40@127.0.0.1:${port}` }));
    expect((await fixture.proxied('POST', CHAT, BODY)).body.toString()).toBe(SAID);
    expect(between.asked).toMatchObject([{ user: 'me' }]);
    await fixture.ends(1);
    expect(everythingKnown() + fixture.upstream.requests[0]!.rawHead).not.toContain('hunter2');
  });

  it('has its WebSockets', async () => {
    const { fixture, between } = await behind('http', NAME, {}, (port) => ({ ALL_PROXY: `socks5h://127.0.0.1:${port}` }));
    let received = '';
    const over = exchange(fixture.port, requestBytes('GET', `${fixture.token}/v1/realtime`, 'localhost', null, { connection: 'Upgrade', upgrade: 'websocket', 'x-agent-cost-origin': urlOf('http', NAME) }), (bytes, socket) => {
      received += bytes.toString('latin1');
      if (received.endsWith('\r\n\r\n')) socket.write('ping');
      if (received.endsWith('ping')) socket.destroy();
    });
    await fixture.ends(1);
    await over;
    expect(received).toMatch(/^HTTP\/1\.1 101 [^]*\r\n\r\nping$/);
    expect(between.asked).toMatchObject([{ host: NAME, port: 8000 }]);
  });
});

describe('a SOCKS proxy', () => {
  const refused = async (host: string, conduct: Omit<SocksConduct, 'upstreamPort'>, url: (port: number) => string): Promise<string> => {
    const { fixture, between } = await behind('http', host, conduct, (port) => ({ ALL_PROXY: url(port) }));
    const answer = await fixture.proxied('POST', CHAT, BODY);
    expect(answer.statusLine).toContain('502');
    expect((await fixture.ends(1))[0]).toMatchObject({ status: 'error', httpStatus: null });
    expect(everythingKnown() + answer.body.toString()).not.toContain('hunter2');
    expect(fixture.upstream.requests).toEqual([]);
    return (JSON.parse(answer.body.toString()) as { error: { message: string } }).error.message.replaceAll(String(between.port), 'PORT');
  };
  const named = (kind: string) => (port: number) => `${kind}://127.0.0.1:${port}`;
  const withUser = (port: number) => `socks5h://me:${PASSWORD}@127.0.0.1:${port}`;

  it.each<[string, Omit<SocksConduct, 'upstreamPort'>, (port: number) => string, string]>([
    ['that wants a password', { password: 'a:b' }, named('socks5h'), 'the proxy socks5h://127.0.0.1:PORT of ALL_PROXY wants a user and a password: write them into the variable, as socks5h://USER:PASSWORD@HOST:PORT'],
    ['that takes another password', { password: 'a:b' }, withUser, 'the proxy socks5h://127.0.0.1:PORT of ALL_PROXY does not take the user and the password that it is given'],
    ['that refuses', { refuses: 2 }, withUser, `does not connect to ${NAME}:8000 (NotAllowed). Name the server in NO_PROXY`],
    ['of version 4 that refuses', { refuses: 91 }, named('socks4a'), `does not connect to ${NAME}:8000 (Failed). Name the server in NO_PROXY`],
    ['that answers something else', { says: 'HTTP/1.1 400 Bad Request\r\n\r\n' }, named('socks5h'), 'the proxy socks5h://127.0.0.1:PORT of ALL_PROXY does not answer as a SOCKS proxy does'],
    ['that gives no answer', { says: '' }, named('socks5h'), 'gave up the connection'],
  ])('%s is named', async (_what, conduct, url, words) => {
    expect(await refused(NAME, conduct, url)).toContain(words);
  });

  it.each(['socks5', 'socks4'])('that is to be given the address of a name (%s) says what to write where it is not known here', async (kind) => {
    // No name server is asked for a label of more than 63 letters.
    expect(await refused(`${'a'.repeat(64)}.test`, {}, named(kind))).toContain(`name it as ${kind === 'socks5' ? 'socks5h' : 'socks4a'}:// to have it look names up`);
  });

  it('of version 4 reaches no address of IPv6', async () => {
    expect(await refused('[2001:db8::7]', {}, named('socks4'))).toContain('speaks SOCKS 4, which reaches no IPv6 addresses (2001:db8::7)');
  });

  it('that is not there is named', async () => {
    const port = await freePort();
    expect(await refused(NAME, {}, () => `socks5h://me:${PASSWORD}@127.0.0.1:${port}`)).toContain(`the proxy socks5h://127.0.0.1:${port} of ALL_PROXY cannot be reached (ECONNREFUSED)`);
  });
});
