/** A stand-in model server over a raw socket: what it sends, and in which pieces, is the test's to say. */
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import type { ServerCertificate } from '../fixtures/certificates.ts';

export interface ReceivedRequest {
  method: string;
  path: string;
  /** Lower-case names. */
  headers: Record<string, string>;
  /** The head's lines as they came. */
  rawHead: string;
  body: Buffer;
}

export type Script = (request: ReceivedRequest, socket: Socket, number: number) => void | Promise<void>;

export interface ScriptedUpstream {
  port: number;
  /** `http://127.0.0.1:PORT/v1`, or as its place is named */
  url: string;
  requests: ReceivedRequest[];
  sockets: Set<Socket>;
  /** Replaces what it answers from the next request on. */
  script: Script;
  close(): Promise<void>;
}

const LONG_BODY_BYTES = 1_000_000;

/** @param place `path`: a Unix socket's, in place of a port; `tls`: whose certificate it shows */
export async function startUpstream(script: Script, place: { path?: string; tls?: ServerCertificate } = {}): Promise<ScriptedUpstream> {
  const requests: ReceivedRequest[] = [];
  const sockets = new Set<Socket>();
  const onConnection = (socket: Socket): void => {
    sockets.add(socket);
    socket.setNoDelay(true);
    socket.on('close', () => sockets.delete(socket));
    // The proxy resets connections when its client goes away: expected here.
    socket.on('error', () => undefined);
    let received: Buffer = Buffer.alloc(0);
    let parts: Buffer[] = [];
    let waiting = 0;
    let needed = 0;
    let untilLastChunk = false;
    socket.on('data', (bytes) => {
      parts.push(bytes);
      waiting += bytes.length;
      // A long body is put together once, not for each read.
      if (waiting < needed || (untilLastChunk && !endsWithLastChunk(parts))) return;
      received = Buffer.concat([received, ...parts]);
      parts = [];
      waiting = 0;
      needed = 0;
      untilLastChunk = false;
      for (;;) {
        const headEnd = received.indexOf('\r\n\r\n');
        if (headEnd < 0) return;
        const rawHead = received.toString('latin1', 0, headEnd);
        const [requestLine = '', ...lines] = rawHead.split('\r\n');
        const headers = Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]));
        const bodyAt = headEnd + 4;
        let end = bodyAt + Number(headers['content-length'] ?? 0);
        let body = received.subarray(bodyAt, end);
        if (headers['transfer-encoding'] === 'chunked') {
          end = chunkedEnd(received, bodyAt);
          if (end < 0) {
            untilLastChunk = received.length > LONG_BODY_BYTES;
            return;
          }
          body = received.subarray(bodyAt, end);
        }
        if (received.length < end) {
          needed = end - received.length;
          return;
        }
        received = received.subarray(end);
        const [method = '', path = ''] = requestLine.split(' ');
        const request = { method, path, headers, rawHead, body: Buffer.from(body) };
        requests.push(request);
        void upstream.script(request, socket, requests.length);
      }
    });
  };
  const server: Server = place.tls === undefined ? createServer(onConnection) : createTlsServer({ ...place.tls, ALPNProtocols: ['http/1.1'] }, onConnection);
  // Programs that do not trust it hang up.
  server.on('tlsClientError', () => undefined);
  await new Promise<void>((resolve) => (place.path === undefined ? server.listen(0, '127.0.0.1', resolve) : server.listen(place.path, resolve)));
  const port = place.path === undefined ? (server.address() as AddressInfo).port : 0;
  const upstream: ScriptedUpstream = {
    port,
    url: place.path !== undefined ? `unix:${place.path}:/v1` : `${place.tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}/v1`,
    requests,
    sockets,
    script,
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
  return upstream;
}

function endsWithLastChunk(parts: readonly Buffer[]): boolean {
  return Buffer.concat(parts.slice(-LAST_CHUNK.length).map((part) => part.subarray(-LAST_CHUNK.length))).subarray(-LAST_CHUNK.length).equals(Buffer.from(LAST_CHUNK));
}

/** Index after a chunked body and its trailers; -1 where it goes on. */
function chunkedEnd(received: Buffer, from: number): number {
  for (let at = from; ; ) {
    const lineEnd = received.indexOf('\r\n', at);
    if (lineEnd < 0) return -1;
    const size = parseInt(received.toString('latin1', at, lineEnd), 16);
    if (size === 0) {
      const end = received.indexOf('\r\n\r\n', lineEnd);
      return end < 0 ? -1 : end + 4;
    }
    at = lineEnd + 2 + size + 2;
    if (at > received.length) return -1;
  }
}

export function chunk(text: string): string {
  return `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;
}

export const STREAM_HEAD = 'HTTP/1.1 200 OK\r\ndate: Sun, 22 Nov 2026 19:51:12 GMT\r\nserver: uvicorn\r\ncontent-type: text/event-stream; charset=utf-8\r\ntransfer-encoding: chunked\r\n\r\n';
export const LAST_CHUNK = '0\r\n\r\n';

export function event(data: object | string): string {
  return `data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`;
}

export function delta(content: string, finishReason: string | null = null): object {
  return { id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [{ index: 0, delta: { content }, finish_reason: finishReason }] };
}

export function usageEvent(prompt: number, completion: number, cached: number | null, extras: object = {}): object {
  return {
    id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [],
    usage: { prompt_tokens: prompt, total_tokens: prompt + completion, completion_tokens: completion, ...(cached === null ? {} : { prompt_tokens_details: { cached_tokens: cached } }) },
    ...extras,
  };
}

export function jsonAnswer(status: number, body: object | string, extraHeaders = ''): string {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return `HTTP/1.1 ${status} X\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(text)}\r\n${extraHeaders}\r\n${text}`;
}

export function asksForUsage(request: ReceivedRequest): boolean {
  const body = JSON.parse(request.body.toString('utf8')) as { stream_options?: { include_usage?: boolean } | null };
  return body.stream_options?.include_usage === true;
}

export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** Waits for a condition rather than for time. */
export async function until(condition: () => boolean, what: string, patienceMs = 20_000): Promise<void> {
  const deadline = Date.now() + patienceMs;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`still waiting for: ${what}`);
    await pause(5);
  }
}
