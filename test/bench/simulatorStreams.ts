/**
 * How far from their time a simulated server's chunks come to a client of many streams: the server in one process, the client in another, real
 * sockets in between. Beside it, what is the least that this machine does: prepared chunks, written to bare sockets at the same pace.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { plausibleLengths } from '../../src/simulator/answers/filler.ts';
import { findGpu, findModel } from '../../src/simulator/catalog.ts';
import { createCostModel } from '../../src/simulator/engine/costModel.ts';
import { createFront } from '../../src/simulator/front/server.ts';
import { ServerMetrics } from '../../src/simulator/front/metrics.ts';
import { RealTimeEngine } from '../../src/simulator/realTimeEngine.ts';
import { estimatingTokenizer } from '../../src/simulator/tokens/estimatingTokenizer.ts';
import { GpuMeter } from '../../src/simulator/gpuMeter.ts';
import { servingLimits } from '../../src/simulator/servingLimits.ts';

export const STREAM_GPU = 'h100-80gb';
export const STREAM_MODEL = 'llama-3.1-8b-instruct';
/** Between two chunks of a bare stream: about what a step of 500 streams takes on that GPU. */
const BARE_PACE_MS = 46;
/** Chunks of before all streams are open, and the runtime's code is compiled, are left out. */
const WARM_UP_TOKENS = 60;
const ANSWER_TOKENS = 260;
const PROMPT = 'Which magazine was started first, Arthur’s Magazine or First for Women? ';

/** Nanoseconds of a clock that all processes of a machine share. */
const nanoseconds = (): number => Number(process.hrtime.bigint());
const requestName = (stream: number): string => `stream-${stream}`;

/** When each token of each stream was due, by the server's own account. */
type DueTimes = Record<string, number[]>;

function tellPort(server: Server): void {
  server.listen(0, '127.0.0.1', 1024, () => process.send?.({ port: (server.address() as AddressInfo).port }));
}

/** What was due when, and what it took, once it is asked for. */
function tellAccount(due: DueTimes): void {
  process.once('message', () => {
    const { user, system } = process.cpuUsage();
    process.send?.({ due, cpuMs: (user + system) / 1000 });
  });
}

/** The simulated server, as `embeddedServer.ts` puts it together, and an account of each step. */
function serveSimulated(): void {
  const [gpu, model] = [findGpu(STREAM_GPU)!, findModel(STREAM_MODEL)!];
  const limits = servingLimits(gpu, model, 'v1');
  const metrics = new ServerMetrics(model.id);
  const meter = new GpuMeter(gpu.idleWatts?.value ?? null);
  const due: DueTimes = {};
  const engine: RealTimeEngine = new RealTimeEngine({
    cost: createCostModel(gpu, model, 1),
    ...limits,
    onStep(step) {
      metrics.countStep(step);
      meter.add(step);
      const end = Number(engine.toHrtime(step.end));
      for (const { id, index } of step.emitted) (due[/stream-\d+/.exec(id)![0]] ??= [])[index] = end;
    },
  });
  tellPort(createFront({ engine, metrics, gpus: { name: gpu.name, count: 1, meter }, schedulingPolicy: 'fcfs', prefixCaching: true, servedModel: model.id, maxModelTokens: engine.engine.capacityTokens, tokenizer: estimatingTokenizer, seed: 0, replay: null, lengths: plausibleLengths, created: 0 }));
  tellAccount(due);
}

/** Sockets, and as little as can be between them and a clock. */
function serveBare(): void {
  const due: DueTimes = {};
  tellPort(
    createServer({ noDelay: true }, (socket) => {
      let asked = '';
      socket.on('error', () => socket.destroy());
      socket.on('data', (part: Buffer) => {
        asked += part.toString('latin1');
        if (!asked.includes('"stream":true')) return;
        streams.push({ socket, name: /stream-\d+/.exec(asked)![0], sent: 0 });
        asked = '';
      });
    }),
  );
  const streams: { socket: Socket; name: string; sent: number }[] = [];
  let next = nanoseconds();
  const tick = () => {
    const now = nanoseconds();
    if (now < next) {
      const left = (next - now) / 1e6;
      if (left > 1.5) setTimeout(tick, left - 1.5);
      else setImmediate(tick);
      return;
    }
    for (const stream of streams) {
      if (stream.sent === ANSWER_TOKENS) continue;
      (due[stream.name] ??= [])[stream.sent] = next;
      stream.sent += 1;
      stream.socket.write(frame(stream.name, stream.sent === ANSWER_TOKENS));
    }
    next += BARE_PACE_MS * 1e6;
    tick();
  };
  tick();
  tellAccount(due);
}

