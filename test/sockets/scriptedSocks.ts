/** A SOCKS proxy as far as programs see one (RFC 1928, RFC 1929, and SOCKS 4 and 4a as OpenSSH describes them), for who has the password. */
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

export interface SocksAsked {
  version: number;
  /** A name or an address, as it was given. */
  host: string;
  port: number;
  user: string | null;
}

export interface ScriptedSocks {
  port: number;
  asked: SocksAsked[];
  close(): Promise<void>;
}

export interface SocksConduct {
  /** Where all names lead to. */
  upstreamPort: number;
  /** `USER:PASSWORD` that version 5 wants. */
  password?: string;
  /** Says in place of a connection: of version 5 a reply's code, of version 4 another than 90. */
  refuses?: number;
  /** Answers whatever it is asked with this. */
  says?: string;
}

/** Hands out so many bytes of what comes as are asked for. */
class Reader {
  #bytes = Buffer.alloc(0);
  #wanted: { test: (bytes: Buffer) => number; resolve: (bytes: Buffer) => void } | null = null;

  constructor(socket: Socket) {
    socket.on('data', (bytes: Buffer) => {
      this.#bytes = Buffer.concat([this.#bytes, bytes]);
      this.#serve();
    });
  }

  take(length: number): Promise<Buffer> {
    return this.#take((bytes) => (bytes.length >= length ? length : -1));
  }

  /** Text up to a zero byte. */
  async text(): Promise<string> {
    const bytes = await this.#take((found) => found.indexOf(0) + 1 || -1);
    return bytes.toString('utf8', 0, bytes.length - 1);
  }

  #take(test: (bytes: Buffer) => number): Promise<Buffer> {
    return new Promise((resolve) => {
      this.#wanted = { test, resolve };
      this.#serve();
    });
  }

  #serve(): void {
    const length = this.#wanted?.test(this.#bytes) ?? -1;
    if (length < 0) return;
    const { resolve } = this.#wanted!;
    this.#wanted = null;
    const taken = this.#bytes.subarray(0, length);
    this.#bytes = this.#bytes.subarray(length);
    resolve(taken);
  }
}

const SOCKS_5 = 5;

async function readHost(reader: Reader): Promise<string> {
  const kind = (await reader.take(1))[0];
  if (kind === 1) return [...(await reader.take(4))].join('.');
  if (kind === 4) return (await reader.take(16)).toString('hex');
  return (await reader.take((await reader.take(1))[0]!)).toString('utf8');
}

/** @returns what the client asks for; null for one that is refused before */
async function negotiate5(socket: Socket, reader: Reader, password: string | undefined): Promise<SocksAsked | null> {
  const methods = await reader.take((await reader.take(1))[0]!);
  const method = password === undefined ? 0 : 2;
  if (!methods.includes(method)) {
    socket.end(Buffer.from([5, 0xff]));
    return null;
  }
  socket.write(Buffer.from([5, method]));
  let user: string | null = null;
  if (method === 2) {
    await reader.take(1);
    user = (await reader.take((await reader.take(1))[0]!)).toString('utf8');
    const given = (await reader.take((await reader.take(1))[0]!)).toString('utf8');
    const isRight = `${user}:${given}` === password;
    socket.write(Buffer.from([1, isRight ? 0 : 1]));
    if (!isRight) return null;
  }
  await reader.take(3);
  const host = await readHost(reader);
  return { version: 5, host, port: (await reader.take(2)).readUInt16BE(), user };
}

async function negotiate4(reader: Reader): Promise<SocksAsked> {
  await reader.take(1);
  const port = (await reader.take(2)).readUInt16BE();
  const address = await reader.take(4);
  const user = await reader.text();
  const namesHost = address.readUInt32BE() < 256;
  return { version: 4, host: namesHost ? await reader.text() : [...address].join('.'), port, user: user === '' ? null : user };
}

export async function startScriptedSocks({ upstreamPort, password, refuses, says }: SocksConduct): Promise<ScriptedSocks> {
  const asked: SocksAsked[] = [];
  const sockets = new Set<Socket>();
  const keep = (socket: Socket): Socket => {
    sockets.add(socket);
    return socket.on('close', () => sockets.delete(socket)).on('error', () => undefined);
  };
  const serve = async (socket: Socket): Promise<void> => {
    const reader = new Reader(socket);
    const version = (await reader.take(1))[0];
    if (says !== undefined) {
      socket.end(says);
      return;
    }
    const wanted = version === SOCKS_5 ? await negotiate5(socket, reader, password) : await negotiate4(reader);
    if (wanted === null) return;
    asked.push(wanted);
    const code = refuses ?? (wanted.version === 5 ? 0 : 90);
    const reply = wanted.version === 5 ? [5, code, 0, 1, 127, 0, 0, 1, 0, 80] : [0, code, 0, 0, 0, 0, 0, 0];
    if (refuses !== undefined) {
      socket.end(Buffer.from(reply));
      return;
    }
    const server = keep(connect(upstreamPort, '127.0.0.1'));
    server.on('error', () => socket.destroy());
    socket.on('close', () => server.destroy());
    server.on('connect', () => {
      socket.removeAllListeners('data');
      socket.write(Buffer.from(reply));
      socket.pipe(server).pipe(socket);
    });
  };
  const server = createServer((socket) => void serve(keep(socket)));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    asked,
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
}
