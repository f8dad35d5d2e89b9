/** Finds out, before the program starts, what will be read of the server and its GPUs, and how. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { Milliseconds } from '../profile/units.ts';
import { parseUnixUrl } from '../protocol/unixUrl.ts';
import type { TelemetryChoice } from '../protocol/telemetryOption.ts';
import { chooseGpus, GpuChoiceError } from '../telemetry/gpuChoice.ts';
import { parseExportedGpus } from '../telemetry/gpuExporters.ts';
import { DRAW_FIELD, INSTANT_FIELD, LIST_GPUS, LIST_PROGRAMS, loopArguments, parseBusyGpus, parseGpuList, type ListedGpu } from '../telemetry/nvidiaSmi.ts';
import { echoingScript, POWER_EVERY_MS } from '../telemetry/powerCommand.ts';
import type { PowerSpec } from '../telemetry/powerSource.ts';
import type { MetricsPage } from '../telemetry/metricsPage.ts';
import { parseServerLoad } from '../telemetry/serverMetrics.ts';
import { parseZeusDevices } from '../telemetry/zeusDaemon.ts';
import { findExecutable } from '../instrument/findExecutable.ts';
import { PATIENCE_MS, run, throughSsh } from './powerCommands.ts';
import { toolPower } from './powerTools.ts';
import { ProfilerError } from './profilerError.ts';

/** Where no one asked for it, the start of a run is not to wait for a driver that hangs. */
const UNASKED_PATIENCE_MS: Milliseconds = 3000;

export interface ReadyTelemetry {
  /** Page of the server's own metrics. */
  metrics: MetricsPage | null;
  power: PowerSpec | null;
  /** The GPU's name as its driver says it. */
  gpuName: string | null;
  warning: { code: string; message: string } | null;
}

export interface TelemetryNeeds {
  choice: TelemetryChoice;
  /** The server's own metrics, where it is of a kind that has them. */
  metrics: MetricsPage | null;
  /** Base URL of the server, when calls go to one. */
  serverUrl: string | null;
  gpuIndexes: number[] | null;
  gpuCount: number;
}

/** @throws ProfilerError when what was asked for by name cannot be had */
export async function readyTelemetry(needs: TelemetryNeeds): Promise<ReadyTelemetry> {
  const { choice, metrics } = needs;
  const nothing = { power: null, gpuName: null, warning: null };
  switch (choice.kind) {
    case 'off':
      return { metrics: null, ...nothing };
    case 'auto':
      return { metrics, ...((await localPowerUnasked(needs)) ?? nothing) };
    case 'nvidia-smi':
      return { metrics, ...(await nvidiaPower(needs, choice.host)) };
    case 'tool':
      return { metrics, ...(await toolPower(needs, choice.tool, choice.host)) };
    case 'zeus':
      return { metrics, ...(await zeusPower(needs, choice.url)) };
    case 'page':
      return pageOf(needs, choice);
  }
}

export type Power = Pick<ReadyTelemetry, 'power' | 'gpuName' | 'warning'>;

/** @throws ProfilerError */
async function nvidiaPower(needs: TelemetryNeeds, host: string | null): Promise<Power> {
  const program = host === null ? localNvidiaSmi() : 'nvidia-smi';
  if (program === null) throw new ProfilerError('telemetryFailed', 'There is no nvidia-smi on this machine. If the GPU is in another one, name it with --telemetry ssh:HOST.');
  const listed = await listGpus(program, host, PATIENCE_MS);
  try {
    const { indexes, note } = chooseGpus(listed.gpus.map(({ index }) => index), listed.busy, needs.gpuIndexes, needs.gpuCount);
    return { power: commandSpec(program, host, indexes), gpuName: nameOf(listed.gpus, indexes), warning: taken(note) };
  } catch (error) {
    if (error instanceof GpuChoiceError) throw new ProfilerError('telemetryFailed', error.message);
    throw error;
  }
}

