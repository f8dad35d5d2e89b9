/** The least that a proxy written in Node can do, by sockets and by `http`. */
import { Agent, createServer, request } from 'node:http';
import { connect, createServer as createSocketServer } from 'node:net';
import { serve } from './serve.ts';

/** A bare pipe of sockets: what the limits are counted from. */
export function runSocketPipe(upstreamPort: number): void {
  serve(
    createSocketServer({ noDelay: true }, (client) => {
      const server = connect({ port: upstreamPort, host: '127.0.0.1', noDelay: true });
      client.pipe(server).pipe(client);
      client.on('error', () => server.destroy());
      server.on('error', () => client.destroy());
    }),
  );
}

/** A bare pipe of Node's http: what most proxies in Node are made of. */
export function runHttpPipe(upstreamPort: number): void {
  const agent = new Agent({ keepAlive: true });
  serve(
    createServer({ noDelay: true, keepAliveTimeout: 600_000 }, (incoming, outgoing) => {
      const onward = request({ port: upstreamPort, host: '127.0.0.1', agent, method: incoming.method, path: incoming.url, headers: incoming.headers }, (answer) => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(outgoing);
      });
      onward.on('error', () => outgoing.destroy());
      incoming.pipe(onward);
    }),
  );
}
