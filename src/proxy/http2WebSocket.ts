/**
 * A WebSocket over a connection of HTTP/2 (RFC 8441), as its client would have it over HTTP/1.1: the answer to its handshake, then
 * its bytes, both ways.
 */
import { createHash } from 'node:crypto';
import { connect, constants, type ClientHttp2Session, type ClientHttp2Stream, type IncomingHttpHeaders, type Settings } from 'node:http2';
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import type { Bytes } from '../profile/units.ts';
import { CONNECT_TIMEOUT_MS, DialError } from './dial.ts';
import { http2Headers, responseHead } from './http2Request.ts';
import type { ServerAddress } from './serverAddress.ts';

/** RFC 6455, section 1.3: what a server puts behind a client's key before it digests both. HTTP/2 knows neither. */
const ACCEPT_SUFFIX = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const KEY = 'sec-websocket-key';
const CRLF = '\r\n';

export class Http2WebSocket extends Duplex {
  readonly #socket: Socket;
  readonly #session: ClientHttp2Session;
  readonly #head: string;
  readonly #scheme: 'http' | 'https';
  readonly #timer: NodeJS.Timeout;
  #stream: ClientHttp2Stream | null = null;
  /** The server has agreed: what comes is the WebSocket's. */
  #isOpen = false;
  bytesRead: Bytes = 0;

  /**
   * @param socket a connection to the server, on which HTTP/2 is spoken
   * @param head of the client's handshake, in HTTP/1.1
   */
  constructor(socket: Socket, { host, port, tls }: ServerAddress, head: string) {
    super();
    this.#socket = socket;
    this.#head = head;
    this.#scheme = tls ? 'https' : 'http';
    this.#session = connect(`${this.#scheme}://${host.includes(':') ? `[${host}]` : host}:${port}`, { createConnection: () => socket, settings: { enablePush: false } });
    this.#session.once('remoteSettings', (settings: Settings) => this.#ask(settings));
    this.#session.on('error', (error: Error) => this.destroy(error));
    this.#session.on('close', () => this.destroy());
    this.#timer = setTimeout(() => this.destroy(new DialError('it answered nothing within 30 s')), CONNECT_TIMEOUT_MS);
  }

  override _read(): void {
    this.#stream?.resume();
  }

  override _write(bytes: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    if (this.#stream === null) done(new Error('nothing can be said before the server has agreed'));
    else this.#stream.write(bytes, done);
  }

  override _final(done: () => void): void {
    this.#stream?.end();
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    clearTimeout(this.#timer);
    this.#stream?.close(constants.NGHTTP2_CANCEL);
    // Node would wait for a server that does not hang up.
    this.#session.destroy();
    this.#socket.destroy();
    done(error);
  }

  #ask({ enableConnectProtocol }: Settings): void {
    if (enableConnectProtocol !== true) {
      this.destroy(new DialError('it speaks HTTP/2 alone, and takes no WebSockets over it'));
      return;
    }
    const { [KEY]: key, ...headers } = http2Headers(this.#head, this.#scheme);
    const stream = this.#session.request({ ...headers, ':method': 'CONNECT', ':protocol': 'websocket' }, { endStream: false });
    this.#stream = stream;
    stream.on('response', (_headers: IncomingHttpHeaders, _flags: number, raw: string[]) => this.#onHead(raw, typeof key === 'string' ? key : ''));
    stream.on('data', (bytes: Buffer) => this.#onData(bytes));
    stream.on('end', () => {
      if (!this.#isOpen) this.push(`0${CRLF}${CRLF}`);
      this.push(null);
    });
    stream.on('error', (error: Error) => this.destroy(error));
    stream.on('close', () => {
      if (!this.readableEnded) this.push(null);
    });
  }

  #onHead(raw: string[], key: string): void {
    clearTimeout(this.#timer);
    const head = responseHead(raw);
    if (head === null) {
      this.destroy(new Error('the answer is not HTTP'));
      return;
    }
    this.#isOpen = head.status >= 200 && head.status < 300;
    const { headers } = head;
    let text = this.#isOpen ? `HTTP/1.1 101 Switching Protocols${CRLF}Upgrade: websocket${CRLF}Connection: Upgrade${CRLF}Sec-WebSocket-Accept: ${acceptOf(key)}${CRLF}` : `HTTP/1.1 ${head.status} ${head.reason}${CRLF}Transfer-Encoding: chunked${CRLF}`;
    for (let i = 0; i < headers.length; i += 2) if (headers[i] !== 'content-length') text += `${headers[i]}: ${headers[i + 1]}${CRLF}`;
    this.push(Buffer.from(text + CRLF, 'latin1'));
  }

  #onData(bytes: Buffer): void {
    this.bytesRead += bytes.length;
    const flowing = this.push(this.#isOpen ? bytes : Buffer.concat([Buffer.from(bytes.length.toString(16) + CRLF), bytes, Buffer.from(CRLF)]));
    if (!flowing) this.#stream!.pause();
  }
}

function acceptOf(key: string): string {
  return createHash('sha1').update(key + ACCEPT_SUFFIX).digest('base64');
}
