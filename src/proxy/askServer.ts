/** Asks a server for one of its pages, by the way that calls take to it. */
import { parseBaseUrl } from './serverAddress.ts';
import { proxyFor, type Environment } from './corporateProxy.ts';
import { isHandedOver, proxyWantsKey } from './dial.ts';
import { headerValue } from './responseReader.ts';
import type { Bytes, Milliseconds } from '../profile/units.ts';
import type { UpstreamPool } from './upstreamPool.ts';

const MAX_PAGE_BYTES: Bytes = 64 * 1024 * 1024;

export interface Page {
  status: number;
  text: string;
}

/** Raised when no answer came in time. */
export class NoAnswerInTime extends Error {
  constructor(patience: Milliseconds) {
    super(`no answer within ${patience / 1000} s`);
    this.name = 'NoAnswerInTime';
  }
}

export interface Question {
  /** As `parseBaseUrl` understands it. */
  url: string;
  /** Value of the header, or null. */
  authorization: string | null;
  patience: Milliseconds;
}

/** Asks by GET, for an answer that is not packed. @throws TypeError, ProxySettingError, NoAnswerInTime, and what the way there fails with */
export function askServer(pool: UpstreamPool, env: Environment, { url, authorization, patience }: Question): Promise<Page> {
  const { address, host, path } = parseBaseUrl(url, (to) => proxyFor(env, to));
  const { via } = address;
  const handedTo = isHandedOver(address) ? via : null;
  const lines = [
    `GET ${handedTo === null ? '' : `http://${host}`}${path === '' ? '/' : path} HTTP/1.1`,
    `Host: ${host}`,
    'Accept: */*',
    'Accept-Encoding: identity',
    ...(authorization === null ? [] : [`Authorization: ${authorization}`]),
    ...(handedTo === null || handedTo.authorization === null ? [] : [`Proxy-Authorization: ${handedTo.authorization}`]),
    'Connection: keep-alive',
  ];
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    let bytes = 0;
    let status = 0;
    const fail = (error: Error): void => {
      clearTimeout(timer);
      reject(error);
    };
    const asked = pool.request(address, { method: 'GET', head: `${lines.join('\r\n')}\r\n\r\n`, body: [], chunked: false, replayable: true }, {
      onInterim: () => undefined,
      onHead: (head) => {
        status = head.status;
        if (head.status === 407 && handedTo !== null) {
          asked.abort();
          fail(proxyWantsKey(handedTo));
        } else if ((headerValue(head.headers, 'content-encoding') ?? 'identity').toLowerCase() !== 'identity') {
          asked.abort();
          fail(new Error('it answers packed, which it was not asked to'));
        }
      },
      onBody: ({ bytes: read, payload, done }) => {
        if (payload === null) parts.push(read);
        else for (let i = 0; i < payload.length; i += 2) parts.push(read.subarray(payload[i], payload[i + 1]));
        bytes += read.length;
        if (bytes > MAX_PAGE_BYTES) {
          asked.abort();
          fail(new Error('its answer has no end'));
        } else if (done) {
          clearTimeout(timer);
          resolve({ status, text: Buffer.concat(parts).toString('utf8') });
        }
      },
      onFailure: ({ error }) => fail(error),
    });
    const timer = setTimeout(() => {
      asked.abort();
      reject(new NoAnswerInTime(patience));
    }, patience);
  });
}
