/**
 * Which proxy stands between this machine and a server, by the environment's variables as curl reads them
 * (https://curl.se/docs/manpage.html#ENVIRONMENT): `HTTPS_PROXY`, `HTTP_PROXY`, else `ALL_PROXY`, unless `NO_PROXY` excepts the host;
 * names in small letters go first. This machine itself is never asked for through a proxy.
 */
import { BlockList, isIP } from 'node:net';
import { isLoopback } from './loopback.ts';
import type { ServerAddress } from './serverAddress.ts';

export interface CorporateProxy {
  /** Without credentials, for people. */
  url: string;
  /** The variable that names it. */
  variable: string;
  tls: boolean;
  host: string;
  port: number;
  /** Value of the header Proxy-Authorization; never shown, stored or sent to anybody else. */
  authorization: string | null;
  /** Of a proxy that speaks SOCKS, else null. */
  socks: Socks | null;
}

export interface Socks {
  version: 4 | 5;
  /** The proxy looks names up itself; else it is given addresses. */
  looksUpNames: boolean;
  /** Never shown, stored or sent to anybody else. */
  user: string;
  password: string;
}

/** As curl has it (https://curl.se/docs/manpage.html#-x): `socks4` and `socks5` are given addresses, `socks4a` and `socks5h` names. */
const SOCKS: Readonly<Record<string, Pick<Socks, 'version' | 'looksUpNames'>>> = {
  'socks:': { version: 5, looksUpNames: false },
  'socks4:': { version: 4, looksUpNames: false },
  'socks4a:': { version: 4, looksUpNames: true },
  'socks5:': { version: 5, looksUpNames: false },
  'socks5h:': { version: 5, looksUpNames: true },
};
const SOCKS_PORT = 1080;

export type Environment = Readonly<Record<string, string | undefined>>;

/** Raised for a variable that names no proxy that can be used; the message shows no credentials. */
export class ProxySettingError extends Error {
  constructor(variable: string, why: string) {
    super(`${variable} ${why}. Give it as http://HOST:PORT or socks5h://HOST:PORT, or name the server in NO_PROXY to reach it without a proxy.`);
    this.name = 'ProxySettingError';
  }
}

/** @throws ProxySettingError */
export function proxyFor(env: Environment, { tls, host, port, socketPath }: Pick<ServerAddress, 'tls' | 'host' | 'port' | 'socketPath'>): CorporateProxy | null {
  if (socketPath !== null || isLoopback(host)) return null;
  const name = [tls ? 'https_proxy' : 'http_proxy', 'all_proxy'].flatMap((each) => [each, each.toUpperCase()]).find((each) => Boolean(env[each]?.trim()));
  if (name === undefined || isExcepted(env['no_proxy'] || env['NO_PROXY'] || '', host, port)) return null;
  return parseProxy(name, env[name]!.trim());
}

function parseProxy(variable: string, text: string): CorporateProxy {
  let url: URL;
  try {
    url = new URL(/^[a-z][a-z\d+.-]*:\/\//i.test(text) ? text : `http://${text}`);
  } catch {
    throw new ProxySettingError(variable, 'is not the address of a proxy');
  }
  const socks = SOCKS[url.protocol];
  const isHttp = url.protocol === 'http:' || url.protocol === 'https:';
  if ((!isHttp && socks === undefined) || url.hostname === '') throw new ProxySettingError(variable, `names a proxy of an unknown kind (${url.protocol})`);
  const tls = url.protocol === 'https:';
  const [user, password] = [decoded(url.username), decoded(url.password)];
  if (socks?.version === 4 && password !== '') throw new ProxySettingError(variable, 'gives a password to a SOCKS 4 proxy, which knows none: SOCKS 5 does (socks5://)');
  return {
    url: `${url.protocol}//${url.host}`,
    variable,
    tls,
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? (socks !== undefined ? SOCKS_PORT : tls ? 443 : 80) : Number(url.port),
    authorization: socks !== undefined || (user === '' && password === '') ? null : `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`,
    socks: socks === undefined ? null : { ...socks, user, password },
  };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/**
 * Entries are parted by commas or spaces: `*`, a host's name (which holds for the names below it, with a leading dot or `*.` or
 * without), an address, a range of addresses in CIDR notation; each but `*` and a range with a port, which then must be the server's.
 */
function isExcepted(list: string, host: string, port: number): boolean {
  const name = host.toLowerCase().replace(/\.$/, '');
  return list.toLowerCase().split(/[\s,]+/).some((entry) => {
    if (entry === '') return false;
    if (entry === '*') return true;
    if (entry.includes('/')) return isInRange(entry, name);
    const [, bracketed, plain, only] = /^(?:\[(.+)\]|(.+?))(?::(\d+))?$/.exec(isIP(entry) === 6 ? `[${entry}]` : entry) ?? [];
    if (only !== undefined && Number(only) !== port) return false;
    const excepted = (bracketed ?? plain ?? '').replace(/^\*?\./, '').replace(/\.$/, '');
    return excepted !== '' && (name === excepted || (isIP(name) === 0 && name.endsWith(`.${excepted}`)));
  });
}

function isInRange(range: string, host: string): boolean {
  const [base = '', length = ''] = range.split('/');
  const families = { 4: 'ipv4', 6: 'ipv6' } as const;
  const [family, hostFamily] = [isIP(base), isIP(host)];
  if (family === 0 || family !== hostFamily || !/^\d{1,3}$/.test(length) || Number(length) > (family === 4 ? 32 : 128)) return false;
  const list = new BlockList();
  list.addSubnet(base, Number(length), families[family as 4 | 6]);
  return list.check(host, families[family as 4 | 6]);
}
