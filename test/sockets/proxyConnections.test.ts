/** Connections to the proxy behave as HTTP/1.1 says, many at once and one after another, and real clients are content. */
import { connect } from 'node:net';
import OpenAI from 'openai';
import { afterEach, describe, expect, it } from 'vitest';
import { startFixture, type ProxyFixture } from './proxyFixture.ts';
import { requestBytes } from './rawClient.ts';
import { asksForUsage, chunk, delta, event, jsonAnswer, LAST_CHUNK, pause, STREAM_HEAD, until, usageEvent, type Script } from './scriptedUpstream.ts';

let fixture: ProxyFixture | null = null;
afterEach(async () => {
  await fixture?.close();
  fixture = null;
});

/** Says back what it was asked, word by word. */
const echo: Script = async (request, socket) => {
  const { stream, messages } = JSON.parse(request.body.toString()) as { stream?: boolean; messages: { content: string }[] };
  const text = messages.at(-1)!.content;
  if (stream !== true) {
    socket.write(jsonAnswer(200, { id: 'x', object: 'chat.completion', model: 'm', choices: [{ index: 0, message: { role: 'assistant', content: text }, finish_reason: 'stop' }], usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 } }));
    return;
  }
  socket.write(STREAM_HEAD);
  for (const word of text.split(' ')) {
    socket.write(chunk(event(delta(`${word} `))));
    await pause(1);
  }
  socket.write((asksForUsage(request) ? chunk(event(usageEvent(5, 3, 0))) : '') + chunk(event('[DONE]')) + LAST_CHUNK);
};

function post(content: string, headers: Record<string, string> = {}): Buffer {
  return requestBytes('POST', `${fixture!.token}/v1/chat/completions`, 'localhost', JSON.stringify({ messages: [{ content }] }), headers);
}

/** Everything that comes back on one connection until `count` answers are complete or it closes. */
function conversation(pieces: Buffer[], isDone: (received: string) => boolean): Promise<string> {
  return new Promise((resolve) => {
    let received = '';
    const socket = connect({ port: fixture!.port, host: '127.0.0.1', noDelay: true }, () => {
      void (async () => {
        for (const piece of pieces) {
          socket.write(piece);
          await pause(2);
        }
      })();
    });
    const finish = () => {
      socket.destroy();
      resolve(received);
    };
    socket.on('data', (bytes) => {
      received += bytes.toString();
      if (isDone(received)) finish();
    });
    socket.on('close', finish).on('error', finish);
  });
}

const answers = (count: number) => (received: string) => received.split('"content":"').length - 1 === count && received.endsWith('}');

describe('one connection', () => {
  it('carries requests sent together, in order', async () => {
    fixture = await startFixture(echo);
    const received = await conversation([Buffer.concat(['one', 'two', 'three'].map((text) => post(text)))], answers(3));
    expect([...received.matchAll(/"content":"(\w+)"/g)].map((match) => match[1])).toEqual(['one', 'two', 'three']);
    expect(fixture.upstream.sockets.size).toBe(1);
  });

  it('carries a request cut at any byte', async () => {
    fixture = await startFixture(echo);
    const bytes = post('whole');
    for (const at of [1, 20, bytes.indexOf('\r\n\r\n') + 1, bytes.indexOf('\r\n\r\n') + 4, bytes.length - 1]) {
      expect(await conversation([bytes.subarray(0, at), bytes.subarray(at)], answers(1))).toContain('"content":"whole"');
    }
  });

  it('is told to go on when it asks, and is closed when it asks for that', async () => {
    fixture = await startFixture(echo);
    const bytes = post('patient', { expect: '100-continue', connection: 'close' });
    const bodyAt = bytes.indexOf('\r\n\r\n') + 4;
    const received = await conversation([bytes.subarray(0, bodyAt), bytes.subarray(bodyAt)], () => false);
    expect(received).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 /);
    expect(received).toContain('Connection: close');
  });

  it('in HTTP/1.0 gets its answer without chunks', async () => {
    fixture = await startFixture(echo);
    const body = JSON.stringify({ stream: true, messages: [{ content: 'old times' }] });
    const received = await conversation([Buffer.from(`POST ${fixture.token}/v1/chat/completions HTTP/1.0\r\nhost: localhost\r\ncontent-length: ${body.length}\r\n\r\n${body}`)], () => false);
    expect(received).not.toMatch(/transfer-encoding/i);
    expect(received).toMatch(/"old "[^]*"times "[^]*data: \[DONE\]\n\n$/);
  });

  it('that is given a wrong token with a large body still reads its answer', async () => {
    fixture = await startFixture(echo);
    const bytes = requestBytes('POST', '/wrong/v1/chat/completions', 'localhost', Buffer.alloc(5 * 1024 * 1024));
    expect(await conversation([bytes], (received) => received.endsWith('}'))).toMatch(/^HTTP\/1\.1 404 /);
  });

  it('that ends inside a request leaves nothing behind', async () => {
    fixture = await startFixture(echo);
    const bytes = post('never');
    await new Promise<void>((resolve) => {
      const socket = connect({ port: fixture!.port, host: '127.0.0.1' }, () => socket.end(bytes.subarray(0, -3)));
      socket.on('close', () => resolve()).resume();
    });
    await until(() => fixture!.proxy.inFlight() === 0, 'the call to be forgotten');
    expect(fixture.upstream.requests).toEqual([]);
  });
});

