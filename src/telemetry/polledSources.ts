/** GPU exporters' pages and Zeus's daemon, as `powerPoller.ts` asks them. */
import { parseExportedGpus } from './gpuExporters.ts';
import { DRAW_FIELD, INSTANT_FIELD, powerKind } from './nvidiaSmi.ts';
import type { PolledSource } from './powerPoller.ts';
import type { PowerExporterSpec, PowerZeusSpec } from './powerSource.ts';
import { parseZeusReading, zeusPaths } from './zeusDaemon.ts';

export function exporterSource({ url, gpus }: PowerExporterSpec): PolledSource {
  return {
    url,
    gpus,
    everyMs: 500,
    kind: (name) => powerKind(DRAW_FIELD, name),
    remedy: 'Start the DCGM exporter with --collect-interval=100.',
    read: async (signal) => {
      const response = await fetch(url, { signal, redirect: 'error' });
      return response.ok ? parseExportedGpus(await response.text()) : null;
    },
  };
}

/** It reads the board when it is asked, which renews its counter and its power every 100 ms. */
export function zeusSource({ url, gpus, hasCounter }: PowerZeusSpec): PolledSource {
  const paths = zeusPaths(gpus);
  const ask = async (path: string, signal: AbortSignal): Promise<unknown> => {
    const response = await fetch(url + path, { signal, redirect: 'error' });
    return response.ok ? response.json() : null;
  };
  return {
    url,
    gpus,
    everyMs: 100,
    kind: (name) => powerKind(INSTANT_FIELD, name),
    remedy: 'Switch on the GPU’s persistence mode (nvidia-smi -pm 1); if that does not help, start zeusd anew.',
    read: async (signal) => {
      const [power, energy] = await Promise.all([ask(paths.power, signal), hasCounter ? ask(paths.energy, signal) : null]);
      return parseZeusReading(power, energy);
    },
  };
}
