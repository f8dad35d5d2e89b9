/** Through the proxy a program gets what it would have got without: bytes, headers, errors, breaks. */
import { afterEach, describe, expect, it } from 'vitest';
import { ChunkedDecoder } from '../../src/proxy/chunkedDecoder.ts';
import { startFixture, type ProxyFixture } from './proxyFixture.ts';
import { exchange, requestBytes } from './rawClient.ts';
import { asksForUsage, chunk, delta, event, jsonAnswer, LAST_CHUNK, pause, STREAM_HEAD, until, usageEvent, type Script } from './scriptedUpstream.ts';

let fixture: ProxyFixture | null = null;
afterEach(async () => {
  await fixture?.close();
  fixture = null;
});

const CHAT = '/v1/chat/completions';
const STREAM_BODY = JSON.stringify({ model: 'm', stream: true, messages: [{ role: 'user', content: 'Où sont les 🦊 ?' }] });
const PLAIN_BODY = JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'hello' }] });

/** Answers as vLLM does: with a usage event when it is asked for. */
const streaming: Script = async (request, socket) => {
  socket.write(STREAM_HEAD);
  for (const word of ['', 'The', ' 🦊', ' sleeps']) {
    socket.write(chunk(event(delta(word))));
    await pause(3);
  }
  socket.write(chunk(event(delta('.', 'stop'))));
  if (asksForUsage(request)) socket.write(chunk(event(usageEvent(12, 5, 0))));
  socket.write(chunk(event('[DONE]')));
  socket.write(LAST_CHUNK);
};

