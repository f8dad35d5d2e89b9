/** Whether somebody on this machine already collects what programs trace. */
import { connect } from 'node:net';
import type { Milliseconds } from '../profile/units.ts';

/** OTLP's own ports, where exporters go that are told nothing: gRPC and HTTP. */
const PORTS = [4317, 4318];
/** A port of this machine answers at once, or refuses. */
const PATIENCE_MS: Milliseconds = 250;

/** A program that exports to its default address is to go on doing so where that works. */
export async function collectorListens(ports: readonly number[] = PORTS): Promise<boolean> {
  return (await Promise.all(ports.map(listens))).includes(true);
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    const end = (found: boolean) => {
      socket.destroy();
      resolve(found);
    };
    socket.setTimeout(PATIENCE_MS, () => end(false));
    socket.once('connect', () => end(true));
    socket.once('error', () => end(false));
  });
}
