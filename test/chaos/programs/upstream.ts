/**
 * A model server in a process of its own, whose log tells what it really answered: one line for each request that came (`in`),
 * was answered whole (`out`), or lost its client (`cut`), written before anything else happens.
 *
 *     node upstream.ts LOG PORT HOST [MOMENT]
 *
 * MOMENT (JSON, `Moment`) is when it says `moment` on its stdout. The prompt's last message says what to answer (`../asked.ts`).
 */
import { openSync, writeSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { answerParts, readAsked, type Moment } from '../asked.ts';

const [log = '', port = '0', host = '127.0.0.1', momentText] = process.argv.slice(2);
const file = openSync(log, 'a', 0o600);
const moment = momentText === undefined ? null : (JSON.parse(momentText) as Moment);
const seen = { received: 0, chunk: 0, answered: 0 };

function note(line: object): void {
  writeSync(file, `${JSON.stringify({ ...line, t: Number(process.hrtime.bigint()) / 1e6 })}\n`);
}

function passed(at: Moment['at']): void {
  if (++seen[at] === moment?.count && at === moment.at) process.stdout.write('moment\n');
}

function event(data: object | string): string {
  return `data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`;
}

const usageOf = (parts: string[]) => ({ prompt_tokens: 20, completion_tokens: parts.length, total_tokens: 20 + parts.length });

async function answer(body: string, response: ServerResponse): Promise<void> {
  const request = JSON.parse(body) as { stream?: boolean; stream_options?: { include_usage?: boolean }; messages: { content: string }[] };
  const asked = readAsked(request.messages.at(-1)!.content);
  note({ e: 'in', id: asked.id });
  // With the head and the last byte handed over, the client has its answer, or is gone.
  response.once('finish', () => {
    note({ e: 'out', id: asked.id });
    passed('answered');
  });
  response.once('close', () => {
    if (!response.writableFinished) note({ e: 'cut', id: asked.id });
  });
  passed('received');
  const parts = answerParts(asked);
  if (request.stream !== true) {
    await sleep(asked.gapMs * parts.length);
    const message = { role: 'assistant', content: parts.join('') };
    const text = JSON.stringify({ id: asked.id, object: 'chat.completion', created: 1, model: 'm', choices: [{ index: 0, message, finish_reason: 'stop' }], usage: usageOf(parts) });
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }).end(text);
    return;
  }
  response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' });
  const chunk = (choices: object[], more: object = {}) => event({ id: asked.id, object: 'chat.completion.chunk', created: 1, model: 'm', choices, ...more });
  for (const [n, content] of parts.entries()) {
    await sleep(asked.gapMs);
    if (response.destroyed) return;
    // A reader that is slow is waited for.
    if (!response.write(chunk([{ index: 0, delta: { content }, finish_reason: n === parts.length - 1 ? 'stop' : null }]))) await new Promise((resolve) => response.once('drain', resolve).once('close', resolve));
    passed('chunk');
  }
  if (request.stream_options?.include_usage === true) response.write(chunk([], { usage: usageOf(parts) }));
  response.end(event('[DONE]'));
}

const server = createServer({ noDelay: true, keepAliveTimeout: 600_000 }, (request, response) => {
  const body: Buffer[] = [];
  request.on('data', (bytes: Buffer) => body.push(bytes));
  response.on('error', () => undefined);
  request.on('end', () => {
    if (request.method === 'POST') void answer(Buffer.concat(body).toString(), response);
    else if (request.url === '/v1/models') response.setHeader('content-type', 'application/json').end(JSON.stringify({ object: 'list', data: [{ id: 'm', object: 'model', owned_by: 'me' }] }));
    else response.writeHead(404).end('{}');
  });
});
// For a thousand at once.
server.listen({ port: Number(port), host, backlog: 4096 }, () => process.stdout.write(`${(server.address() as AddressInfo).port}\n`));
