/** A server in a child process: tells its parent the port, and ends with it. */
import type { AddressInfo, Server } from 'node:net';

export function serve(server: Server): void {
  server.listen(0, '127.0.0.1', 4096, () => process.send?.((server.address() as AddressInfo).port));
  process.on('disconnect', () => process.exit(0));
}