describe('a stream', () => {
  it('has the same bytes and headers as without the proxy, while its usage is recorded', async () => {
    fixture = await startFixture(streaming);
    const direct = await fixture.direct('POST', CHAT, STREAM_BODY);
    const proxied = await fixture.proxied('POST', CHAT, STREAM_BODY);
    expect(proxied.statusLine).toBe(direct.statusLine);
    expect(proxied.headers).toEqual(direct.headers);
    expect(proxied.rawBody.toString()).toBe(direct.rawBody.toString());
    const [end] = await fixture.ends(1);
    expect(end!.usage).toEqual({ promptTokens: 12, cachedTokens: 0, completionTokens: 5, reasoningTokens: null });
    expect(end).toMatchObject({ status: 'ok', httpStatus: 200, finishReason: 'stop', text: 'The 🦊 sleeps.', model: 'm' });
    // Four with words in them; the first, which only says whose turn it is, is no token.
    expect(end!.chunkGaps).toHaveLength(4);
    expect(end!.chunkGaps[0]).toBe(0);
    expect(end!.firstTokenAt).toBeGreaterThanOrEqual(end!.headersAt!);
  });

  it('leaves the rest of the request byte-equal when it asks for usage', async () => {
    fixture = await startFixture(streaming);
    const body = '{ "stream" : true,\n "x":{"stream_options":1}, "temperature":1.0e0, "messages":[{"role":"user","content":"}\\"{"}],"model":"m" }';
    await fixture.proxied('POST', CHAT, body);
    expect(fixture.upstream.requests[0]!.body.toString()).toBe(`${body.slice(0, -1)},"stream_options":{"include_usage":true}}`);
  });

  it('keeps usage that the program asked for itself', async () => {
    fixture = await startFixture(streaming);
    const body = STREAM_BODY.replace('"stream":true', '"stream":true,"stream_options":{"include_usage":true}');
    const direct = await fixture.direct('POST', CHAT, body);
    const proxied = await fixture.proxied('POST', CHAT, body);
    expect(proxied.rawBody.toString()).toBe(direct.rawBody.toString());
    expect(proxied.body.toString()).toContain('"usage"');
    expect(fixture.upstream.requests[1]!.body.toString()).toBe(body);
  });

  it('hides usage however the upstream cuts its bytes, inside a character and a chunk size too', async () => {
    for (const size of [1, 7, 64, 1000]) {
      fixture = await startFixture(async (request, socket) => {
        const usage = asksForUsage(request);
        const events = ['', 'a🦊', 'b'].map((word) => event(usage ? { ...delta(word), usage: null } : delta(word)));
        const raw = Buffer.from(STREAM_HEAD + events.map(chunk).join('') + (usage ? chunk(event(usageEvent(3, 2, 1))) : '') + chunk(event('[DONE]')) + LAST_CHUNK);
        for (let at = 0; at < raw.length; at += size) {
          socket.write(raw.subarray(at, at + size));
          if (size > 1 || at % 50 === 0) await pause(0);
        }
      });
      const direct = await fixture.direct('POST', CHAT, STREAM_BODY);
      const proxied = await fixture.proxied('POST', CHAT, STREAM_BODY);
      expect(proxied.body.toString()).toBe(direct.body.toString());
      expect((await fixture.ends(1))[0]!.usage!.promptTokens).toBe(3);
      await fixture.close();
      fixture = null;
    }
  });

  it('hands on each chunk when it comes, and stamps it then', async () => {
    let release = (): void => undefined;
    fixture = await startFixture(async (_request, socket) => {
      socket.write(STREAM_HEAD + chunk(event(delta('one'))));
      await new Promise<void>((resolve) => (release = resolve));
      socket.write(chunk(event(delta('two'))) + chunk(event('[DONE]')) + LAST_CHUNK);
    });
    let seen = '';
    // The second chunk is only sent once the first has arrived: holding it back would never end.
    await exchange(fixture.port, requestBytes('POST', fixture.token + CHAT, 'localhost', STREAM_BODY), (bytes) => {
      seen += bytes.toString();
      if (seen.includes('one') && !seen.includes('two')) setTimeout(() => release(), 60);
    });
    const [end] = await fixture.ends(1);
    expect(end!.chunkGaps).toHaveLength(2);
    expect(end!.chunkGaps[1]).toBeGreaterThanOrEqual(55);
    expect(fixture.lines.findIndex((line) => line.type === 'firstToken')).toBeLessThan(fixture.lines.findIndex((line) => line.type === 'callEnd'));
  });

  it('asks again without usage when the server refuses the field, and remembers', async () => {
    fixture = await startFixture((request, socket) => {
      if (asksForUsage(request)) socket.write(jsonAnswer(400, { error: { message: 'Unrecognized request argument supplied: stream_options', type: 'invalid_request_error' } }));
      else socket.write(STREAM_HEAD + chunk(event(delta('hi', 'stop'))) + chunk(event('[DONE]')) + LAST_CHUNK);
    });
    for (let n = 0; n < 2; n++) expect((await fixture.proxied('POST', CHAT, STREAM_BODY)).body.toString()).toContain('hi');
    expect(fixture.upstream.requests.map((request) => request.body.toString().includes('stream_options'))).toEqual([true, false, false]);
    const ends = await fixture.ends(2);
    expect(ends.map(({ status, usage }) => [status, usage])).toEqual([['ok', null], ['ok', null]]);
  });

  it('breaks off where the upstream breaks off', async () => {
    fixture = await startFixture((_request, socket) => {
      socket.write(STREAM_HEAD + chunk(event(delta('half'))), () => socket.destroy());
    });
    const proxied = await fixture.proxied('POST', CHAT, STREAM_BODY);
    expect(proxied.broken).toBe(true);
    expect(proxied.rawBody.toString()).toContain('half');
    const [end] = await fixture.ends(1);
    expect(end).toMatchObject({ status: 'error', httpStatus: 200, text: 'half' });
    expect(end!.error).toContain('closed the connection before its answer ended');
  });

  it('aborts the upstream when its client goes away', async () => {
    let closed = false;
    fixture = await startFixture((_request, socket) => {
      socket.on('close', () => (closed = true));
      socket.write(STREAM_HEAD + chunk(event(delta('one'))));
    });
    await exchange(fixture.port, requestBytes('POST', fixture.token + CHAT, 'localhost', STREAM_BODY), (bytes, socket) => {
      if (bytes.includes('one')) socket.destroy();
    });
    await until(() => closed, 'the upstream connection to be closed');
    expect((await fixture.ends(1))[0]).toMatchObject({ status: 'cancelled', text: 'one' });
  });

  it('makes the upstream wait for a slow reader', async () => {
    const megabyte = event(delta('x'.repeat(1024 * 1024)));
    let sent = 0;
    fixture = await startFixture(async (_request, socket) => {
      socket.write(STREAM_HEAD);
      for (let n = 0; n < 40 && !socket.destroyed; n++) {
        if (!socket.write(chunk(megabyte))) await new Promise((resolve) => socket.once('drain', resolve));
        sent++;
      }
      socket.write(chunk(event('[DONE]')) + LAST_CHUNK);
    });
    let resume: (() => void) | null = null;
    const answer = exchange(fixture.port, requestBytes('POST', fixture.token + CHAT, 'localhost', STREAM_BODY), (_bytes, socket) => {
      if (resume !== null) return;
      socket.pause();
      resume = () => socket.resume();
    });
    await until(() => resume !== null, 'the first bytes');
    let before = -1;
    await until(() => {
      const stalled = sent === before;
      before = sent;
      return stalled;
    }, 'the upstream to stall');
    await pause(200);
    expect(sent).toBeLessThan(30);
    resume!();
    expect((await answer).body.length).toBe(40 * megabyte.length + event('[DONE]').length);
  });
});

