/** What a confinement holds on this machine, found out by trying to get out of it. */
import { once } from 'node:events';
import { access, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Confinement } from './confinement.ts';
import { launch } from './launch.ts';
import { DEFAULT_LIMITS, type SandboxLimits } from './limits.ts';
import type { Python } from './python.ts';

/** What a sandbox is to hold. */
export const ASPECTS = ['network', 'reading', 'writing', 'memory', 'processes'] as const;
export type Aspect = (typeof ASPECTS)[number];

const MiB = 1024 * 1024;
const PROBE_LIMITS: SandboxLimits = { ...DEFAULT_LIMITS, memoryBytes: 256 * MiB, processes: 4, wallMs: 20_000 };

/** Prints one word for each way out that is open. */
const PROBE = `
import os, signal, socket
port, secret, outside = __PORT__, __SECRET__, __OUTSIDE__
def open_way(name, attempt):
    try:
        attempt()
        print(name, flush=True)
    except (OSError, MemoryError):
        pass
def spend():
    memory = bytearray(${(2 * PROBE_LIMITS.memoryBytes).toString()})
    memory[-1] = 1
def multiply():
    children = []
    try:
        for _ in range(${(4 * PROBE_LIMITS.processes).toString()}):
            child = os.fork()
            if child == 0:
                signal.pause()
            children.append(child)
    finally:
        for child in children:
            os.kill(child, signal.SIGKILL)
open_way("network", lambda: socket.create_connection(("127.0.0.1", port), 2))
open_way("reading", lambda: open(secret).read())
open_way("writing", lambda: open(outside, "w").write("x"))
open_way("memory", spend)
open_way("processes", multiply)
print("probed")
`;

/**
 * The aspects that it does not hold.
 * @throws Error when the confinement cannot be used here at all
 */
export async function findLeaks(confinement: Confinement, python: Python): Promise<Aspect[]> {
  const folder = await mkdtemp(join(tmpdir(), 'agent-probe-'));
  const listener = createServer((socket) => socket.destroy());
  try {
    listener.listen(0, '127.0.0.1');
    await once(listener, 'listening');
    const secret = join(folder, 'secret');
    const outside = join(folder, 'written');
    await writeFile(secret, 'secret', { mode: 0o644 });
    const { port } = listener.address() as AddressInfo;
    const program = PROBE.replace('__PORT__', String(port)).replace('__SECRET__', JSON.stringify(secret)).replace('__OUTSIDE__', JSON.stringify(outside));
    const run = await launch(confinement, python, program, PROBE_LIMITS, new AbortController().signal);
    const said = run.stdout.split('\n');
    if (!said.includes('probed')) throw new Error(run.stderr.trim().split('\n').at(-1) || `it ended with ${run.exitCode ?? 'a signal'}`);
    const isWritten = await access(outside).then(
      () => true,
      () => false,
    );
    return ASPECTS.filter((aspect) => said.includes(aspect) || (aspect === 'writing' && isWritten));
  } finally {
    listener.close();
    await rm(folder, { recursive: true, force: true });
  }
}
