/** Makes ready what calls are sent to: the embedded server, the user's own, or wherever the program meant. */
import type { GpuProfile, ModelProfile, PriceProfile } from '../profile/hardwareProfiles.ts';
import type { Backend } from '../profile/recordingFormat.ts';
import type { ProfilerOptions } from '../protocol/profiler.ts';
import { ProxySettingError } from '../proxy/corporateProxy.ts';
import { urlAt } from '../proxy/serverAddress.ts';
import { Trust } from '../proxy/trust.ts';
import { upstreamFrom, type Upstream } from '../proxy/upstreams.ts';
import type { GpuSegment } from '../recorder/messages.ts';
import { startEmbeddedServer } from '../simulator/embeddedServer.ts';
import { checkBackend, type CheckedBackend } from './backendCheck.ts';
import { chosenTokenizer } from './chosenTokenizer.ts';
import { gpuProfile, knownProfiles, modelProfile } from './hardware.ts';
import { ProfilerError } from './profilerError.ts';
import { readReplay } from './readReplay.ts';
import { readyTelemetry, type ReadyTelemetry } from './telemetry.ts';

export interface ReadyBackend {
  backend: Backend;
  upstream: Upstream;
  /** Requests may name servers of their own. */
  direct: boolean;
  gpuProfile: GpuProfile | null;
  modelProfile: ModelProfile | null;
  priceProfile: PriceProfile | null;
  telemetry: ReadyTelemetry;
  /** Whose certificates servers may have. */
  trust: Trust;
  /** Where programs go when the profiler is gone. */
  fallbackUrl: string | null;
  unreachableRemedy: string;
  warnings: { code: string; message: string }[];
  /** What is to be told once no more calls come. */
  lastWords(): { code: string; message: string }[];
  close(): Promise<void>;
}

/** @throws ProfilerError */
export async function readyBackend(options: ProfilerOptions, onGpu: (segment: GpuSegment) => void): Promise<ReadyBackend> {
  switch (options.backend.kind) {
    case 'sim':
      return embedded(options, options.backend, onGpu);
    case 'url':
      return fixed(options, options.backend.url);
    case 'direct':
      return direct(options, options.backend.defaultUrl);
  }
}

const NO_TELEMETRY: ReadyTelemetry = { metrics: null, power: null, gpuName: null, warning: null };
const nothingToClose = async (): Promise<void> => undefined;

/** @param gpuName what the driver calls the GPU; the user's word goes before it */
function energyProfiles(options: ProfilerOptions, model: string | null, gpuName: string | null): Pick<ReadyBackend, 'gpuProfile' | 'modelProfile' | 'priceProfile'> {
  const known = knownProfiles();
  const gpu = options.gpu !== null ? gpuProfile(options.gpu) : gpuName === null ? null : known.gpu(gpuName);
  return { gpuProfile: gpu, modelProfile: model === null ? null : known.model(model), priceProfile: gpu === null ? null : known.price(gpu.id) };
}

async function embedded(options: ProfilerOptions, choice: Extract<ProfilerOptions['backend'], { kind: 'sim' }>, onGpu: (segment: GpuSegment) => void): Promise<ReadyBackend> {
  const gpu = gpuProfile(choice.gpu);
  const model = modelProfile(choice.model);
  const replay = choice.replay === undefined ? null : await readReplay(choice.replay);
  const { tokenizer, warning } = chosenTokenizer(choice.tokenizer, model, options.cwd);
  let server: Awaited<ReturnType<typeof startEmbeddedServer>>;
  try {
    server = await startEmbeddedServer({ gpu, model, gpuCount: options.gpuCount, tokenizer, onGpu, ...(replay === null ? {} : { replay }) });
  } catch (error) {
    throw new ProfilerError('simulatorFailed', error instanceof Error ? error.message : String(error));
  }
  return {
    backend: { kind: 'sim', url: server.url, version: null, model: model.name, gpu: gpu.name, simulated: true, tokenizer: tokenizer.vocabulary },
    upstream: upstreamFrom(server.url, { authorization: '', embedded: true, env: process.env }),
    direct: false,
    gpuProfile: gpu,
    modelProfile: model,
    priceProfile: knownProfiles().price(gpu.id),
    telemetry: NO_TELEMETRY,
    trust: new Trust({}, null),
    fallbackUrl: null,
    unreachableRemedy: 'The embedded server has stopped; start the run again.',
    warnings: [
      ...(warning === null ? [] : [warning]),
      ...(replay !== null && replay.withWords < replay.size
        ? [{ code: 'replayWithoutWords', message: `Of ${replay.size - replay.withWords} of the ${replay.size} answers to be given again the words were not recorded: they are filler of their length, and calls of their tools. Record with --capture full for the words.` }]
        : []),
      ...(options.telemetry.kind !== 'auto' && options.telemetry.kind !== 'off'
        ? [{ code: 'telemetryUnused', message: 'The embedded server has no GPU whose power could be read: its energy is simulated. --telemetry is for a server of your own (--backend URL).' }]
        : []),
    ],
    lastWords: () => (replay === null ? [] : [{ code: 'replayed', message: `The embedded server ${replay.account}.` }]),
    close: () => server.close(),
  };
}

