/** Where the real vLLM sends its traces: it wants an address before any run is there, and hands them on to the run that asks for them. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Name of vLLM's span of a request, once in each. */
const SPAN_NAME = 'llm_request';

export interface TraceRelay {
  url: string;
  close: () => void;
}

/**
 * Takes OTLP at `/v1/traces`, and drops it until a program has posted at `/target` where it is to go. `GET /spans` answers how many
 * spans of requests have arrived there since.
 */
export async function startTraceRelay(): Promise<TraceRelay> {
  let target: string | null = null;
  let spans = 0;
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const body = Buffer.concat(parts);
      if (request.url === '/target') {
        target = body.toString();
        spans = 0;
      } else if (request.method === 'POST' && target !== null) {
        const count = body.toString('latin1').split(SPAN_NAME).length - 1;
        void fetch(target, { method: 'POST', headers: { 'content-type': request.headers['content-type'] ?? '' }, body }).then(
          ({ ok }) => (spans += ok ? count : 0),
          // Its run has ended.
          () => (target = null),
        );
      }
      response.end(request.url === '/spans' ? String(spans) : '');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close: () => server.close() };
}
