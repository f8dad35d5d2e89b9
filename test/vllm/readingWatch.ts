/** Between the profiler and the real vLLM: tells a program when the profiler has read the server's counters, however long that takes it. */
import { createServer, request as ask } from 'node:http';
import type { AddressInfo } from 'node:net';
import { PATIENT } from '../fixtures/patient.ts';

export interface ReadingWatch {
  /** To be asked instead of the server. */
  url: string;
  close: () => void;
}

/**
 * Hands all that is asked on to the server, and its answers back as they come. `GET /read` is answered once a reading of `/metrics`
 * that was begun after it has ended.
 * @param origin of the server
 */
export async function watchReadings(origin: string): Promise<ReadingWatch> {
  let waiting: (() => void)[] = [];
  const server = createServer(PATIENT, (request, response) => {
    if (request.url === '/read') {
      waiting.push(() => response.end());
      return;
    }
    const told = request.url === '/metrics' ? waiting.splice(0) : [];
    const { method, headers, url } = request;
    const onward = ask(new URL(url ?? '/', origin), { method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    onward.on('error', () => response.destroy());
    response.on('close', () => {
      onward.destroy();
      // One that was broken off has told the profiler nothing.
      if (response.writableFinished) for (const tell of told) tell();
      else waiting = [...told, ...waiting];
    });
    request.pipe(onward);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close: () => server.close() };
}
