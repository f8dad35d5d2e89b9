import { afterEach, describe, expect, it } from 'vitest';
import { findGpu, findModel } from '../../src/simulator/catalog.ts';
import { startEmbeddedServer, type EmbeddedServer, type GpuSegment } from '../../src/simulator/embeddedServer.ts';
import { parseExportedGpus } from '../../src/telemetry/gpuExporters.ts';

let server: EmbeddedServer | null = null;
afterEach(() => server?.close());

const page = async (): Promise<string> => (await fetch(server!.url.replace('/v1', '/dcgm/metrics'))).text();
const valueOf = (text: string, metric: string): number => Number(new RegExp(`^${metric}\\{gpu="0",.*\\} (\\S+)$`, 'm').exec(text)![1]);
const joulesOf = (text: string): number => parseExportedGpus(text)!.reduce((sum, { joules }) => sum + joules!, 0);

describe('the DCGM exporter’s page of the embedded server', () => {
  it('shows a GPU that works: what telemetry reads of real exporters, and how busy it is', async () => {
    const segments: GpuSegment[] = [];
    const gpu = findGpu('h100')!;
    server = await startEmbeddedServer({ gpu, model: findModel('llama-3.1-70b')!, gpuCount: 4, onGpu: (segment) => segments.push(segment) });
    const before = await page();
    expect(parseExportedGpus(before)!.map(({ index, name, watts }) => [index, name, watts])).toEqual([0, 1, 2, 3].map((index) => [index, `${gpu.name} (simulated)`, gpu.idleWatts!.value]));
    expect(valueOf(before, 'DCGM_FI_DEV_GPU_UTIL')).toBe(0);
    expect(before.match(/^# HELP .*$/gm)!.every((line) => line.endsWith('(simulated)'))).toBe(true);
    const answer = await fetch(`${server.url}/completions`, { method: 'POST', body: JSON.stringify({ prompt: 'Once', max_tokens: 60, ignore_eos: true }) });
    await answer.text();
    const after = await page();
    expect(valueOf(after, 'DCGM_FI_DEV_GPU_UTIL')).toBeGreaterThan(0);
    for (const metric of ['DCGM_FI_PROF_GR_ENGINE_ACTIVE', 'DCGM_FI_PROF_PIPE_TENSOR_ACTIVE', 'DCGM_FI_PROF_DRAM_ACTIVE']) {
      expect(valueOf(after, metric)).toBeGreaterThan(0);
      expect(valueOf(after, metric)).toBeLessThan(1);
    }
    // What the segments say that they drew above idle is what the counters have more than idle GPUs would.
    const work = segments.reduce((sum, { startNs, endNs, watts }) => sum + (watts! - 4 * gpu.idleWatts!.value) * (Number(endNs - startNs) / 1e9), 0);
    expect(work).toBeGreaterThan(0);
    const idleSeconds = (joulesOf(after) - joulesOf(before) - work) / (4 * gpu.idleWatts!.value);
    expect(idleSeconds).toBeGreaterThan(segments.reduce((sum, { startNs, endNs }) => sum + Number(endNs - startNs) / 1e9, 0));
  });

  it('leaves out what the GPU’s profile does not know', async () => {
    const gpu = { ...findGpu('a100-40gb')! };
    delete gpu.idleWatts;
    server = await startEmbeddedServer({ gpu, model: findModel('smollm2-135m')! });
    const text = await page();
    expect(text).toContain('DCGM_FI_DEV_GPU_UTIL');
    expect(text).not.toContain('DCGM_FI_DEV_POWER_USAGE{');
  });
});
