/** Which proxy the environment names for a server. */
import { describe, expect, it } from 'vitest';
import { proxyFor, ProxySettingError } from '../../src/proxy/corporateProxy.ts';

const server = (host: string, port = 443) => ({ tls: port === 443, host, port, socketPath: null });
const url = (env: Record<string, string>, host = 'api.example.com', port = 443) => proxyFor(env, server(host, port))?.url ?? null;

describe('the proxy of a server', () => {
  it('is that of its scheme, else the one for all; small letters go first, and empty ones are none', () => {
    expect(url({ HTTPS_PROXY: 'http://s:1', HTTP_PROXY: 'http://p:2' })).toBe('http://s:1');
    expect(url({ HTTPS_PROXY: 'http://s:1', HTTP_PROXY: 'http://p:2' }, 'h', 80)).toBe('http://p:2');
    expect(url({ https_proxy: 'http://small:1', HTTPS_PROXY: 'http://large:1' })).toBe('http://small:1');
    expect(url({ https_proxy: '', ALL_PROXY: 'corp:3128' })).toBe('http://corp:3128');
    expect(url({ HTTP_PROXY: 'http://p:2' })).toBeNull();
    expect(url({})).toBeNull();
  });

  it('has its name and key apart', () => {
    const proxy = proxyFor({ HTTPS_PROXY: 'https://us%20er:p%40ss@[::1]:8443' }, server('h.test'));
    expect(proxy).toEqual({ url: 'https://[::1]:8443', variable: 'HTTPS_PROXY', tls: true, host: '::1', port: 8443, authorization: `Basic ${Buffer.from('us er:p@ss').toString('base64')}`, socks: null });
    expect(proxyFor({ HTTPS_PROXY: 'proxy' }, server('h.test'))).toMatchObject({ url: 'http://proxy', port: 80, authorization: null });
  });

  it.each([
    ['socks://p', 5, false],
    ['socks4://p', 4, false],
    ['socks4a://p', 4, true],
    ['socks5://p', 5, false],
    ['socks5h://p', 5, true],
  ])('may speak SOCKS: %s', (text, version, looksUpNames) => {
    expect(proxyFor({ ALL_PROXY: text }, server('h.test'))).toEqual({ url: text, variable: 'ALL_PROXY', tls: false, host: 'p', port: 1080, authorization: null, socks: { version, looksUpNames, user: '', password: '' } });
  });

  it('that speaks SOCKS has its name and key apart', () => {
    expect(proxyFor({ ALL_PROXY: 'socks5h://us%20er:p%40ss@[::1]:9050' }, server('h.test'))).toMatchObject({ url: 'socks5h://[::1]:9050', host: '::1', port: 9050, authorization: null, socks: { user: 'us er', password: 'p@ss' } });
  });

  it.each(['localhost', '127.0.0.1', '127.9.9.9', '::1', 'a.localhost', '0.0.0.0'])('is none for this machine, as %s', (host) => {
    expect(url({ ALL_PROXY: 'http://p:1' }, host)).toBeNull();
  });

  it('is none for a Unix socket', () => {
    expect(proxyFor({ ALL_PROXY: 'http://p:1' }, { ...server('localhost'), socketPath: '/run/m.sock' })).toBeNull();
  });

  it.each([
    ['*', 'api.example.com', true],
    ['example.com', 'api.example.com', true],
    ['example.com', 'example.com', true],
    ['.example.com', 'api.example.com', true],
    ['.example.com', 'example.com', true],
    ['*.example.com', 'api.example.com', true],
    ['EXAMPLE.com.', 'Api.Example.com', true],
    ['ple.com', 'api.example.com', false],
    ['api.example.com', 'example.com', false],
    ['other.test, example.com', 'api.example.com', true],
    ['other.test example.com', 'api.example.com', true],
    ['example.com:443', 'api.example.com', true],
    ['example.com:8443', 'api.example.com', false],
    ['10.0.0.0/8', '10.1.2.3', true],
    ['10.0.0.0/8', '11.1.2.3', false],
    ['10.0.0.0/33', '10.1.2.3', false],
    ['0.0.0.0/0', 'example.com', false],
    ['192.168.1.5', '192.168.1.5', true],
    ['1.5', '192.168.1.5', false],
    ['192.168.1.5:443', '192.168.1.5', true],
    ['fd00::/8', 'fd12::1', true],
    ['fd12::1', 'fd12::1', true],
    ['[fd12::1]:443', 'fd12::1', true],
    ['[fd12::1]:80', 'fd12::1', false],
    [',, ,', 'example.com', false],
  ])('by NO_PROXY=%s is none for %s: %s', (list, host, excepted) => {
    expect(url({ ALL_PROXY: 'http://p:1', NO_PROXY: list }, host) === null).toBe(excepted);
    expect(url({ ALL_PROXY: 'http://p:1', no_proxy: list, NO_PROXY: 'nowhere.test' }, host) === null).toBe(excepted);
  });

  it.each(['socks4://me:secret@p:1', 'socks6://me:secret@p:1', 'socks5://me:secret@', 'ftp://me:secret@p', 'http://me:secret@:1', 'http://me:secret@p:99999'])('cannot be %s, and the secret is not repeated', (text) => {
    expect(() => url({ ALL_PROXY: text })).toThrow(ProxySettingError);
    expect(() => url({ ALL_PROXY: text })).toThrow(/^ALL_PROXY .*NO_PROXY/);
    expect(() => url({ ALL_PROXY: text })).not.toThrow(/secret/);
  });
});