describe('a plain answer', () => {
  it('has the same bytes and headers as without the proxy', async () => {
    const body = { id: 'a', object: 'chat.completion', model: 'm', choices: [{ index: 0, message: { role: 'assistant', content: 'hé' }, finish_reason: 'stop' }], usage: { prompt_tokens: 2, completion_tokens: 1 } };
    fixture = await startFixture((_request, socket) => void socket.write(jsonAnswer(200, body, 'X-Odd: a  b\r\nset-cookie: a=1\r\nset-cookie: b=2\r\n')));
    const direct = await fixture.direct('POST', CHAT, PLAIN_BODY);
    const proxied = await fixture.proxied('POST', CHAT, PLAIN_BODY);
    expect(proxied.headers).toEqual(direct.headers);
    expect(proxied.rawBody).toEqual(direct.rawBody);
    expect(fixture.upstream.requests[1]!.body.toString()).toBe(PLAIN_BODY);
    expect((await fixture.ends(1))[0]).toMatchObject({ status: 'ok', text: 'hé', firstTokenAt: null, usage: { promptTokens: 2, cachedTokens: null, completionTokens: 1 } });
  });

  it.each([400, 401, 404, 429, 500, 503])('with status %i reaches the program unchanged', async (status) => {
    const body = { error: { message: `no ${status}`, type: 'SomeError', param: null, code: status } };
    fixture = await startFixture((_request, socket) => void socket.write(jsonAnswer(status, body, 'retry-after: 7\r\n')));
    for (const sent of [PLAIN_BODY, STREAM_BODY]) {
      const direct = await fixture.direct('POST', CHAT, sent);
      const proxied = await fixture.proxied('POST', CHAT, sent);
      expect(proxied.statusLine).toBe(direct.statusLine);
      expect(proxied.headers).toEqual(direct.headers);
      expect(proxied.rawBody).toEqual(direct.rawBody);
    }
    for (const end of await fixture.ends(2)) expect(end).toMatchObject({ status: 'error', httpStatus: status, error: `no ${status}` });
  });

  it('of any other form passes: until the connection closes, without a body, to HEAD', async () => {
    fixture = await startFixture((request, socket) => {
      if (request.path === '/v1/close') socket.end('HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\n\r\nuntil the end');
      else if (request.path === '/v1/none') socket.write('HTTP/1.1 204 No Content\r\n\r\n');
      else socket.write('HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n' + (request.method === 'HEAD' ? '' : 'hello'));
    });
    expect((await fixture.proxied('GET', '/v1/close', null)).body.toString()).toBe('until the end');
    const none = await exchange(fixture.port, requestBytes('GET', `${fixture.token}/v1/none`, 'localhost', null, { connection: 'close' }));
    expect(none.statusLine).toContain('204');
    const head = await exchange(fixture.port, requestBytes('HEAD', `${fixture.token}/v1/x`, 'localhost', null, { connection: 'close' }));
    expect(head.headers).toContainEqual(['content-length', '5']);
    expect((await fixture.ends(3)).map(({ status }) => status)).toEqual(['ok', 'ok', 'ok']);
    expect(fixture.calls().map(({ endpoint, path }) => [endpoint, path])).toEqual([['opaque', '/v1/close'], ['opaque', '/v1/none'], ['opaque', '/v1/x']]);
  });
});

