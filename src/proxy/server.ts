/** The proxy's listening side: loopback only, one unguessable route, everything else a bare 404. */
import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { forward, type Exchange, type ForwardContext } from './forward.ts';
import { RouteCheck } from './route.ts';
import { UpstreamPool } from './upstreamPool.ts';
import type { Upstreams } from './upstreams.ts';
import type { RecorderLink } from '../recorder/link.ts';
import type { Milliseconds } from '../profile/units.ts';

/** Says nothing of what is served here. */
const NOT_FOUND = '{"error":{"message":"Not Found","type":"not_found","param":null,"code":404}}';
/** Agents pause between calls for as long as their tools take. */
const KEEP_ALIVE_MS: Milliseconds = 65_000;

export interface ProxyOptions {
  /** 0 picks a free port. */
  port: number;
  upstreams: Upstreams;
  recorder: RecorderLink;
  model: string | null;
  unreachableRemedy: string;
}

export interface Proxy {
  /** `http://127.0.0.1:PORT/TOKEN` */
  routeUrl: string;
  inFlight(): number;
  /** Cuts off what is in flight, without recording an end for it, and stops listening. */
  close(): Promise<void>;
}

/** Starts listening. @throws the listen error (`EADDRINUSE`, `EACCES`) */
export async function startProxy(options: ProxyOptions): Promise<Proxy> {
  const token = randomBytes(24).toString('base64url');
  const check = new RouteCheck(token);
  const pool = new UpstreamPool();
  const open = new Set<Exchange>();
  let calls = 0;
  const context: ForwardContext = {
    upstreams: options.upstreams,
    pool,
    recorder: options.recorder,
    model: options.model,
    unreachableRemedy: options.unreachableRemedy,
    nextCall: () => ++calls,
    onOpen: (exchange) => open.add(exchange),
    onClosed: (exchange) => open.delete(exchange),
  };
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS, requestTimeout: 0, noDelay: true, highWaterMark: 1 << 20 }, (request: IncomingMessage, response: ServerResponse) => {
    const route = check.check(request.method!, request.url!, request.headers);
    if (route === null) {
      // The rest of a refused body is not read.
      response.writeHead(404, { 'content-type': 'application/json', 'content-length': NOT_FOUND.length, connection: 'close' }).end(NOT_FOUND);
      return;
    }
    forward(request, response, route, context);
  });
  const port = await listen(server, options.port);
  options.upstreams.ownPort = port;
  return {
    routeUrl: `http://127.0.0.1:${port}/${token}`,
    inFlight: () => open.size,
    close: () =>
      new Promise((resolve) => {
        for (const exchange of open) exchange.cutOff();
        pool.close();
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject);
      resolve((server.address() as AddressInfo).port);
    });
  });
}
