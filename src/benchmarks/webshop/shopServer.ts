/** The bundled shop behind the addresses of a WebShop server. */
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { Milliseconds } from '../benchmark.ts';
import { NoSuchPage, renderPage, resultsPath } from './pages.ts';
import { openShop, type Shop } from './shop.ts';
import { PAGE_MS } from './site.ts';

export interface ShopServer {
  url: string;
  close(): Promise<void>;
}

const LONGEST_FORM_BYTES = 10_000;

/**
 * Starts it on the loopback interface.
 * @param options.port 0, the default, picks a free one @throws Error with code EADDRINUSE when it is taken
 */
export async function startShopServer({ latencyMs = PAGE_MS, port = 0 }: { latencyMs?: Milliseconds; port?: number } = {}): Promise<ShopServer> {
  const shop = openShop();
  // Makes the index, lest the first search take longer.
  shop.search('');
  const stopped = new AbortController();
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    const due = delay(latencyMs, undefined, { signal: stopped.signal });
    Promise.all([readForm(request), due]).then(
      ([form]) => {
        const words = form.get('search_query');
        if (request.method === 'POST' && words !== null && !pathname.slice(1).includes('/')) {
          response.writeHead(302, { location: resultsPath(decodeURIComponent(pathname.slice(1)), words) }).end();
          return;
        }
        const { status, type, text } = answer(shop, pathname);
        response.writeHead(status, { 'content-type': `${type}; charset=utf-8` }).end(text);
      },
      // The server is closing, or the client is gone.
      () => response.destroy(),
    );
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close() {
      stopped.abort();
      return new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    },
  };
}

function answer(shop: Shop, pathname: string): { status: number; type: string; text: string } {
  try {
    return { status: 200, type: 'text/html', text: renderPage(shop, pathname) };
  } catch (error) {
    // A URIError: an address that cannot be decoded.
    if (!(error instanceof NoSuchPage || error instanceof URIError)) throw error;
    return { status: 404, type: 'text/plain', text: error.message };
  }
}

async function readForm(request: IncomingMessage): Promise<URLSearchParams> {
  let text = '';
  for await (const chunk of request) {
    text += String(chunk);
    if (text.length > LONGEST_FORM_BYTES) throw new Error('The form is too long.');
  }
  return new URLSearchParams(text);
}
