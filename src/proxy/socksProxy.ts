/** Asks a proxy that speaks SOCKS 4, 4a or 5 (RFC 1928, RFC 1929) for a connection to a server. */
import { lookup } from 'node:dns/promises';
import { isIP, type Socket } from 'node:net';
import { SocksClient } from 'socks';
import type { Milliseconds } from '../profile/units.ts';
import type { CorporateProxy, Socks } from './corporateProxy.ts';

/** Raised for a proxy that makes no connection; the message goes on from the proxy's name, and has no credentials. */
export class SocksError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'SocksError';
  }
}

/**
 * @param socket connected to the proxy; once this resolves, to the server: it goes on reading in the next turn of the loop
 * @throws SocksError
 */
export async function askSocksProxy(socket: Socket, via: CorporateProxy & { socks: Socks }, { host, port }: { host: string; port: number }, timeoutMs: Milliseconds): Promise<void> {
  const { socks } = via;
  const destination = { host: await named(host, socks), port };
  const { version, user, password } = socks;
  try {
    await SocksClient.createConnection({ proxy: { host: via.host, port: via.port, type: version, ...(user === '' && password === '' ? {} : { userId: user, password }) }, command: 'connect', destination, existing_socket: socket, timeout: timeoutMs });
  } catch (error) {
    // The library's error has the password beside its message.
    throw explained(error instanceof Error ? error.message : '', `${host}:${port}`, user !== '');
  }
}

/** The server as the proxy is told of it. */
async function named(host: string, { version, looksUpNames }: Socks): Promise<string> {
  if (isIP(host) === 6 && version === 4) throw new SocksError(`speaks SOCKS 4, which reaches no IPv6 addresses (${host}): name it as socks5:// if it speaks SOCKS 5`);
  if (looksUpNames || isIP(host) !== 0) return host;
  try {
    return (await lookup(host, { family: version === 4 ? 4 : 0 })).address;
  } catch (error) {
    const { code = 'unknown' } = error as NodeJS.ErrnoException;
    throw new SocksError(`is to be given the address of ${host}, which is not known here (${code}): name it as ${version === 4 ? 'socks4a' : 'socks5h'}:// to have it look names up`);
  }
}

function explained(message: string, target: string, gaveUser: boolean): SocksError {
  if (/authentication failed/i.test(message)) return new SocksError('does not take the user and the password that it is given');
  if (/no accepted authentication/i.test(message)) return new SocksError(gaveUser ? 'takes neither no password nor the one that it is given' : 'wants a user and a password: write them into the variable, as socks5h://USER:PASSWORD@HOST:PORT');
  const refused = /rejected connection - \(?(\w+)/.exec(message);
  if (refused !== null) return new SocksError(`does not connect to ${target} (${refused[1]}). Name the server in NO_PROXY if it can be reached without`);
  if (/socket closed|timed out/i.test(message)) return new SocksError(`gave up the connection to ${target}`);
  return new SocksError('does not answer as a SOCKS proxy does');
}