function frame(name: string, last: boolean): string {
  const event = `data: {"id":"chatcmpl-${name}","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"content":" word"},"logprobs":null,"finish_reason":null}]}\n\n${last ? 'data: [DONE]\n\n' : ''}`;
  return `${event.length.toString(16)}\r\n${event}\r\n`;
}

/**
 * Opens the streams and keeps what arrives with its time; looks into it when all is over. What the kernel tells in one go to be
 * readable has arrived by then (`known`), though its own turn to be read may be later (`read`), when more may have come.
 */
function runClient(port: number, count: number): void {
  let known: number | null = null;
  let open = count;
  const arrived: Arrival[][] = Array.from({ length: count }, () => []);
  const onAll = () => process.send?.({ arrived: Object.fromEntries(arrived.map((parts, stream) => [requestName(stream), contentTimes(parts)])) });
  for (let stream = 0; stream < count; stream++) {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true }, () => {
      const body = JSON.stringify({ model: STREAM_MODEL, messages: [{ role: 'user', content: `${stream} ${PROMPT.repeat(6)}` }], stream: true, ignore_eos: true, max_tokens: ANSWER_TOKENS });
      socket.write(`POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\nx-request-id: ${requestName(stream)}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
    });
    socket.on('data', (part: Buffer) => {
      const read = nanoseconds();
      if (known === null) {
        known = read;
        setImmediate(() => (known = null));
      }
      arrived[stream]!.push({ known, read, part });
      if (!part.includes('[DONE]')) return;
      socket.destroy();
      open -= 1;
      if (open === 0) onAll();
    });
    socket.on('error', (error) => {
      throw error;
    });
  }
}

interface Arrival {
  known: number;
  read: number;
  part: Buffer;
}

/** When each event with content was there, whole. */
function contentTimes(parts: readonly Arrival[]): number[] {
  const times: number[] = [];
  let text = '';
  for (const { known, read, part } of parts) {
    // Of several events in a part, only the first is sure to have been there when it was known to be readable.
    let at = text === '' ? known : read;
    text += part.toString('utf8');
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      if (/"content":"[^"]/.test(text.slice(0, end))) {
        times.push(at);
        at = read;
      }
      text = text.slice(end + 2);
    }
  }
  return times;
}

function start(children: ChildProcess[], ...args: string[]): ChildProcess {
  const child = fork(import.meta.filename, args, { stdio: 'inherit' });
  children.push(child);
  return child;
}

function told<T>(child: ChildProcess): Promise<T> {
  return new Promise((resolve, reject) => {
    child.once('message', (message) => resolve(message as T));
    child.once('exit', (code) => reject(new Error(`a process of the benchmark ended with ${String(code)}`)));
  });
}

export interface Punctuality {
  /** Milliseconds between when chunks were due and when they came, sorted. */
  offMs: number[];
  /** The server's processor time for each chunk, its start included. */
  cpuMsPerChunk: number;
}

/** @throws Error when a chunk is missing */
export async function measurePunctuality(server: 'simulated' | 'bare', streams: number): Promise<Punctuality> {
  const children: ChildProcess[] = [];
  try {
    const serving = start(children, server);
    const { port } = await told<{ port: number }>(serving);
    const { arrived } = await told<{ arrived: DueTimes }>(start(children, 'client', String(port), String(streams)));
    serving.send('due');
    const { due, cpuMs } = await told<{ due: DueTimes; cpuMs: number }>(serving);
    const offMs = Object.entries(arrived)
      .flatMap(([name, times]) => {
        if (times.length !== ANSWER_TOKENS || due[name]?.length !== ANSWER_TOKENS) throw new Error(`${name}: ${times.length} chunks of ${ANSWER_TOKENS} came, ${due[name]?.length ?? 0} were due`);
        return times.map((at, index) => Math.abs(at - due[name]![index]!) / 1e6).slice(WARM_UP_TOKENS);
      })
      .sort((a, b) => a - b);
    return { offMs, cpuMsPerChunk: cpuMs / (streams * ANSWER_TOKENS) };
  } finally {
    for (const child of children) child.removeAllListeners('exit').kill();
  }
}

const [role, port, count] = process.argv.slice(2);
if (process.argv[1] === import.meta.filename) {
  if (role === 'simulated') serveSimulated();
  else if (role === 'bare') serveBare();
  else runClient(Number(port), Number(count));
  process.on('disconnect', () => process.exit(0));
}
