/** Whose certificates are believed, and what is said of the others; authorities and certificates are made here. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { checkBackend } from '../../src/profiler/backendCheck.ts';
import { makeAuthority, makeCertificate, type ServerCertificate } from '../fixtures/certificates.ts';
import { startFixture, type ProxyFixture } from './proxyFixture.ts';
import { jsonAnswer, startUpstream, type Script } from './scriptedUpstream.ts';

const CHAT = '/v1/chat/completions';
const HOUR_MS = 3_600_000;
const authority = makeAuthority('Corp Root');
const good = makeCertificate(authority, ['127.0.0.1', 'localhost']);
const answers: Script = (request, socket) => {
  const models = { object: 'list', data: [{ id: 'm', owned_by: 'vllm' }] };
  socket.write(jsonAnswer(200, request.path === '/v1/models' ? models : { id: 'x', choices: [{ message: { content: 'hi' } }], usage: { prompt_tokens: 3, completion_tokens: 1 } }));
};

let folder: string;
let caFile: string;
let fixture: ProxyFixture | null = null;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tls-'));
  caFile = join(folder, 'corp.pem');
  writeFileSync(caFile, `# the company's own\n${makeAuthority('Another').cert}${authority.cert}`);
});
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(async () => {
  await fixture?.close();
  fixture = null;
});

async function messageOf(options: Parameters<typeof startFixture>[1]): Promise<string> {
  fixture = await startFixture(answers, options);
  const answer = await fixture.proxied('POST', CHAT, '{}');
  expect(answer.statusLine).toContain('502');
  expect(fixture.upstream.requests).toEqual([]);
  return (JSON.parse(answer.body.toString()) as { error: { message: string } }).error.message;
}

describe('a certificate', () => {
  it.each([
    ['a named file', (file: string) => ({ caFile: file })],
    ['SSL_CERT_FILE', (file: string) => ({ env: { SSL_CERT_FILE: file } })],
    ['NODE_EXTRA_CA_CERTS', (file: string) => ({ env: { NODE_EXTRA_CA_CERTS: file } })],
  ])('of an authority in %s is believed, on one kept connection', async (_name, how) => {
    fixture = await startFixture(answers, { place: { tls: good }, ...how(caFile) });
    for (let i = 0; i < 2; i++) expect((await fixture.proxied('POST', CHAT, '{}')).statusLine).toContain('200');
    expect((await fixture.ends(2))[1]).toMatchObject({ status: 'ok', usage: { promptTokens: 3 } });
    expect(fixture.upstream.sockets.size).toBe(1);
  });

  it('of an unknown authority is not, and it is said how it would be', async () => {
    const message = await messageOf({ place: { tls: good } });
    expect(message).toMatch(/^The backend https:\/\/127\.0\.0\.1:\d+\/v1 could not be reached \(the certificate of 127\.0\.0\.1 comes from an authority that is not trusted here \(UNABLE_TO_VERIFY_LEAF_SIGNATURE\)/);
    expect(message).toContain('with --ca-file or in NODE_EXTRA_CA_CERTS');
  });

  it('of an unknown authority is not, and files that cannot be used are named', async () => {
    expect(await messageOf({ place: { tls: good }, env: { SSL_CERT_FILE: join(folder, 'gone.pem') } })).toMatch(/SSL_CERT_FILE cannot be used: ENOENT/);
  });

  it.each<[string, ServerCertificate, RegExp]>([
    ['that has expired', makeCertificate(authority, ['127.0.0.1'], { from: -2 * HOUR_MS, to: -HOUR_MS }), /the certificate of 127\.0\.0\.1 has expired \(CERT_HAS_EXPIRED\)/],
    ['that is for later', makeCertificate(authority, ['127.0.0.1'], { from: HOUR_MS, to: 2 * HOUR_MS }), /not valid yet \(CERT_NOT_YET_VALID\)/],
    ['for another host', makeCertificate(authority, ['model.corp.test', 'm2.corp.test']), /not for 127\.0\.0\.1 \(ERR_TLS_CERT_ALTNAME_INVALID\): it names model\.corp\.test, m2\.corp\.test\. Use the name/],
  ])('%s is told as that', async (_name, tls, said) => {
    expect(await messageOf({ place: { tls }, caFile })).toMatch(said);
  });

  it('is what a server without TLS lacks', async () => {
    const plain = createServer();
    await new Promise<void>((resolve) => plain.listen(0, '127.0.0.1', resolve));
    const { port } = plain.address() as AddressInfo;
    expect(await messageOf({ upstreamUrl: `https://127.0.0.1:${port}/v1` })).toMatch(/speaks no TLS \(ERR_SSL_\w+\)\. Use http:\/\/ if it is not encrypted/);
    await new Promise((resolve) => plain.close(resolve));
  });
});

describe('the check before a run', () => {
  it('goes by the same file', async () => {
    const upstream = await startUpstream(answers, { tls: good });
    expect(await checkBackend(upstream.url, { model: null, authorization: null, caFile })).toMatchObject({ kind: 'vllm', model: 'm' });
    await expect(checkBackend(upstream.url, { model: null, authorization: null })).rejects.toThrow(/cannot be reached \(the certificate of 127\.0\.0\.1 comes from an authority that is not trusted here.*--backend sim needs none/);
    await expect(checkBackend(upstream.url, { model: null, authorization: null, caFile: join(folder, 'none.pem') })).rejects.toThrow(/ENOENT/);
    await upstream.close();
  });
});
