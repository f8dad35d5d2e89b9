/**
 * What the proxy adds to a call, against what bare pipes add: one scripted upstream, every way to it in an order
 * drawn anew for each round, so that whatever else the machine does falls on all alike. A call begins when the
 * one before has been over for a moment: what a proxy still does afterwards is in its CPU time, and delays
 * neither its own next call nor another's.
 *
 *     npm run bench:proxy [-- --rounds 1500]
 */
import { fork, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { Agent, createServer, request } from 'node:http';
import { connect, createServer as createSocketServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import { startProfiler } from '../../src/profiler/client.ts';

const CHUNKS = 64;
/** Between two chunks of a paced stream: a small model's decode steps. */
const PACE_MS = 5;
const BETWEEN_CALLS_MS = 2;
const PACED_MODEL = 'paced';
const PROMPT = 'Which magazine was started first, Arthur’s Magazine or First for Women? '.repeat(14);

function streamEvent(content: string, finish: string | null): string {
  return `data: ${JSON.stringify({ id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [{ index: 0, delta: { content }, logprobs: null, finish_reason: finish }] })}\n\n`;
}

/** The scripted upstream: models, a stream of 64 chunks (paced when the model's name says so), a plain answer. */
function runUpstream(): void {
  const events = Array.from({ length: CHUNKS }, (_, n) => streamEvent(` word${n}`, n === CHUNKS - 1 ? 'stop' : null));
  const usage = { prompt_tokens: 300, total_tokens: 364, completion_tokens: 64, prompt_tokens_details: { cached_tokens: 288 } };
  const usageEvent = `data: ${JSON.stringify({ id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [], usage })}\n\n`;
  const plain = JSON.stringify({ id: 'chatcmpl-1', object: 'chat.completion', created: 1, model: 'm', choices: [{ index: 0, message: { role: 'assistant', content: ' word'.repeat(CHUNKS) }, finish_reason: 'stop' }], usage });
  const models = JSON.stringify({ object: 'list', data: [{ id: 'm', object: 'model', owned_by: 'vllm' }] });
  serve(
    createServer({ noDelay: true, keepAliveTimeout: 600_000 }, (incoming, outgoing) => {
      const parts: Buffer[] = [];
      incoming.on('data', (part: Buffer) => parts.push(part));
      incoming.on('end', () => {
        const body = Buffer.concat(parts).toString();
        if (!body.includes('"stream":true')) {
          const text = incoming.method === 'GET' ? models : plain;
          outgoing.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }).end(text);
          return;
        }
        outgoing.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' });
        const all = body.includes('"include_usage":true') ? [...events, usageEvent, 'data: [DONE]\n\n'] : [...events, 'data: [DONE]\n\n'];
        const paced = body.includes(`"model":"${PACED_MODEL}"`);
        const began = performance.now();
        let n = 0;
        // One chunk a turn of the loop: each is written, and sent, by itself.
        const next = () => {
          if (n === all.length) {
            outgoing.end();
            return;
          }
          outgoing.write(all[n++]);
          // Due times, not pauses: a late chunk does not delay those after it.
          if (paced && n < CHUNKS) setTimeout(next, Math.max(1, began + n * PACE_MS - performance.now()));
          else setImmediate(next);
        };
        next();
      });
    }),
  );
}

/** A bare pipe of Node sockets: the least that a proxy written in Node can do. */
function runSocketPipe(upstreamPort: number): void {
  serve(
    createSocketServer({ noDelay: true }, (client) => {
      const server = connect({ port: upstreamPort, host: '127.0.0.1', noDelay: true });
      client.pipe(server).pipe(client);
      client.on('error', () => server.destroy());
      server.on('error', () => client.destroy());
    }),
  );
}

/** A bare pipe of Node's http: what most proxies in Node are made of. */
function runHttpPipe(upstreamPort: number): void {
  const agent = new Agent({ keepAlive: true });
  serve(
    createServer({ noDelay: true, keepAliveTimeout: 600_000 }, (incoming, outgoing) => {
      const onward = request({ port: upstreamPort, host: '127.0.0.1', agent, method: incoming.method, path: incoming.url, headers: incoming.headers }, (answer) => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(outgoing);
      });
      incoming.pipe(onward);
    }),
  );
}

