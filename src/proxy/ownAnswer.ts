/** Answers of the proxy itself, in the upstream's place. */
import type { ClientConnection } from './clientConnection.ts';

const REASONS: Record<number, string> = { 400: 'Bad Request', 413: 'Payload Too Large', 502: 'Bad Gateway' };

/** In the shape of OpenAI's errors. It may come before the request's end: nothing more is read on this connection. */
export function answerInPlace(client: ClientConnection, status: number, code: string, message: string): void {
  const body = Buffer.from(JSON.stringify({ error: { message, type: code, param: null, code } }));
  client.start(status, REASONS[status] ?? '', ['Content-Type', 'application/json', 'Content-Length', String(body.length)], body, false);
  client.finish(false);
}