async function fixed(options: ProfilerOptions, url: string): Promise<ReadyBackend> {
  const key = process.env['AGENT_COST_BACKEND_KEY'];
  const authorization = key === undefined || key === '' ? null : `Bearer ${key}`;
  const upstream = parse(url, authorization);
  const checked = await checkBackend(upstream.url, { model: options.model, authorization, caFile: options.caFile ?? null });
  const telemetry = await readyTelemetry({
    ...options,
    choice: options.telemetry,
    metrics: checked.metricsUrl === null ? null : { url: checked.metricsUrl, authorization, caFile: options.caFile ?? null, byProxy: true },
    serverUrl: upstream.url,
  });
  const profiles = energyProfiles(options, checked.model, telemetry.gpuName);
  return {
    backend: { kind: checked.kind, url: upstream.url, version: checked.version, model: checked.model, gpu: profiles.gpuProfile?.name ?? telemetry.gpuName, simulated: false, server: checked.server },
    upstream,
    direct: false,
    ...profiles,
    telemetry,
    trust: trustOf(options),
    // What stands behind a socket's path or speaks HTTP/2 alone is out of programs' own reach.
    fallbackUrl: /^https?:/.test(upstream.url) ? upstream.url : null,
    unreachableRemedy: 'Start the server again, or name another one with --backend.',
    warnings: [checked.warning, telemetry.warning, ...missed(options, checked, telemetry)].filter((warning) => warning !== null),
    lastWords: () => [],
    close: nothingToClose,
  };
}

/** Who asked for nothing to be read misses nothing, and who names another page of metrics has its load from there. */
function missed(options: ProfilerOptions, checked: CheckedBackend, { metrics }: ReadyTelemetry): CheckedBackend['missing'] {
  if (options.telemetry.kind === 'off') return [];
  const elsewhere = metrics !== null && metrics.url !== checked.metricsUrl;
  return checked.missing.filter(({ code }) => code !== 'serverMetricsOff' || !elsewhere);
}

async function direct(options: ProfilerOptions, defaultUrl: string): Promise<ReadyBackend> {
  const upstream = parse(defaultUrl, null);
  const telemetry = await readyTelemetry({ ...options, choice: options.telemetry, metrics: null, serverUrl: null });
  const profiles = energyProfiles(options, options.model, telemetry.gpuName);
  return {
    backend: { kind: 'direct', url: null, version: null, model: options.model, gpu: profiles.gpuProfile?.name ?? telemetry.gpuName, simulated: false },
    upstream,
    direct: true,
    ...profiles,
    telemetry,
    trust: trustOf(options),
    fallbackUrl: null,
    unreachableRemedy: 'Check the address that the program uses, and the network.',
    warnings: telemetry.warning === null ? [] : [telemetry.warning],
    lastWords: () => [],
    close: nothingToClose,
  };
}

/** @throws ProfilerError */
function trustOf({ caFile }: ProfilerOptions): Trust {
  const trust = new Trust(process.env, caFile ?? null);
  try {
    trust.context();
  } catch (error) {
    throw new ProfilerError('badCaFile', `The certificates of ${String(caFile)} cannot be used: ${error instanceof Error ? error.message : String(error)}. Name a file with certificates in PEM format with --ca-file.`);
  }
  return trust;
}

/** A URL without a path means the API's usual place. */
function parse(url: string, authorization: string | null): Upstream {
  try {
    const upstream = upstreamFrom(url, { authorization, embedded: false, env: process.env });
    return upstream.basePath === '' ? upstreamFrom(urlAt(upstream.origin, '/v1'), { authorization, embedded: false, env: process.env }) : upstream;
  } catch (error) {
    if (error instanceof ProxySettingError) throw new ProfilerError('badProxy', `The backend ${url} is behind a proxy. ${error.message}`);
    throw new ProfilerError('badBackend', `"${url}" is no URL of a server. Give the base URL of an OpenAI-compatible API, such as http://localhost:8000/v1.`);
  }
}
