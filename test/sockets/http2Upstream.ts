/** A stand-in model server that speaks HTTP/2 alone. */
import { createSecureServer, createServer, type Http2Server, type IncomingHttpHeaders, type ServerHttp2Session, type ServerHttp2Stream, type SessionOptions } from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import type { ServerCertificate } from '../fixtures/certificates.ts';

export interface Http2Request {
  headers: IncomingHttpHeaders;
  body: Buffer;
}

export type Http2Script = (request: Http2Request, stream: ServerHttp2Stream, number: number) => void | Promise<void>;

export interface Http2Upstream {
  port: number;
  /** `https://127.0.0.1:PORT/v1`, or `h2c:` without TLS. */
  url: string;
  requests: Http2Request[];
  sessions: Set<ServerHttp2Session>;
  /** Sessions that there ever were. */
  opened(): number;
  close(): Promise<void>;
}

/** @param early is called with each stream before its request has come in full */
export async function startHttp2Upstream(script: Http2Script, options: { tls?: ServerCertificate; settings?: SessionOptions['settings']; early?: (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void } = {}): Promise<Http2Upstream> {
  const { tls, settings, early } = options;
  const requests: Http2Request[] = [];
  const sessions = new Set<ServerHttp2Session>();
  const sockets = new Set<Socket>();
  let opened = 0;
  const session: SessionOptions = settings === undefined ? {} : { settings };
  const server: Http2Server = tls === undefined ? createServer(session) : createSecureServer({ ...tls, ...session });
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  server.on('session', (each) => {
    opened++;
    sessions.add(each);
    each.on('close', () => sessions.delete(each)).on('error', () => undefined);
  });
  server.on('stream', (stream, headers) => {
    const parts: Buffer[] = [];
    stream.on('error', () => undefined);
    early?.(stream, headers);
    stream.on('data', (bytes: Buffer) => parts.push(bytes));
    stream.on('end', () => {
      const request = { headers, body: Buffer.concat(parts) };
      requests.push(request);
      if (!stream.destroyed) void script(request, stream, requests.length);
    });
  });
  server.on('tlsClientError', () => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    port,
    url: `${tls === undefined ? 'h2c' : 'https'}://127.0.0.1:${port}/v1`,
    requests,
    sessions,
    opened: () => opened,
    close: () =>
      new Promise((resolve) => {
        for (const each of sessions) each.destroy();
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
}
