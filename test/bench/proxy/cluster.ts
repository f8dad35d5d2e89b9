/**
 * A prototype of what was rejected: the same forwarding code in several processes that share a port, each with a recorder's
 * thread and a recording of its own. Calls of one run would have to be brought together from several recordings.
 */
import cluster from 'node:cluster';
import { randomBytes } from 'node:crypto';
import { createServer, type AddressInfo } from 'node:net';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { RECORDING_FORMAT, RECORDING_VERSION, type Backend } from '../../../src/profile/recordingFormat.ts';
import { monotonicMs } from '../../../src/profiler/clock.ts';
import { RecorderWorker } from '../../../src/profiler/recorderWorker.ts';
import { PLAIN_STORAGE } from '../../../src/protocol/storage.ts';
import { ClientConnection } from '../../../src/proxy/clientConnection.ts';
import { forward, type ForwardContext } from '../../../src/proxy/forward.ts';
import { RouteCheck } from '../../../src/proxy/route.ts';
import { Trust } from '../../../src/proxy/trust.ts';
import { UpstreamPool } from '../../../src/proxy/upstreamPool.ts';
import { upstreamFrom, Upstreams } from '../../../src/proxy/upstreams.ts';

export interface ClusterWords {
  upstreamPort: number;
  /** The profiler's bundle, whose second thread is the recorder. */
  profilerPath: string;
  folder: string;
}

/** What its parent is told once all processes listen. */
export interface ClusterReady {
  port: number;
  token: string;
}

/** As many processes as the machine has cores. */
export function runCluster(words: ClusterWords): void {
  const token = randomBytes(24).toString('base64url');
  cluster.setupPrimary({ exec: join(import.meta.dirname, 'child.ts'), args: ['clusterWorker', String(words.upstreamPort), words.profilerPath, words.folder, token] });
  const count = availableParallelism();
  let listening = 0;
  cluster.on('message', (_worker, port: number) => {
    if (++listening === count) process.send?.({ port, token } satisfies ClusterReady);
  });
  for (let i = 0; i < count; i++) cluster.fork();
  process.on('disconnect', () => process.exit(0));
}

export async function runClusterWorker({ upstreamPort, profilerPath, folder }: ClusterWords, token: string): Promise<void> {
  const upstream = upstreamFrom(`http://127.0.0.1:${upstreamPort}/v1`, { authorization: null, embedded: false, env: {} });
  const recorder = await startRecorder(upstream.url, profilerPath, folder);
  let calls = 0;
  const context: ForwardContext = {
    upstreams: new Upstreams(upstream, false, {}),
    pool: new UpstreamPool(new Trust({}, null)),
    recorder: recorder.link,
    model: null,
    unreachableRemedy: '',
    nextCall: () => ++calls,
    onOpen: () => undefined,
    onClosed: () => undefined,
  };
  const check = new RouteCheck(token);
  const server = createServer({ noDelay: true }, (socket) => {
    new ClientConnection(socket, (request, client) => {
      const route = check.check(request.method, request.target, request.headers);
      if (route === null || 'signal' in route) client.destroy();
      else forward(request, client, route, context);
    });
  });
  server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () => process.send?.((server.address() as AddressInfo).port));
  process.on('disconnect', () => process.exit(0));
}

async function startRecorder(url: string, profilerPath: string, folder: string): Promise<RecorderWorker> {
  const backend: Backend = { kind: 'unknown', url, version: null, model: null, gpu: null, simulated: false };
  const startedAtEpoch = Date.now();
  const recorder = new RecorderWorker({ onGrew: () => undefined, onWarning: () => undefined, onProcess: () => undefined, onOtlpTaken: () => undefined });
  const failure = await recorder.start(profilerPath, {
    out: join(folder, `cluster-${process.pid}.agentcost`),
    header: {
      type: 'header', format: RECORDING_FORMAT, version: RECORDING_VERSION, id: String(process.pid), name: 'bench', startedAt: new Date(startedAtEpoch).toISOString(), command: [], cwd: folder,
      capture: 'full', redaction: ['secrets'], backend, gpuProfile: null, modelProfile: null, priceProfile: null, gpuCount: 1, producer: { name: 'bench', version: '0' },
    },
    backend,
    capture: 'full',
    redact: ['secrets'],
    storage: PLAIN_STORAGE,
    startedAt: monotonicMs(),
    startedAtEpoch,
    eventsDir: folder,
    metrics: null,
    power: null,
  });
  if (failure !== null) throw new Error(failure.message);
  return recorder;
}
