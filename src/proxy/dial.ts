/** Makes a connection to a server: through the proxy that stands between, and by TLS where the server wants it. */
import { connect as connectPlain, isIP, type Socket } from 'node:net';
import { connect as connectTls, type SecureContext, type TLSSocket } from 'node:tls';
import type { Milliseconds } from '../profile/units.ts';
import type { CorporateProxy, Socks } from './corporateProxy.ts';
import type { ServerAddress } from './serverAddress.ts';
import { askSocksProxy } from './socksProxy.ts';
import { isUnknownAuthority, type Trust } from './trust.ts';

export const CONNECT_TIMEOUT_MS: Milliseconds = 30_000;
const MAX_PROXY_HEAD_BYTES = 64 * 1024;
const HEAD_END = '\r\n\r\n';

/** A connection that could not be made; the message says why and what to do, without credentials. */
export class DialError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'DialError';
  }
}

/** The server speaks none of the protocols that were offered. */
export class ProtocolRefused extends DialError {
  constructor({ host }: ServerAddress) {
    super(`${host} takes no HTTP/1.1`);
    this.name = 'ProtocolRefused';
  }
}

export interface DialOptions {
  trust: Trust;
  /** What is offered by ALPN. */
  protocol: 'http/1.1' | 'h2';
  /** Ask a proxy for a connection to the server itself, also where plain requests could be handed to it. */
  tunnel: boolean;
}

/** Whether plain requests are handed to the proxy, with the whole address in them (RFC 9112, section 3.2.2). */
export function isHandedOver({ tls, h2c, via }: ServerAddress): boolean {
  return via !== null && via.socks === null && !tls && !h2c;
}

/** Nothing stands between here and the server but the socket. */
export function isPlain({ tls, via }: ServerAddress): boolean {
  return !tls && via === null;
}

export function openPlain({ host, port, socketPath }: ServerAddress): Socket {
  return socketPath === null ? connectPlain({ host, port }) : connectPlain({ path: socketPath });
}

/**
 * @param done gets the connected socket, paused, or the error; never called after a cancellation
 * @returns cancels what is under way
 */
export function dial(address: ServerAddress, options: DialOptions, done: (result: Socket | Error) => void): () => void {
  const attempt = new Dial(address, options, done);
  attempt.start();
  return () => attempt.cancel();
}

class Dial {
  readonly #address: ServerAddress;
  readonly #options: DialOptions;
  readonly #done: (result: Socket | Error) => void;
  #socket: Socket | null = null;
  #timer: NodeJS.Timeout | null = null;
  #over = false;
  #failed: (error: NodeJS.ErrnoException) => void = () => undefined;

  constructor(address: ServerAddress, options: DialOptions, done: (result: Socket | Error) => void) {
    this.#address = address;
    this.#options = options;
    this.#done = done;
  }

  start(): void {
    const address = this.#address;
    const { via } = address;
    this.#timer = setTimeout(() => this.#fail(Object.assign(new Error('no connection within 30 s'), { code: 'ETIMEDOUT' })), CONNECT_TIMEOUT_MS);
    if (via !== null) {
      this.#toProxy(via);
      return;
    }
    const socket = openPlain(address);
    this.#watch(socket, 'connect', () => this.#secure(socket), (error) => this.#fail(error));
  }

  cancel(): void {
    if (this.#over) return;
    this.#settle();
    this.#socket?.destroy();
  }

  #toProxy(via: CorporateProxy): void {
    const unreachable = (error: NodeJS.ErrnoException): void =>
      this.#fail(new DialError(`the proxy ${via.url} of ${via.variable} cannot be reached (${this.#options.trust.explain(error, via) ?? error.code ?? error.message})`));
    const connected = (socket: Socket): void => {
      if (via.socks !== null) this.#askSocks(socket, { ...via, socks: via.socks });
      else if (isHandedOver(this.#address) && !this.#options.tunnel) this.#succeed(socket);
      else this.#ask(socket, via);
    };
    const plain = connectPlain({ host: via.host, port: via.port });
    this.#watch(plain, 'connect', () => {
      if (!via.tls) connected(plain);
      else {
        const secured = this.#handshake(plain, via.host, 'http/1.1', () => connected(secured!), unreachable);
      }
    }, unreachable);
  }