/** Power of this machine's GPUs, if the server runs here and on them; null when it does not or cannot be told. */
async function localPowerUnasked(needs: TelemetryNeeds): Promise<Power | null> {
  if (needs.serverUrl === null || !servedHere(needs.serverUrl)) return null;
  const program = localNvidiaSmi();
  if (program === null) return null;
  try {
    const { gpus, busy } = await listGpus(program, null, UNASKED_PATIENCE_MS);
    const { indexes, note } = chooseGpus(gpus.map(({ index }) => index), busy, needs.gpuIndexes, needs.gpuCount);
    // A server that computes on none of them is elsewhere, or on the processor.
    if (needs.gpuIndexes === null && indexes.some((index) => busy?.includes(index) !== true)) return null;
    return { power: commandSpec(program, null, indexes), gpuName: nameOf(gpus, indexes), warning: taken(note) };
  } catch (error) {
    if (error instanceof GpuChoiceError) return { power: null, gpuName: null, warning: { code: 'gpusUnknown', message: `The GPU's power is not read. ${error.message}` } };
    // A driver that answers nothing useful is as good as none: nobody asked for it.
    return null;
  }
}

function taken(note: string | null): ReadyTelemetry['warning'] {
  return note === null ? null : { code: 'gpusTaken', message: note };
}

function nameOf(gpus: readonly ListedGpu[], indexes: readonly number[]): string | null {
  const names = new Set(gpus.filter(({ index }) => indexes.includes(index)).map(({ name }) => name));
  return names.size === 1 ? ([...names][0] ?? null) : null;
}

function commandSpec(program: string, host: string | null, gpus: number[]): PowerSpec {
  const argv = (field: string) => {
    const loop = [program, ...loopArguments(field, POWER_EVERY_MS)];
    return host === null ? loop : throughSsh(host, echoingScript(loop));
  };
  return {
    kind: 'command',
    source: host === null ? 'nvidia-smi' : `nvidia-smi on ${host}`,
    format: 'nvidia-smi',
    commands: [INSTANT_FIELD, DRAW_FIELD].map((field) => ({ field, argv: argv(field) })),
    echoes: host !== null,
    gpus,
  };
}

function localNvidiaSmi(): string | null {
  // WSL and Windows have it in places of their own when it is not on the path.
  const elsewhere = ['/usr/lib/wsl/lib/nvidia-smi', 'C:\\Windows\\System32\\nvidia-smi.exe'];
  for (const name of ['nvidia-smi', ...elsewhere]) {
    const found = findExecutable(name, process.env, process.cwd());
    if (found !== null) return found;
  }
  return null;
}

/** @throws ProfilerError */
async function listGpus(program: string, host: string | null, patience: Milliseconds): Promise<{ gpus: ListedGpu[]; busy: number[] | null }> {
  const where = host === null ? 'nvidia-smi' : `nvidia-smi on ${host}`;
  const ask = (args: string[]) => {
    const argv = [program, ...args];
    return run(host === null ? argv : throughSsh(host, argv.map((word) => `'${word}'`).join(' ')), patience);
  };
  const [list, programs] = await Promise.all([ask(LIST_GPUS), ask(LIST_PROGRAMS)]);
  const gpus = parseGpuList(list.stdout);
  if (list.failure !== null || gpus.length === 0) {
    const why = [list.stderr, list.stdout, list.failure ?? ''].map((text) => text.trim()).find((text) => text !== '') ?? 'it lists no GPU';
    const remedy = host === null ? 'Look whether it runs in a terminal.' : `Look whether "ssh ${host} nvidia-smi" runs in a terminal without asking for anything.`;
    throw new ProfilerError('telemetryFailed', `The GPU's power cannot be read from ${where}: ${why.replaceAll(/\s+/g, ' ').slice(0, 300)}. ${remedy}`);
  }
  const busy = programs.failure === null ? parseBusyGpus(programs.stdout) : null;
  return { gpus, busy: busy === null ? null : gpus.filter(({ uuid }) => busy.has(uuid)).map(({ index }) => index) };
}

/** @throws ProfilerError */
async function textAt(url: string, what: string): Promise<string> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(PATIENCE_MS), redirect: 'error' });
    if (!response.ok) throw new Error(`it answers ${response.status}`);
    return await response.text();
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : error instanceof Error ? error.message : String(error);
    throw new ProfilerError('telemetryFailed', `${what} ${url} cannot be read: ${cause}. Check the address given with --telemetry.`);
  }
}