function serve(server: ReturnType<typeof createServer> | ReturnType<typeof createSocketServer>): void {
  server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port));
  process.on('disconnect', () => process.exit(0));
}

const children: ChildProcess[] = [];

function start(role: string, upstreamPort: number): Promise<{ port: number; pid: number }> {
  const child = fork(import.meta.filename, [role, String(upstreamPort)], { stdio: 'inherit' });
  children.push(child);
  return new Promise((resolve, reject) => {
    child.once('message', (port) => resolve({ port: Number(port), pid: child.pid! }));
    child.once('exit', (code) => reject(new Error(`${role} ended with ${String(code)}`)));
  });
}

/** CPU time that a process has used in all its threads, and in its first, in ms; null where /proc does not tell. */
function cpuTime(pid: number): { all: number; first: number } | null {
  const ofThread = (thread: string) => Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]) / 1e6;
  try {
    const threads = readdirSync(`/proc/${pid}/task`);
    return { all: threads.reduce((sum, thread) => sum + ofThread(thread), 0), first: ofThread(String(pid)) };
  } catch {
    return null;
  }
}

interface Target {
  name: string;
  /** The process in between; null for none. */
  pid: number | null;
  port: number;
  path: string;
  agent: Agent;
}

/** One call; resolves with its time in ms from the request's first byte to the answer's end. */
function call(target: Target, body: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const began = performance.now();
    const sent = request({ port: target.port, host: '127.0.0.1', agent: target.agent, method: 'POST', path: `${target.path}/v1/chat/completions`, headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) } }, (answer) => {
      let bytes = 0;
      answer.on('data', (part: Buffer) => (bytes += part.length));
      answer.on('end', () => (answer.statusCode === 200 && bytes > 100 ? resolve(performance.now() - began) : reject(new Error(`${target.name}: status ${String(answer.statusCode)}`))));
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

function quantile(sorted: number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!;
}

/** The numbers from 0 to `length` - 1 in a random order. */
function shuffled(length: number): number[] {
  const order = Array.from({ length }, (_, n) => n);
  for (let n = length - 1; n > 0; n--) {
    const other = Math.floor(Math.random() * (n + 1));
    [order[n], order[other]] = [order[other]!, order[n]!];
  }
  return order;
}

interface Measured {
  target: Target;
  /** ms of each call, sorted. */
  times: number[];
  /** CPU µs a call in all threads, and in the one that forwards. */
  cpu: { all: number; first: number } | null;
}

async function measure(targets: Target[], body: string, rounds: number, warmUp: number): Promise<Measured[]> {
  const times = targets.map(() => [] as number[]);
  let before: ReturnType<typeof cpuTime>[] = [];
  const readCpu = () => targets.map(({ pid }) => (pid === null ? null : cpuTime(pid)));
  for (let round = -warmUp; round < rounds; round++) {
    if (round === 0) before = readCpu();
    for (const index of shuffled(targets.length)) {
      const time = await call(targets[index]!, body);
      await sleep(BETWEEN_CALLS_MS);
      if (round >= 0) times[index]!.push(time);
    }
  }
  const after = readCpu();
  return targets.map((target, index) => {
    const [from, to] = [before[index], after[index]];
    const cpu = from && to ? { all: ((to.all - from.all) / rounds) * 1000, first: ((to.first - from.first) / rounds) * 1000 } : null;
    return { target, times: times[index]!.sort((a, b) => a - b), cpu };
  });
}

function print(title: string, measured: Measured[]): void {
  const [direct, pipe] = measured;
  const ours = measured.at(-1)!;
  const median = ({ times }: Measured) => quantile(times, 0.5);
  const p99 = ({ times }: Measured) => quantile(times, 0.99);
  const added = (of: Measured) => median(of) - median(direct!);
  const cell = (value: number | null | undefined, digits: number) => (value === null || value === undefined ? '' : value.toFixed(digits)).padStart(12);
  console.log(`\n${title}`);
  console.log(['', 'median ms', 'p99 ms', 'added ms', 'x the pipe', 'CPU µs/call', 'forwarding'].map((name, n) => (n === 0 ? name.padEnd(18) : name.padStart(12))).join(''));
  for (const of of measured) {
    const isDirect = of === direct;
    console.log(of.target.name.padEnd(18) + cell(median(of), 3) + cell(p99(of), 3) + cell(isDirect ? null : added(of), 3) + cell(isDirect ? null : added(of) / added(pipe!), 2) + cell(of.cpu?.all, 0) + cell(of.cpu?.first, 0));
  }
  console.log(`ours against the pipe of sockets: the whole call ${(median(ours) / median(pipe!)).toFixed(2)}, what it adds ${(added(ours) / added(pipe!)).toFixed(2)}, p99 ${(p99(ours) / p99(pipe!)).toFixed(2)}`);
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { rounds: { type: 'string', default: '1500' } } });
  const rounds = Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1) throw new Error('--rounds takes a number of rounds, such as 1500');
  const folder = mkdtempSync(join(tmpdir(), 'bench-proxy-'));
  try {
    const profilerPath = join(folder, 'profiler.cjs');
    await build({ entryPoints: [join(import.meta.dirname, '../../src/profiler/main.ts')], bundle: true, platform: 'node', target: 'node20', format: 'cjs', minify: true, outfile: profilerPath, logLevel: 'error' });
    const upstream = await start('upstream', 0);
    const socketPipe = await start('socketPipe', upstream.port);
    const httpPipe = await start('httpPipe', upstream.port);
    const out = join(folder, 'bench.agentcost');
    const profiler = await startProfiler(
      { out, name: 'bench', command: [], cwd: folder, capture: 'full', redact: ['secrets'], backend: { kind: 'url', url: `http://127.0.0.1:${upstream.port}/v1` }, model: null, gpu: null, gpuCount: 1, listen: '127.0.0.1', port: 0, gpuIndexes: null, telemetry: { kind: 'off' } },
      { profilerPath, log: (line) => console.error(line) },
    );
    const route = new URL(profiler.ready.routeUrl);
    const target = (name: string, pid: number | null, port: number, path = ''): Target => ({ name, pid, port, path, agent: new Agent({ keepAlive: true, maxSockets: 1 }) });
    const targets = [
      target('direct', null, upstream.port),
      target('pipe of sockets', socketPipe.pid, socketPipe.port),
      target('pipe of http', httpPipe.pid, httpPipe.port),
      target('ours, recording', profiler.pid, Number(route.port), route.pathname),
    ];
    console.log(`One call at a time, ${rounds} rounds, a prompt of ${PROMPT.length} characters; recording: full.`);
    const body = { model: 'm', messages: [{ role: 'user', content: PROMPT }] };
    print(`stream of ${CHUNKS} chunks, ${PACE_MS} ms apart`, await measure(targets, JSON.stringify({ ...body, model: PACED_MODEL, stream: true }), Math.ceil(rounds / 20), 10));
    print(`stream of ${CHUNKS} chunks without pauses`, await measure(targets, JSON.stringify({ ...body, stream: true }), rounds, 300));
    print('plain answer', await measure(targets, JSON.stringify(body), rounds, 300));
    for (const { agent } of targets) agent.destroy();
    await profiler.stop({ exitCode: 0, signal: null });
    console.log(`\nrecorded ${(statSync(out).size / 1e6).toFixed(1)} MB`);
  } finally {
    for (const child of children) child.removeAllListeners('exit').disconnect();
    rmSync(folder, { recursive: true, force: true });
  }
}

const [role, upstreamPort] = process.argv.slice(2);
if (role === 'upstream') runUpstream();
else if (role === 'socketPipe') runSocketPipe(Number(upstreamPort));
else if (role === 'httpPipe') runHttpPipe(Number(upstreamPort));
else await main();
