/** The proxy's listening side: loopback, unless the user asks for more; one unguessable route, everything else a bare 404. */
import { randomBytes } from 'node:crypto';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { ClientConnection, type RequestHead } from './clientConnection.ts';
import { forward, type ForwardContext, type Open } from './forward.ts';
import { monotonicMs } from '../profiler/clock.ts';
import { OtlpIntake } from './otlpIntake.ts';
import { RouteCheck } from './route.ts';
import type { Trust } from './trust.ts';
import { UpstreamPool } from './upstreamPool.ts';
import type { Upstreams } from './upstreams.ts';
import type { RecorderLink } from '../recorder/link.ts';
import type { OtlpOutcome } from '../recorder/messages.ts';
import type { Milliseconds } from '../profile/units.ts';

/** Says nothing of what is served here. */
const NOT_FOUND = Buffer.from('{"error":{"message":"Not Found","type":"not_found","param":null,"code":404}}');
const SWEEP_EVERY_MS: Milliseconds = 5000;

export interface ProxyOptions {
  /** Address to listen on. Beyond loopback, the route's token is all that keeps others out. */
  listen: string;
  /** 0 picks a free port. */
  port: number;
  upstreams: Upstreams;
  recorder: RecorderLink;
  model: string | null;
  unreachableRemedy: string;
  /** Whose certificates upstreams may have. */
  trust: Trust;
}

export interface Proxy {
  /** `http://127.0.0.1:PORT/TOKEN`, or under the address that it listens on */
  routeUrl: string;
  inFlight(): number;
  /** Passes on what the recorder says of an export of traces. */
  otlpTaken(request: number, outcome: OtlpOutcome): void;
  /** Cuts off what is in flight, without recording an end for it, and stops listening. */
  close(): Promise<void>;
}

/** Starts listening. @throws the listen error (`EADDRINUSE`, `EACCES`) */
export async function startProxy(options: ProxyOptions): Promise<Proxy> {
  const token = randomBytes(24).toString('base64url');
  const check = new RouteCheck(token, !isLoopback(options.listen));
  const pool = new UpstreamPool(options.trust);
  const otlp = new OtlpIntake(options.recorder);
  const open = new Set<Open>();
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
  const onRequest = (request: RequestHead, client: ClientConnection) => {
    const route = check.check(request.method, request.target, request.headers);
    if (route !== null) {
      if ('signal' in route) otlp.take(request, client, route);
      else forward(request, client, route, context);
      return;
    }
    // The rest of a refused body is not read.
    client.start(404, 'Not Found', ['Content-Type', 'application/json', 'Content-Length', String(NOT_FOUND.length)], request.method === 'HEAD' ? null : NOT_FOUND, false);
    client.finish(false);
  };
  const sockets = new Map<Socket, ClientConnection>();
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.set(socket, new ClientConnection(socket, onRequest));
    socket.on('close', () => sockets.delete(socket));
  });
  const sweep = setInterval(() => {
    const now = monotonicMs();
    for (const client of sockets.values()) client.closeIfStale(now);
  }, SWEEP_EVERY_MS);
  sweep.unref();
  const port = await listen(server, options.port, options.listen);
  options.upstreams.ownPort = port;
  return {
    routeUrl: `http://${reachableHost(options.listen)}:${port}/${token}`,
    inFlight: () => open.size,
    otlpTaken: (number, outcome) => otlp.taken(number, outcome),
    close: () =>
      new Promise((resolve) => {
        for (const exchange of open) exchange.cutOff();
        pool.close();
        clearInterval(sweep);
        server.close(() => resolve());
        for (const socket of sockets.keys()) socket.destroy();
      }),
  };
}

function isLoopback(address: string): boolean {
  return address === '::1' || address.startsWith('127.');
}

/** The host of URLs for programs of this machine: an address that means "all" is none to connect to. */
function reachableHost(address: string): string {
  if (address === '0.0.0.0' || address === '::') return '127.0.0.1';
  return address.includes(':') ? `[${address}]` : address;
}

function listen(server: Server, port: number, address: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, address, () => {
      server.off('error', reject);
      resolve((server.address() as AddressInfo).port);
    });
  });
}