/** @throws ProfilerError */
async function zeusPower(needs: TelemetryNeeds, url: string): Promise<Power> {
  const devices = parseZeusDevices(parseJson(await textAt(`${url}/discover`, "Zeus's daemon at")));
  if (devices === null) throw new ProfilerError('telemetryFailed', `${url}/discover is not what Zeus's daemon answers. Check the address given with --telemetry.`);
  if (devices.refusal !== null) throw new ProfilerError('telemetryFailed', `Zeus's daemon at ${url} cannot be read: ${devices.refusal}.`);
  try {
    const { indexes, note } = chooseGpus(devices.gpus.map(({ index }) => index), null, needs.gpuIndexes, needs.gpuCount);
    const chosen = devices.gpus.filter(({ index }) => indexes.includes(index));
    const names = new Set(chosen.map(({ name }) => name));
    const power: PowerSpec = { kind: 'zeus', source: `Zeus at ${new URL(url).host}`, url, gpus: indexes, hasCounter: chosen.every(({ hasCounter }) => hasCounter) };
    return { power, gpuName: names.size === 1 ? ([...names][0] ?? null) : null, warning: taken(note) };
  } catch (error) {
    if (error instanceof GpuChoiceError) throw new ProfilerError('telemetryFailed', error.message);
    throw error;
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** @throws ProfilerError */
async function pageOf(needs: TelemetryNeeds, { url, dcgm }: Extract<TelemetryChoice, { kind: 'page' }>): Promise<ReadyTelemetry> {
  const text = await textAt(url, 'The metrics page');
  const gpus = parseExportedGpus(text);
  const load = parseServerLoad(text);
  if (gpus === null && (dcgm || load === null)) {
    const what = dcgm ? "no GPU's power (DCGM_FI_DEV_POWER_USAGE, or an AMD exporter's gpu_package_power)" : "neither a GPU's power (DCGM or AMD exporter) nor a model server's load";
    throw new ProfilerError('telemetryFailed', `The page ${url} shows ${what}. Check the address given with --telemetry.`);
  }
  const metrics = load !== null && !dcgm ? { url, authorization: null, caFile: null, byProxy: false } : needs.metrics;
  if (gpus === null) return { metrics, power: null, gpuName: null, warning: null };
  try {
    const { indexes } = chooseGpus(gpus.map(({ index }) => index), null, needs.gpuIndexes, needs.gpuCount);
    const names = new Set(gpus.filter(({ index }) => indexes.includes(index)).map(({ name }) => name));
    return { metrics, power: { kind: 'exporter', source: new URL(url).host, url, gpus: indexes }, gpuName: names.size === 1 ? ([...names][0] ?? null) : null, warning: null };
  } catch (error) {
    if (error instanceof GpuChoiceError) throw new ProfilerError('telemetryFailed', error.message);
    throw error;
  }
}

/** Whether a server's port is held by a program of this machine that is no tunnel to another one. */
function servedHere(serverUrl: string): boolean {
  if (parseUnixUrl(serverUrl) !== null) return true;
  const url = new URL(serverUrl);
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (host !== 'localhost' && host !== '::1' && !host.startsWith('127.')) return false;
  return portHolder(Number(url.port || (url.protocol === 'https:' ? 443 : 80))) !== 'ssh';
}

/** Name of the program that listens on a port, where Linux tells; null when it does not. */
function portHolder(port: number): string | null {
  const wanted = port.toString(16).toUpperCase().padStart(4, '0');
  const sockets = new Set<string>();
  try {
    for (const table of ['/proc/net/tcp', '/proc/net/tcp6'])
      for (const line of readFileSync(table, 'utf8').split('\n')) {
        const cells = line.trim().split(/\s+/);
        const LISTENING = '0A';
        if (cells[1]?.endsWith(`:${wanted}`) === true && cells[3] === LISTENING) sockets.add(`socket:[${cells[9]}]`);
      }
    for (const pid of sockets.size === 0 ? [] : readdirSync('/proc').filter((name) => /^\d+$/.test(name))) if (holds(pid, sockets)) return readFileSync(join('/proc', pid, 'comm'), 'utf8').trim();
  } catch {
    // Not Linux, or the process is gone: then it is not known.
  }
  return null;
}

function holds(pid: string, sockets: ReadonlySet<string>): boolean {
  try {
    const folder = join('/proc', pid, 'fd');
    return readdirSync(folder).some((fd) => sockets.has(readlinkSync(join(folder, fd))));
  } catch {
    // Another user's process, or one that has just ended.
    return false;
  }
}
