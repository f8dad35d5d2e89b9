/** Names and addresses of this machine itself. */
import { isIP } from 'node:net';

/** @param host without brackets */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host.endsWith('.localhost') || (isIP(host) === 4 && host.startsWith('127.')) || host === '::1' || host === '0.0.0.0' || host === '::';
}