describe('many connections', () => {
  it('at once never mix, and each is recorded whole', async () => {
    fixture = await startFixture(echo);
    const texts = Array.from({ length: 64 }, (_, n) => Array.from({ length: 20 }, (_word, k) => `w${n}.${k}`).join(' '));
    const got = await Promise.all(
      texts.map(async (text) => {
        const answer = await fixture!.proxied('POST', '/v1/chat/completions', JSON.stringify({ stream: true, messages: [{ role: 'user', content: text }] }));
        return [...answer.body.toString().matchAll(/"content":"([^"]*)"/g)].map((match) => match[1]).join('').trim();
      }),
    );
    expect(got).toEqual(texts);
    const ends = await fixture.ends(64);
    expect(new Set(ends.map(({ text }) => text!.trim()))).toEqual(new Set(texts));
    expect(ends.every(({ status, chunkGaps, usage }) => status === 'ok' && chunkGaps.length === 20 && usage!.promptTokens === 5)).toBe(true);
  });
});

describe('the openai client', () => {
  it('streams, asks plainly, retries and aborts as ever', async () => {
    let failures = 1;
    fixture = await startFixture((request, socket, number) => {
      if (request.body.includes('flaky') && failures-- > 0) socket.write(jsonAnswer(503, { error: { message: 'busy' } }, 'retry-after-ms: 1\r\n'));
      else return echo(request, socket, number);
    });
    const client = new OpenAI({ baseURL: `${fixture.proxy.routeUrl}/v1`, apiKey: 'k' });
    const ask = (content: string) => ({ model: 'm', messages: [{ role: 'user' as const, content }] });
    const words: string[] = [];
    for await (const part of await client.chat.completions.create({ ...ask('a b c'), stream: true })) {
      expect(part.usage).toBeUndefined();
      words.push(part.choices[0]!.delta.content!);
    }
    expect(words).toEqual(['a ', 'b ', 'c ']);
    expect((await client.chat.completions.create(ask('flaky'))).choices[0]!.message.content).toBe('flaky');
    const stream = await client.chat.completions.create({ ...ask('x '.repeat(5000)), stream: true });
    await stream[Symbol.asyncIterator]().next();
    stream.controller.abort();
    await fixture.ends(4);
    const status = (n: number) => fixture!.lines.filter((line) => line.type === 'callEnd')[n]!;
    expect([0, 1, 2, 3].map((n) => status(n).status)).toEqual(['ok', 'error', 'ok', 'cancelled']);
    expect(fixture.calls().map(({ attempt }) => attempt)).toEqual([1, 1, 2, 1]);
  });
});
