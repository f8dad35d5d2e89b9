/**
 * What the proxy adds to a call, against what others add: one scripted upstream, every way to it in an order drawn anew
 * for each round, so that whatever else the machine does falls on all alike. docs/proxy-performance.md says what each
 * cell is and what came of it.
 *
 *     npm run bench:proxy [-- --seconds 2] [--cells 'stream-1kB-*,stamps'] [--peers 'direct,nginx,pipe of sockets,ours, full'] [--json FILE]
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { measureBodies } from './proxy/bodyCells.ts';
import { measureCalls, type CallCell } from './proxy/callCells.ts';
import { verdicts, verdictText, type Results } from './proxy/limits.ts';
import { measureStall } from './proxy/stallCell.ts';
import { measureStamps } from './proxy/stampCell.ts';
import { measureStreams, type StreamCell } from './proxy/streamCells.ts';
import { bodyTable, callTable, stallText, stampText, streamTable } from './proxy/tables.ts';
import { Bench, bundleProfiler, CLUSTERED, OURS, ourName, targetNames, type Target } from './proxy/targets.ts';

const callCells: readonly CallCell[] = ['plain', 'stream'].flatMap((form) =>
  [['1kB', 1000] as const, ['1MB', 1_000_000] as const].flatMap(([size, promptBytes]) => [1, 32, 256].map((atOnce) => ({ name: `${form}-${size}-${atOnce}`, kind: { model: 'm', stream: form === 'stream', promptBytes }, atOnce }))),
);
const streamCells: readonly StreamCell[] = [
  { name: 'chunks-1', atOnce: 1, chunks: 300, gap: 5, inSteps: false },
  { name: 'chunks-32', atOnce: 32, chunks: 100, gap: 20, inSteps: false },
  { name: 'chunks-256', atOnce: 256, chunks: 100, gap: 20, inSteps: false },
  { name: 'steps-256', atOnce: 256, chunks: 60, gap: 40, inSteps: true },
];
/** What streams of chunks are compared with: proxies that take ms over a call have no place among tenths of one. */
const STREAM_TARGETS = ['direct', 'nginx', 'pipe of sockets', 'ours, full'];
const OTHER_CELLS = ['stamps', 'stamps-steps', 'bodies', 'stall'];
const allCells = [...callCells.map(({ name }) => name), ...streamCells.map(({ name }) => name), ...OTHER_CELLS];

const { values: options } = parseArgs({ options: { seconds: { type: 'string', default: '2' }, rounds: { type: 'string', default: '2' }, cells: { type: 'string', default: '*' }, peers: { type: 'string', default: '*' }, json: { type: 'string' } } });

/** The names among `all` that a list of names and patterns with `*` asks for. */
function chosen(list: string, all: readonly string[], what: string): string[] {
  const found = new Set<string>();
  for (const pattern of list.split(/,(?! )/)) {
    const expression = new RegExp(`^${pattern.replace(/[.+?^${}()|[\]\\]/g, String.raw`\$&`).replaceAll('*', '.*')}$`);
    const matching = all.filter((name) => expression.test(name));
    if (matching.length === 0) throw new Error(`${what}: there is no “${pattern}”. Choose among: ${all.join('; ')}`);
    for (const name of matching) found.add(name);
  }
  return all.filter((name) => found.has(name));
}

function positive(text: string, option: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new Error(`${option} takes a number above 0, such as 2`);
  return value;
}

const seconds = positive(options.seconds, '--seconds');
const rounds = Math.ceil(positive(options.rounds, '--rounds'));
const cells = chosen(options.cells, allCells, '--cells');
const names = chosen(options.peers, targetNames, '--peers');

async function startTargets(bench: Bench, profilerPath: string): Promise<{ targets: Target[]; missing: string[] }> {
  const missing: string[] = [];
  const targets = [bench.direct()];
  if (names.includes('pipe of sockets')) targets.push(await bench.pipe('socketPipe'));
  if (names.includes('pipe of http')) targets.push(await bench.pipe('httpPipe'));
  for (const capture of OURS) if (names.includes(ourName(capture))) targets.push((await bench.ours(capture, profilerPath)).target);
  if (names.includes(CLUSTERED)) targets.push(await bench.cluster(profilerPath));
  const peers = await bench.peers(names, (name, why) => {
    missing.push(name);
    console.log(`${name} is missing: ${why}`);
  });
  targets.push(...peers);
  for (const { name, version } of peers) console.log(`${name} ${version ?? ''}`);
  return { targets: targetNames.flatMap((name) => targets.filter((target) => target.name === name && names.includes(name))), missing };
}

const folder = mkdtempSync(join(tmpdir(), 'bench-proxy-'));
const bench = new Bench(folder);
try {
  const machine = `${availableParallelism()} cores (${cpus()[0]?.model.trim() ?? 'unknown'}), Node ${process.version}, ${process.platform}`;
  console.log(machine);
  const profilerPath = await bundleProfiler(folder, 'profiler');
  await bench.startUpstream();
  const wantsTargets = [...callCells, ...streamCells].some(({ name }) => cells.includes(name));
  const { targets, missing } = wantsTargets ? await startTargets(bench, profilerPath) : { targets: [], missing: [] };
  const results: Results = { calls: {}, streams: {}, stamps: {}, bodies: [], stall: null };
  for (const cell of callCells.filter(({ name }) => cells.includes(name))) {
    const figures = await measureCalls(targets, cell, seconds);
    results.calls[cell.name] = figures;
    console.log(callTable(`${cell.name}: ${cell.kind.stream ? 'streams of 64 chunks without pauses' : 'plain answers'}, prompts of ${cell.kind.promptBytes / 1000} kB, ${cell.atOnce} at once`, cell.atOnce, figures));
  }
  const streamTargets = targets.filter(({ name }) => STREAM_TARGETS.includes(name));
  for (const cell of streamCells.filter(({ name }) => cells.includes(name))) {
    const figures = await measureStreams(streamTargets, cell, rounds);
    results.streams[cell.name] = figures;
    console.log(streamTable(`${cell.name}: a chunk each ${cell.gap} ms in each of ${cell.atOnce} streams${cell.inSteps ? ', of all in one go' : ''}`, figures));
  }
  for (const [name, cell] of [['stamps', 'chunks-256'], ['stamps-steps', 'steps-256']] as const) {
    if (!cells.includes(name)) continue;
    results.stamps[name] = await measureStamps(bench, profilerPath, streamCells.find((of) => of.name === cell)!);
    console.log(stampText(`${name}: times in the recording, 256 streams${name === 'stamps' ? '' : ' in steps'}`, results.stamps[name]));
  }
  if (cells.includes('bodies')) {
    results.bodies = await measureBodies(bench, profilerPath);
    console.log(bodyTable(results.bodies));
  }
  if (cells.includes('stall')) {
    results.stall = await measureStall(bench);
    console.log(stallText(results.stall));
  }
  const found = verdicts(results);
  console.log(`\nLimits, recording full${missing.length === 0 ? '' : ` (missing: ${missing.join(', ')})`}\n${found.map(verdictText).join('\n')}`);
  if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify({ date: new Date().toISOString(), machine, seconds, rounds, missing, results, verdicts: found }, null, 1)}\n`);
} finally {
  await bench.close();
  rmSync(folder, { recursive: true, force: true });
}
// Others' proxies end with this process.
process.exit();
