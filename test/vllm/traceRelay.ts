/** Where the real vLLM sends its traces: it wants an address before any run is there, and hands them on to the run that asks for them. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { PATIENT } from '../fixtures/patient.ts';

export interface TraceRelay {
  url: string;
  close: () => void;
}

/**
 * Takes OTLP at `/v1/traces`, and drops it until a program has posted at `/target` where it is to go. `GET /spans?of=ID,…` answers how
 * many of these requests have spans that arrived there since: those of earlier requests come seconds late, and then too.
 */
export async function startTraceRelay(): Promise<TraceRelay> {
  let target: string | null = null;
  let delivered: string[] = [];
  const server = createServer(PATIENT, (request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const body = Buffer.concat(parts);
      const { pathname, searchParams } = new URL(request.url ?? '/', 'http://relay');
      if (pathname === '/target') {
        target = body.toString();
        delivered = [];
      } else if (request.method === 'POST' && target !== null) {
        void fetch(target, { method: 'POST', headers: { 'content-type': request.headers['content-type'] ?? '' }, body }).then(
          ({ ok }) => ok && delivered.push(body.toString('latin1')),
          // Its run has ended.
          () => (target = null),
        );
      }
      const ids = searchParams.get('of')?.split(',') ?? [];
      response.end(pathname === '/spans' ? String(ids.filter((id) => delivered.some((spans) => spans.includes(id))).length) : '');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close: () => server.close() };
}
