/** Answers of the proxy itself, in the upstream's place. */
import type { ClientConnection } from './clientConnection.ts';

const REASONS: Record<number, string> = { 400: 'Bad Request', 413: 'Payload Too Large', 502: 'Bad Gateway' };

/** In the shape of OpenAI's errors. It may come before the request's end: nothing more is read on this connection. */
export function answerInPlace(client: ClientConnection, status: number, code: string, message: string): void {
  const body = Buffer.from(JSON.stringify({ error: { message, type: code, param: null, code } }));
  client.start(status, REASONS[status] ?? '', ['Content-Type', 'application/json', 'Content-Length', String(body.length)], body, false);
  client.finish(false);
}

/** What a user can do when a server cannot be reached; `usual` where nothing in the error says otherwise. */
export function unreachableRemedy(error: Error, usual: string): string {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'EMFILE' || code === 'ENFILE' ? 'The profiler has as many files open as it may: raise its limit (`ulimit -n`), or have fewer calls at once.' : usual;
}
