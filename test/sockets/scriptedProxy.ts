/** A corporate proxy as far as programs see one: connections by CONNECT and plain requests with whole addresses, for who has the password. */
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import type { ServerCertificate } from '../fixtures/certificates.ts';

export interface ScriptedProxy {
  port: number;
  /** Heads of what it was asked, as they came. */
  asked: string[];
  sockets: Set<Socket>;
  close(): Promise<void>;
}

export interface ProxyConduct {
  /** Where all names lead to. */
  upstreamPort: number;
  /** `USER:PASSWORD` that it wants. */
  password?: string;
  /** Answers this in place of a connection. */
  refuses?: string;
  /** Says nothing at all. */
  isSilent?: boolean;
  tls?: ServerCertificate;
}

export async function startScriptedProxy({ upstreamPort, password, refuses, isSilent, tls }: ProxyConduct): Promise<ScriptedProxy> {
  const asked: string[] = [];
  const sockets = new Set<Socket>();
  const onConnection = (socket: Socket): void => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket)).on('error', () => undefined);
    let received = Buffer.alloc(0);
    const read = (bytes: Buffer): void => {
      received = Buffer.concat([received, bytes]);
      const end = received.indexOf('\r\n\r\n');
      if (end < 0) return;
      socket.off('data', read);
      const head = received.toString('latin1', 0, end);
      asked.push(head);
      if (isSilent === true) return;
      const wanted = password === undefined ? null : `proxy-authorization: basic ${Buffer.from(password).toString('base64')}`.toLowerCase();
      if (wanted !== null && !head.toLowerCase().includes(wanted)) {
        socket.end('HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm="corp"\r\nContent-Length: 6\r\n\r\nno way');
        return;
      }
      if (refuses !== undefined) {
        socket.end(refuses);
        return;
      }
      const server = connect(upstreamPort, '127.0.0.1');
      sockets.add(server);
      server.on('close', () => sockets.delete(server)).on('error', () => socket.destroy());
      socket.on('close', () => server.destroy());
      server.on('connect', () => {
        if (head.startsWith('CONNECT ')) socket.write('HTTP/1.1 200 Connection established\r\nVia: 1.1 corp\r\n\r\n');
        else server.write(Buffer.concat([Buffer.from(head.replace(/^(\S+ )http:\/\/[^/]+/, '$1').replace(/\r\nproxy-authorization:[^\r]*/i, ''), 'latin1'), received.subarray(end)]));
        if (head.startsWith('CONNECT ') && received.length > end + 4) server.write(received.subarray(end + 4));
        socket.pipe(server).pipe(socket);
      });
    };
    socket.on('data', read);
  };
  const server = tls === undefined ? createServer(onConnection) : createTlsServer(tls, onConnection);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    asked,
    sockets,
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
}
