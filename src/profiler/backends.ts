/** Makes ready what calls are sent to: the embedded server, the user's own, or wherever the program meant. */
import type { GpuProfile, ModelProfile, PriceProfile } from '../profile/hardwareProfiles.ts';
import type { Backend } from '../profile/recordingFormat.ts';
import type { ProfilerOptions } from '../protocol/profiler.ts';
import { upstreamFrom, type Upstream } from '../proxy/upstreams.ts';
import type { GpuSegment } from '../recorder/messages.ts';
import { findModel, findPrice } from '../simulator/catalog.ts';
import { startEmbeddedServer } from '../simulator/embeddedServer.ts';
import { checkBackend } from './backendCheck.ts';
import { gpuProfile, modelProfile } from './hardware.ts';
import { ProfilerError } from './profilerError.ts';

export interface ReadyBackend {
  backend: Backend;
  upstream: Upstream;
  /** Requests may name servers of their own. */
  direct: boolean;
  gpuProfile: GpuProfile | null;
  modelProfile: ModelProfile | null;
  priceProfile: PriceProfile | null;
  metricsUrl: string | null;
  /** Where programs go when the profiler is gone. */
  fallbackUrl: string | null;
  unreachableRemedy: string;
  warning: { code: string; message: string } | null;
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

const nothingToClose = async (): Promise<void> => undefined;

function energyProfiles(options: ProfilerOptions, model: string | null): Pick<ReadyBackend, 'gpuProfile' | 'modelProfile' | 'priceProfile'> {
  const gpu = options.gpu === null ? null : gpuProfile(options.gpu);
  return { gpuProfile: gpu, modelProfile: model === null ? null : findModel(model), priceProfile: gpu === null ? null : findPrice(gpu.id) };
}

async function embedded(options: ProfilerOptions, choice: { gpu: string; model: string }, onGpu: (segment: GpuSegment) => void): Promise<ReadyBackend> {
  const gpu = gpuProfile(choice.gpu);
  const model = modelProfile(choice.model);
  let server: Awaited<ReturnType<typeof startEmbeddedServer>>;
  try {
    server = await startEmbeddedServer({ gpu, model, gpuCount: options.gpuCount, onGpu });
  } catch (error) {
    throw new ProfilerError('simulatorFailed', error instanceof Error ? error.message : String(error));
  }
  return {
    backend: { kind: 'sim', url: server.url, version: null, model: model.name, gpu: gpu.name, simulated: true },
    upstream: upstreamFrom(server.url, { authorization: '', embedded: true }),
    direct: false,
    gpuProfile: gpu,
    modelProfile: model,
    priceProfile: findPrice(gpu.id),
    metricsUrl: null,
    fallbackUrl: null,
    unreachableRemedy: 'The embedded server has stopped; start the run again.',
    warning: null,
    close: () => server.close(),
  };
}

async function fixed(options: ProfilerOptions, url: string): Promise<ReadyBackend> {
  const key = process.env['AGENT_COST_BACKEND_KEY'];
  const authorization = key === undefined || key === '' ? null : `Bearer ${key}`;
  const upstream = parse(url, authorization);
  const checked = await checkBackend(upstream.url, { model: options.model, authorization });
  const profiles = energyProfiles(options, checked.model);
  return {
    backend: { kind: checked.kind, url: upstream.url, version: checked.version, model: checked.model, gpu: profiles.gpuProfile?.name ?? null, simulated: false },
    upstream,
    direct: false,
    ...profiles,
    metricsUrl: checked.kind === 'vllm' && options.telemetry === 'auto' ? `${upstream.url.replace(/\/v1$/, '')}/metrics` : null,
    fallbackUrl: upstream.url,
    unreachableRemedy: 'Start the server again, or name another one with --backend.',
    warning: checked.warning,
    close: nothingToClose,
  };
}

async function direct(options: ProfilerOptions, defaultUrl: string): Promise<ReadyBackend> {
  const upstream = parse(defaultUrl, null);
  const profiles = energyProfiles(options, options.model);
  return {
    backend: { kind: 'direct', url: null, version: null, model: options.model, gpu: profiles.gpuProfile?.name ?? null, simulated: false },
    upstream,
    direct: true,
    ...profiles,
    metricsUrl: null,
    fallbackUrl: null,
    unreachableRemedy: 'Check the address that the program uses, and the network.',
    warning: null,
    close: nothingToClose,
  };
}

/** A URL without a path means the API's usual place. */
function parse(url: string, authorization: string | null): Upstream {
  try {
    const parsed = new URL(url);
    if (parsed.pathname === '/') parsed.pathname = '/v1';
    return upstreamFrom(parsed.href, { authorization, embedded: false });
  } catch {
    throw new ProfilerError('badBackend', `"${url}" is no http(s) URL. Give the base URL of an OpenAI-compatible API, such as http://localhost:8000/v1.`);
  }
}
