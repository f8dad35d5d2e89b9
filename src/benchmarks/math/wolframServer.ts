/** A small stand-in for Wolfram|Alpha's LLM API: what a computer-algebra library can do of it. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { interpretInTime } from './algebra.ts';

export interface WolframServer {
  /** The API's address. */
  url: string;
  close(): Promise<void>;
}

/** Starts it on the loopback interface, on a free port. */
export async function startWolframServer(): Promise<WolframServer> {
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://localhost');
    const send = (status: number, text: string) => response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' }).end(text);
    if (url.pathname !== '/api/v1/llm-api') {
      send(404, 'The API is at /api/v1/llm-api.');
      return;
    }
    const input = url.searchParams.get('input')?.trim() ?? '';
    if (input === '') {
      send(400, 'The "input" parameter must be set.');
      return;
    }
    void interpretInTime(input).then((understood) => {
      if (understood === null) send(501, 'Give it an expression, an equation to solve, or factor, expand, derivative of, integrate, limit of, sum of.');
      else send(200, `Query:\n"${input}"\n\nInput interpretation:\n${understood.input}\n\nResult:\n${understood.result.join('\n')}`.slice(0, Number(url.searchParams.get('maxchars') ?? 6800)));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/v1/llm-api`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
