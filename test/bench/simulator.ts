/**
 * How fast the simulator is, what it keeps, and how punctual: each figure beside its limit.
 *
 *     npm run bench:simulator [-- --only speed,memory,streams --rounds 3]
 */
import { parseArgs } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { createRandom } from '../../src/simulator/answers/random.ts';
import { findGpu, findModel } from '../../src/simulator/catalog.ts';
import { createCostModel } from '../../src/simulator/engine/costModel.ts';
import { Engine } from '../../src/simulator/engine/engine.ts';
import { runSessions, streamSessions, type Session } from '../../src/simulator/virtualTime.ts';
import { attempt } from '../paper/workloads.ts';
import { measurePunctuality, STREAM_GPU, STREAM_MODEL } from './simulatorStreams.ts';

const AGENTS = 64;
/** Attempts of each agent, one after the other: long enough that the runtime's compiling does not count. */
const ATTEMPTS = 10;
const LEAST_SPEED = 1000;
const SPEED_OF = [
  { gpu: 'a100-40gb', model: 'llama-3.1-8b-instruct', gpuCount: 1 },
  { gpu: 'h100-80gb', model: 'llama-3.1-70b-instruct', gpuCount: 4 },
  { gpu: 'h100-80gb', model: 'llama-3.1-8b-instruct', gpuCount: 1 },
];

const REQUESTS = 1_000_000;
const FIRST_LOOK = 100_000;
/** What the heap may grow by between the looks; results of 900,000 requests would be more than 100 MB. */
const MOST_GROWTH_MB = 5;

const STREAMS = 500;
const MOST_OFF_MS = 2;

const missed: string[] = [];

function row(name: string, found: string, limit: string, isMet: boolean): void {
  if (!isMet) missed.push(name);
  console.log(`${name.padEnd(68)}${found.padStart(12)}${limit.padStart(14)}   ${isMet ? 'met' : 'NOT MET'}`);
}

/** Virtual time against processor time, of the best round: what else the machine does is not the simulator's. */
function measureSpeed(rounds: number): void {
  const sessions = Array.from({ length: AGENTS }, (_, agent): Session => ({ arrival: agent * 50, turns: Array.from({ length: ATTEMPTS }, () => attempt({ answerTokens: 85, toolSeconds: 1.2 })).flat() }));
  for (const { gpu, model, gpuCount } of SPEED_OF) {
    const cost = createCostModel(findGpu(gpu)!, findModel(model)!, gpuCount);
    const speeds = Array.from({ length: rounds }, () => {
      const before = process.cpuUsage();
      const { wallMs } = runSessions(new Engine({ cost }), sessions, null);
      const { user, system } = process.cpuUsage(before);
      return (wallMs * 1000) / (user + system);
    });
    const best = Math.max(...speeds);
    row(`${AGENTS} agents in virtual time, ${gpuCount} × ${gpu}, ${model}`, `${best.toFixed(0)} ×`, `≥ ${LEAST_SPEED} ×`, best >= LEAST_SPEED);
  }
}

/** One short call each, at a rate that the server keeps up with. */
function* singleCalls(count: number): Iterable<Session> {
  const random = createRandom(1);
  let arrival = 0;
  for (let request = 0; request < count; request++) {
    arrival += -Math.log(1 - random.next()) * 20;
    const promptTokens = Array.from({ length: 64 }, (_, index) => (index < 32 ? index : request * 64 + index));
    yield { arrival, turns: [{ pauseMs: 0, calls: [{ promptTokens, outputTokens: promptTokens.slice(32, 40) }] }] };
  }
}

function measureMemory(): void {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const heapMb = () => {
    collect();
    return process.memoryUsage().heapUsed / 1e6;
  };
  const engine = new Engine({ cost: createCostModel(findGpu('a100-40gb')!, findModel('llama-3.1-8b-instruct')!, 1) });
  let answered = 0;
  let early = 0;
  let late = 0;
  streamSessions(engine, singleCalls(REQUESTS), null, () => {
    answered += 1;
    if (answered === FIRST_LOOK) early = heapMb();
    else if (answered === REQUESTS) late = heapMb();
  });
  if (answered !== REQUESTS) throw new Error(`${answered} of ${REQUESTS} requests were answered`);
  row(`heap after ${REQUESTS.toLocaleString('en-US')} requests (${late.toFixed(1)} MB), more than after ${FIRST_LOOK.toLocaleString('en-US')}`, `${(late - early).toFixed(1)} MB`, `≤ ${MOST_GROWTH_MB} MB`, late - early <= MOST_GROWTH_MB);
}

/** The best round, as for the speed; bare sockets in turns with it say what this machine can do at all. */
async function measureStreams(rounds: number): Promise<void> {
  const best: Partial<Record<'bare' | 'simulated', { p99: number; cpuUs: number }>> = {};
  for (let round = 0; round < rounds; round++) {
    for (const server of ['bare', 'simulated'] as const) {
      const { offMs, cpuMsPerChunk } = await measurePunctuality(server, STREAMS);
      const p99 = offMs[Math.floor(offMs.length * 0.99)]!;
      if (p99 < (best[server]?.p99 ?? Infinity)) best[server] = { p99, cpuUs: cpuMsPerChunk * 1000 };
    }
  }
  const { bare, simulated } = best;
  row(`${STREAMS} streams on ${STREAM_GPU}, ${STREAM_MODEL}: chunks off by (p99)`, `${simulated!.p99.toFixed(2)} ms`, `≤ ${MOST_OFF_MS} ms`, simulated!.p99 <= MOST_OFF_MS);
  console.log(`    prepared chunks on bare sockets, in turns with it: ${bare!.p99.toFixed(2)} ms; processor for a chunk ${simulated!.cpuUs.toFixed(1)} µs, bare ${bare!.cpuUs.toFixed(1)} µs`);
}

const { values } = parseArgs({ options: { only: { type: 'string', default: 'speed,memory,streams' }, rounds: { type: 'string', default: '3' } } });
const rounds = Number(values.rounds);
if (!Number.isInteger(rounds) || rounds < 1) throw new Error('--rounds takes a number of rounds, such as 3');
const only = values.only.split(',');
if (only.includes('speed')) measureSpeed(rounds);
if (only.includes('memory')) measureMemory();
if (only.includes('streams')) await measureStreams(rounds);
console.log(missed.length === 0 ? '\nAll limits are met.' : `\nNot met: ${missed.join('; ')}.`);
process.exitCode = missed.length === 0 ? 0 : 1;