  #askSocks(socket: Socket, via: CorporateProxy & { socks: Socks }): void {
    const target = targetOf(this.#address);
    this.#failed = (error) => this.#fail(gaveUp(via, target, error));
    askSocksProxy(socket, via, this.#address, CONNECT_TIMEOUT_MS).then(
      () => {
        if (!this.#over) this.#secure(socket);
      },
      (error: Error) => this.#fail(new DialError(`the proxy ${via.url} of ${via.variable} ${error.message}`)),
    );
  }

  /** RFC 9110, section 9.3.6. */
  #ask(socket: Socket, via: CorporateProxy): void {
    const target = targetOf(this.#address);
    this.#failed = (error) => this.#fail(gaveUp(via, target, error));
    socket.write(`CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n${via.authorization === null ? '' : `Proxy-Authorization: ${via.authorization}\r\n`}\r\n`);
    let head = '';
    const read = (bytes: Buffer): void => {
      head += bytes.toString('latin1');
      const end = head.indexOf(HEAD_END);
      if (end < 0 && head.length <= MAX_PROXY_HEAD_BYTES) return;
      socket.off('data', read);
      socket.pause();
      const status = /^HTTP\/1\.[01] (\d{3})(?: ([^\r\n]*))?\r\n/.exec(head);
      if (end < 0 || status === null) this.#fail(new DialError(`the proxy ${via.url} of ${via.variable} does not answer as a proxy does`));
      else if (!status[1]!.startsWith('2')) this.#fail(refusal(via, target, Number(status[1]), status[2] ?? ''));
      else {
        if (head.length > end + HEAD_END.length) socket.unshift(Buffer.from(head.slice(end + HEAD_END.length), 'latin1'));
        this.#secure(socket);
      }
    };
    socket.on('data', read);
  }

  #secure(socket: Socket): void {
    const address = this.#address;
    if (!address.tls) {
      this.#succeed(socket);
      return;
    }
    const { trust, protocol } = this.#options;
    const secured = this.#handshake(socket, address.host, protocol, () => {
      // A server that knows no ALPN speaks HTTP/1.1.
      if (protocol === 'h2' && secured?.alpnProtocol !== 'h2') this.#fail(new DialError(`${address.host} takes neither HTTP/1.1 nor HTTP/2`));
      else this.#succeed(secured!);
    }, (error, context) => {
      if (isUnknownAuthority(error) && trust.widen(context)) {
        this.cancel();
        this.#over = false;
        this.start();
        return;
      }
      const explained = trust.explain(error, address);
      this.#fail(error.code?.includes('NO_APPLICATION_PROTOCOL') === true ? new ProtocolRefused(address) : explained === null ? error : new DialError(explained));
    });
  }

  /** @returns null when there is nothing to trust in */
  #handshake(socket: Socket, host: string, protocol: string, then: () => void, failed: (error: NodeJS.ErrnoException, context: SecureContext | undefined) => void): TLSSocket | null {
    let secureContext: SecureContext | undefined;
    try {
      secureContext = this.#options.trust.context();
    } catch (error) {
      this.#fail(new DialError(error instanceof Error ? error.message : String(error)));
      return null;
    }
    // Addresses have no server name.
    const servername = isIP(host) === 0 ? host : undefined;
    const secured = connectTls({ socket, host, servername, ALPNProtocols: [protocol], ...(secureContext === undefined ? {} : { secureContext }) });
    this.#watch(secured, 'secureConnect', then, (error) => failed(error, secureContext));
    return secured;
  }

  /** From here on this socket is the one that counts: what becomes of those below it shows in it. */
  #watch(socket: Socket, connected: 'connect' | 'secureConnect', then: () => void, failed: (error: NodeJS.ErrnoException) => void): void {
    this.#socket = socket;
    this.#failed = failed;
    socket.setNoDelay(true);
    const counts = (): boolean => !this.#over && this.#socket === socket;
    socket.on('error', (error) => {
      if (counts()) this.#failed(error);
    });
    socket.on('close', () => {
      if (counts()) this.#failed(new Error('the connection was closed'));
    });
    socket.once(connected, () => {
      if (counts()) then();
    });
  }

  #succeed(socket: Socket): void {
    this.#settle();
    this.#done(socket);
  }

  #fail(error: Error): void {
    if (this.#over) return;
    this.cancel();
    this.#done(error);
  }

  #settle(): void {
    this.#over = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
  }
}

function targetOf({ host, port }: ServerAddress): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

function gaveUp(via: CorporateProxy, target: string, error: NodeJS.ErrnoException): DialError {
  return new DialError(`the proxy ${via.url} of ${via.variable} gave up the connection to ${target} (${error.code ?? error.message})`);
}

function refusal(via: CorporateProxy, target: string, status: number, reason: string): DialError {
  const proxy = `the proxy ${via.url} of ${via.variable}`;
  if (status === 407) return proxyWantsKey(via);
  const said = reason.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, 100);
  return new DialError(`${proxy} does not connect to ${target} (${status}${said === '' ? '' : ` ${said}`}). Name the server in NO_PROXY if it can be reached without`);
}

/** What a proxy's 407 is told as. */
export function proxyWantsKey(via: CorporateProxy): DialError {
  const why = via.authorization === null ? 'wants a user and a password' : 'does not take the user and the password that it is given';
  return new DialError(`the proxy ${via.url} of ${via.variable} ${why} (407). Write them into ${via.variable}, as http://USER:PASSWORD@HOST:PORT`);
}
