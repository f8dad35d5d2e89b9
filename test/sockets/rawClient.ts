/** An HTTP client that shows every byte and its arrival, and hides nothing. */
import { connect, type Socket } from 'node:net';

export interface RawAnswer {
  statusLine: string;
  /** As received, hop-by-hop ones left out, names in lower case. */
  headers: [string, string][];
  /** Raw body, framing included. */
  rawBody: Buffer;
  /** Body without framing. */
  body: Buffer;
  /** The reads in which the body came, without framing where they held whole chunks. */
  reads: Buffer[];
  /** The connection broke before the answer was complete. */
  broken: boolean;
}

const LAST_CHUNK = Buffer.from('0\r\n\r\n');
const HOP_BY_HOP = ['connection', 'keep-alive', 'transfer-encoding', 'proxy-connection'];

export function requestBytes(method: string, path: string, host: string, body: string | Buffer | null, headers: Record<string, string> = {}): Buffer {
  const bytes = body === null ? null : Buffer.from(body);
  const lines = Object.entries({ host, ...headers, ...(bytes === null ? {} : { 'content-type': 'application/json', 'content-length': String(bytes.length) }) });
  const head = `${method} ${path} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`;
  return Buffer.concat([Buffer.from(head, 'latin1'), bytes ?? Buffer.alloc(0)]);
}

/** Sends a request and reads its one answer. `onRead` may act while it comes. */
export function exchange(port: number, request: Buffer, onRead?: (bytes: Buffer, socket: Socket) => void): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1' });
    const reads: Buffer[] = [];
    let length = 0;
    let checkAt = 0;
    let settled = false;
    const finish = (broken: boolean) => {
      if (settled) return;
      settled = true;
      socket.destroy();
      try {
        resolve(parse(Buffer.concat(reads), reads, broken));
      } catch (error) {
        reject(error instanceof Error ? error : new Error(String(error)));
      }
    };
    socket.setNoDelay(true);
    socket.on('connect', () => socket.write(request));
    socket.on('data', (bytes) => {
      reads.push(bytes);
      length += bytes.length;
      onRead?.(bytes, socket);
      // A long answer is not put together anew for each of its reads.
      if (length < checkAt && !bytes.subarray(-5).equals(LAST_CHUNK)) return;
      const received = Buffer.concat(reads);
      if (isComplete(received)) finish(false);
      const declared = /^content-length: *(\d+)/im.exec(headOf(received) ?? '');
      checkAt = declared === null ? (length > 100_000 ? Infinity : 0) : headOf(received)!.length + 4 + Number(declared[1]);
    });
    socket.on('error', () => finish(true));
    socket.on('close', () => finish(!isCloseDelimited(Buffer.concat(reads))));
  });
}

function headOf(received: Buffer): string | null {
  const end = received.indexOf('\r\n\r\n');
  return end < 0 ? null : received.toString('latin1', 0, end);
}

function isCloseDelimited(received: Buffer): boolean {
  const head = headOf(received);
  return head !== null && !/^transfer-encoding:/im.test(head) && !/^content-length:/im.test(head);
}

function isComplete(received: Buffer): boolean {
  const head = headOf(received);
  if (head === null) return false;
  const bodyAt = head.length + 4;
  const length = /^content-length: *(\d+)/im.exec(head);
  if (/^transfer-encoding: *chunked/im.test(head)) return unchunk(received.subarray(bodyAt)) !== null;
  return length !== null && received.length >= bodyAt + Number(length[1]);
}

/** Payload of a complete chunked body; null while it is not complete. */
export function unchunk(raw: Buffer): Buffer | null {
  const parts: Buffer[] = [];
  for (let at = 0; ; ) {
    const lineEnd = raw.indexOf('\r\n', at);
    if (lineEnd < 0) return null;
    const size = parseInt(raw.toString('latin1', at, lineEnd), 16);
    // Trailers may stand before the last line end.
    if (size === 0) return raw.indexOf('\r\n\r\n', lineEnd) < 0 ? null : Buffer.concat(parts);
    if (raw.length < lineEnd + 2 + size + 2) return null;
    parts.push(raw.subarray(lineEnd + 2, lineEnd + 2 + size));
    at = lineEnd + 2 + size + 2;
  }
}

function parse(received: Buffer, reads: Buffer[], broken: boolean): RawAnswer {
  const head = headOf(received);
  if (head === null) throw new Error(`no answer, only ${JSON.stringify(received.toString('latin1'))}`);
  const [statusLine = '', ...lines] = head.split('\r\n');
  const rawBody = received.subarray(head.length + 4);
  const chunked = /^transfer-encoding: *chunked/im.test(head);
  return {
    statusLine,
    headers: lines
      .map((line): [string, string] => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()])
      .filter(([name]) => !HOP_BY_HOP.includes(name)),
    rawBody,
    body: chunked ? (unchunk(rawBody) ?? rawBody) : rawBody,
    reads,
    broken,
  };
}
