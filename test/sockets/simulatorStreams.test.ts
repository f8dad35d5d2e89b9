import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findGpu, findModel } from '../../src/simulator/catalog.ts';
import { startEmbeddedServer, type EmbeddedServer } from '../../src/simulator/embeddedServer.ts';

let server: EmbeddedServer;
beforeAll(async () => {
  server = await startEmbeddedServer({ gpu: findGpu('h100')!, model: findModel('smollm2-135m')! });
});
afterAll(() => server.close());

const request = (version: string, more: Record<string, unknown> = {}, headers = '') => {
  const body = JSON.stringify({ messages: [{ role: 'user', content: 'Grüße' }], max_tokens: 40, ignore_eos: true, stream: true, ...more });
  return `POST /v1/chat/completions HTTP/${version}\r\nhost: localhost\r\n${headers}content-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
};

/** All that comes over one connection until the server closes it. */
function talk(text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1', () => socket.write(text));
    socket.on('data', (part: Buffer) => parts.push(part));
    socket.on('error', reject);
    socket.on('close', () => resolve(Buffer.concat(parts).toString('latin1')));
  });
}

function unchunked(framed: string): { text: string; rest: string } {
  let text = '';
  let rest = framed;
  for (;;) {
    const line = rest.indexOf('\r\n');
    const bytes = parseInt(rest.slice(0, line), 16);
    if (!(bytes >= 0)) throw new Error(`no chunk: ${JSON.stringify(rest.slice(0, 40))}`);
    text += rest.slice(line + 2, line + 2 + bytes);
    expect(rest.slice(line + 2 + bytes, line + 4 + bytes)).toBe('\r\n');
    rest = rest.slice(line + 4 + bytes);
    if (bytes === 0) return { text, rest };
  }
}

const contents = (text: string) =>
  text
    .split('\n\n')
    .filter((event) => event.startsWith('data: {'))
    .map((event) => (JSON.parse(event.slice('data: '.length)) as { choices: { delta: { content?: string } }[] }).choices[0]?.delta.content)
    .filter((content) => content !== undefined && content !== '');

describe('the body of a stream', () => {
  it('is chunked, and leaves the connection to the next answer, also when both were asked for at once', async () => {
    const heard = await talk(request('1.1') + request('1.1', { max_tokens: 7 }, 'connection: close\r\n'));
    const [, first] = heard.split(/\r\n\r\n([\s\S]*)/);
    expect(heard.toLowerCase()).toContain('transfer-encoding: chunked');
    const one = unchunked(first!);
    expect(contents(one.text)).toHaveLength(40);
    expect(one.text.endsWith('data: [DONE]\n\n')).toBe(true);
    expect(one.rest).toMatch(/^HTTP\/1.1 200 OK\r\n/);
    const two = unchunked(one.rest.slice(one.rest.indexOf('\r\n\r\n') + 4));
    expect(contents(two.text)).toHaveLength(7);
    expect(two.rest).toBe('');
  });

  it('is plain for a client of HTTP/1.0', async () => {
    const heard = await talk(request('1.0'));
    const [head, body] = heard.split(/\r\n\r\n([\s\S]*)/);
    expect(head!.toLowerCase()).not.toContain('transfer-encoding');
    expect(body).toMatch(/^data: \{/);
    expect(contents(body!)).toHaveLength(40);
    expect(body!.endsWith('data: [DONE]\n\n')).toBe(true);
  });

  it('carries text beyond ASCII whole', async () => {
    const tools = [{ type: 'function', function: { name: 'search', parameters: { type: 'object', properties: { query: { type: 'string' } }, required: ['query'] } } }];
    const heard = await talk(request('1.1', { tools, ignore_eos: false, max_tokens: 200 }, 'connection: close\r\n'));
    const { text } = unchunked(heard.slice(heard.indexOf('\r\n\r\n') + 4));
    expect(Buffer.from(text, 'latin1').toString('utf8')).toMatch(/Grü.*ße/s);
  });
});