describe('a request', () => {
  it('keeps its headers, loses ours and those of the connection, and is not compressed on the way back', async () => {
    fixture = await startFixture((_request, socket) => void socket.write(jsonAnswer(200, {})));
    await fixture.proxied('POST', CHAT, PLAIN_BODY, {
      Authorization: 'Bearer key', 'X-Agent-Cost-Call': 'eyJ9', 'x-agent-cost-origin': 'https://elsewhere', 'X-Custom': 'Ünï', 'accept-encoding': 'gzip, br', connection: 'keep-alive, X-Hop', 'x-hop': '1',
    });
    const { headers, rawHead } = fixture.upstream.requests[0]!;
    expect(headers).toMatchObject({ authorization: 'Bearer key', host: `127.0.0.1:${fixture.upstream.port}`, 'accept-encoding': 'identity', 'content-length': String(PLAIN_BODY.length), connection: 'keep-alive' });
    expect(Object.keys(headers).filter((name) => name.startsWith('x-agent-cost') || name === 'x-hop')).toEqual([]);
    expect(rawHead).toContain('X-Custom: Ünï');
    expect(fixture.calls()[0]!.unattributed).toMatch(/could not be read/);
  });

  it('is given another model name without touching the rest', async () => {
    fixture = await startFixture((_request, socket) => void socket.write(jsonAnswer(200, {})), { model: 'Qwen "3"' });
    await fixture.proxied('POST', CHAT, '{"a":1,"model":"gpt-4o","messages":[]}');
    await fixture.proxied('POST', CHAT, '{"messages":[]}');
    expect(fixture.upstream.requests.map(({ body }) => body.toString())).toEqual(['{"a":1,"model":"Qwen \\"3\\"","messages":[]}', '{"messages":[],"model":"Qwen \\"3\\""}']);
  });

  it('of 50 MB passes, and so does one that is not JSON', async () => {
    fixture = await startFixture((_request, socket) => void socket.write(jsonAnswer(200, {})));
    const large = JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'x'.repeat(50 * 1024 * 1024) }] });
    await fixture.proxied('POST', CHAT, large);
    expect(fixture.upstream.requests[0]!.body.length).toBe(large.length);
    await fixture.proxied('POST', CHAT, '{"stream": true, oops');
    expect(fixture.upstream.requests[1]!.body.toString()).toBe('{"stream": true, oops');
    await fixture.ends(2);
    expect(fixture.calls().map(({ request }) => request.bytes)).toEqual([large.length, 21]);
  });

  it('that is too long to be held passes as it came, and the recording says that its prompt is not there', async () => {
    fixture = await startFixture((_request, socket) => void socket.write(jsonAnswer(200, { usage: { prompt_tokens: 7, completion_tokens: 1 } })));
    const parts = Array.from({ length: 34 }, (_, n) => Buffer.alloc(1024 * 1024, 97 + (n % 26)));
    const framed = Buffer.concat(parts.flatMap((part) => [Buffer.from(`${part.length.toString(16)}\r\n`), part, Buffer.from('\r\n')]));
    const answer = await exchange(fixture.port, Buffer.concat([Buffer.from(`POST ${fixture.token}${CHAT} HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n`), framed, Buffer.from('0\r\n\r\n')]));
    expect(answer.statusLine).toContain('200');
    const { headers, body } = fixture.upstream.requests[0]!;
    expect(headers).toMatchObject({ 'transfer-encoding': 'chunked' });
    const ranges: number[] = [];
    new ChunkedDecoder().feed(body, 0, ranges);
    const payload = Buffer.concat(ranges.flatMap((start, n) => (n % 2 === 0 ? [body.subarray(start, ranges[n + 1])] : [])));
    expect(payload.equals(Buffer.concat(parts))).toBe(true);
    await fixture.proxied('POST', CHAT, Buffer.concat(parts));
    expect(fixture.upstream.requests[1]!.body.equals(Buffer.concat(parts))).toBe(true);
    expect((await fixture.ends(2)).map(({ status, usage }) => [status, usage?.promptTokens])).toEqual([['ok', 7], ['ok', 7]]);
    expect(fixture.lines.filter(({ type }) => type === 'warning')).toMatchObject([{ code: 'promptNotRead' }, { code: 'cachedTokensUnknown' }]);
  });

  it('to an opaque route is streamed, chunked or not', async () => {
    fixture = await startFixture((_request, socket) => void socket.write(jsonAnswer(200, {})));
    await fixture.proxied('POST', '/v1/files?purpose=x', 'abc');
    await exchange(fixture.port, Buffer.from(`POST ${fixture.token}/v1/files HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n`));
    expect(fixture.upstream.requests.map(({ path, body }) => [path, body.toString()])).toEqual([['/v1/files?purpose=x', 'abc'], ['/v1/files', '3\r\nabc\r\n0\r\n\r\n']]);
    expect(fixture.calls()[0]).toMatchObject({ endpoint: 'opaque', path: '/v1/files' });
  });

  it('on a connection that the server has closed in the meantime is sent again on a new one', async () => {
    fixture = await startFixture((_request, socket) => void socket.write(jsonAnswer(200, { n: 1 })));
    await fixture.proxied('POST', CHAT, PLAIN_BODY);
    for (const socket of fixture.upstream.sockets) socket.removeAllListeners('data').on('data', () => socket.destroy());
    const second = await fixture.proxied('POST', CHAT, PLAIN_BODY);
    expect(second.body.toString()).toBe('{"n":1}');
    expect((await fixture.ends(2)).map(({ status }) => status)).toEqual(['ok', 'ok']);
  });

  it('to a server that is not there is answered with what is wrong and what to do', async () => {
    fixture = await startFixture(() => undefined, { upstreamUrl: 'http://127.0.0.1:9/v1' });
    const answer = await fixture.proxied('POST', CHAT, PLAIN_BODY);
    expect(answer.statusLine).toContain('502');
    const { error } = JSON.parse(answer.body.toString()) as { error: { message: string; code: string } };
    expect(error).toMatchObject({ code: 'backend_unreachable', message: 'The backend http://127.0.0.1:9/v1 could not be reached (ECONNREFUSED). Start the server.' });
    expect((await fixture.ends(1))[0]).toMatchObject({ status: 'error', httpStatus: null, error: error.message });
  });

  it('answered with something that is no HTTP gets a 502', async () => {
    fixture = await startFixture((_request, socket) => void socket.end('SSH-2.0-OpenSSH_9.9\r\n'));
    const answer = await fixture.proxied('POST', CHAT, PLAIN_BODY);
    expect(answer.statusLine).toContain('502');
    expect(answer.body.toString()).toContain('gave no usable answer');
  });
});
