/** Readings of GPUs: rows as the tools print them, and what a call's energy is by them. */
import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { analyze } from '../../src/analysis/analyze.ts';
import { powerSource } from '../../src/analysis/power.ts';
import { readRecording } from '../../src/profile/readRecording.ts';
import { parseAmdList } from '../../src/telemetry/amdSmi.ts';
import { powerRows } from '../../src/telemetry/powerRows.ts';
import type { PowerCommandFormat } from '../../src/telemetry/powerSource.ts';
import { parseTegraLine } from '../../src/telemetry/tegrastats.ts';
import { parseZeusDevices, parseZeusReading } from '../../src/telemetry/zeusDaemon.ts';
import { parseGpuIndexes, parseTelemetryOption } from '../../src/protocol/telemetryOption.ts';
import { chooseGpus } from '../../src/telemetry/gpuChoice.ts';
import { parseExportedGpus } from '../../src/telemetry/gpuExporters.ts';
import { averagedOver, DRAW_FIELD, INSTANT_FIELD, parseBusyGpus, parseGpuList, parseRow, powerKind, readingAge, refusedField } from '../../src/telemetry/nvidiaSmi.ts';
import { echoingScript } from '../../src/telemetry/powerCommand.ts';
import { meanUtilization, sumOfAll } from '../../src/telemetry/powerSource.ts';
import { labelIn, seriesRows } from '../../src/telemetry/prometheusText.ts';
import { StampClock } from '../../src/telemetry/stampClock.ts';
import { gpuReadings, loopRows } from './gpuReadings.ts';
import { end, header, recordingText, sample } from './recordingLines.ts';

describe('rows of nvidia-smi', () => {
  it.each(['h100', 'h200'] as const)('as an %s’s driver printed them', (name) => {
    const readings = gpuReadings(name);
    const rows = loopRows(readings, INSTANT_FIELD).map(({ line }) => parseRow(line));
    expect(rows.every((row) => row !== null && row.name === readings.device.name && row.index === 0 && row.watts !== null && row.watts > 50 && row.watts < 1000)).toBe(true);
    const { 'bad-field': badField, 'bad-index': badIndex, 'compute-apps': programs } = readings.nvidiaSmi;
    expect(refusedField(badField.stdout)).toBe('no.such.field');
    expect(parseRow(badField.stdout.trim())).toBeNull();
    expect(parseRow(badIndex.stdout.trim())).toBeNull();
    expect(parseBusyGpus(programs.stdout.replace(/^pid.*\n(\d+), [^,]*, [^,]*, (.*)\n$/, '$2, $1\n')).size).toBe(1);
    expect(parseRow(readings.loopHeader)).toBeNull();
  });

  it.each([
    ['2026/11/27 06:55:57.051, 0, NVIDIA T4, [N/A]', { watts: null }],
    ['2026/11/27 06:55:57.051, 3, NVIDIA T4, [Unknown Error]', { watts: null, index: 3 }],
    ['2026/11/27 06:55:57.051, 0, NVIDIA T4, 27.30', { watts: 27.3, name: 'NVIDIA T4', stamp: Date.UTC(2026, 10, 27, 6, 55, 57, 51), busy: null }],
    ['2026/11/27 06:55:57.051, 0, NVIDIA T4, 27.30, 87', { watts: 27.3, busy: 0.87 }],
    ['2026/11/27 06:55:57.051, 0, NVIDIA H100 80GB HBM3, 27.30, [N/A]', { watts: 27.3, busy: null }],
  ])('%s', (line, expected) => {
    expect(parseRow(line)).toMatchObject(expected);
  });

  it('are never made of anything else', () => {
    const line = '2026/11/27 06:55:57.051, 0, NVIDIA H100 80GB HBM3, 461.52';
    for (let length = 0; length < line.length - '461.52'.length + 1; length++) expect(parseRow(line.slice(0, length))).toBeNull();
    fc.assert(fc.property(fc.string(), (text) => parseRow(text) === null));
  });

  it('list the GPUs, and those in use', () => {
    expect(parseGpuList('0, GPU-ab12, NVIDIA L4\n1, GPU-cd34, NVIDIA L4\n')).toEqual([
      { index: 0, uuid: 'GPU-ab12', name: 'NVIDIA L4' },
      { index: 1, uuid: 'GPU-cd34', name: 'NVIDIA L4' },
    ]);
    expect(parseGpuList('No devices were found\n')).toEqual([]);
    expect(parseBusyGpus('GPU-cd34, 4242\nGPU-cd34, 4243\n')).toEqual(new Set(['GPU-cd34']));
  });

  it.each([
    [DRAW_FIELD, 'NVIDIA H100 80GB HBM3', 'averaged'],
    [DRAW_FIELD, 'NVIDIA GeForce RTX 4090', 'averaged'],
    [DRAW_FIELD, 'NVIDIA L40S', 'averaged'],
    [DRAW_FIELD, 'NVIDIA A100-SXM4-80GB', 'instant'],
    [DRAW_FIELD, 'Tesla V100-SXM2-16GB', 'instant'],
    [DRAW_FIELD, 'NVIDIA GeForce RTX 2080 Ti', 'instant'],
    [INSTANT_FIELD, 'NVIDIA H100 80GB HBM3', 'instant'],
  ])('%s of an %s is %s', (field, name, kind) => {
    expect(powerKind(field, name)).toBe(kind);
  });
});

describe('the energy of bursts, by readings of a real GPU', () => {
  /** Means over each burst, and what the source itself says of their error. */
  function bursts(name: 'h100' | 'h200', phase: string, field: typeof DRAW_FIELD | typeof INSTANT_FIELD): { ratio: number; error: number }[] {
    const readings = gpuReadings(name);
    const { edges = [], startS, endS } = readings.phases.find((candidate) => candidate.name === phase)!;
    const clock = new StampClock(0);
    const kind = powerKind(field, readings.device.name);
    const origin = startS * 1000 - 500;
    const samples = loopRows(readings, field).flatMap(({ arrivedMs, line }) => {
      const row = parseRow(line)!;
      const t = clock.at(row.stamp, arrivedMs) - readingAge(kind) - origin;
      const overMs = averagedOver(kind);
      return t < 0 || arrivedMs > endS * 1000 + 500 ? [] : [sample(t, { source: 'nvidia-smi', watts: row.watts, ...(overMs > 0 ? { overMs } : {}) })];
    });
    const wallMs = (endS - startS) * 1000 + 1000;
    const source = powerSource(readRecording(recordingText(header(), ...samples, end(wallMs))), wallMs);
    expect(source.grade).toBe('integrated');
    // While it worked, it stood at its limit: 700 W (the sensor swings between 650 and 890 W there).
    const LIMIT_WATTS = 700;
    return edges.map(([from, to]) => {
      const segment = { start: from * 1000 - origin, end: to * 1000 - origin };
      const watts = source.wattsIn({ ...segment, state: 'prefill', batch: 1, kvTokens: null, kvCapacityTokens: null, watts: null, shares: () => [], others: null });
      return { ratio: watts! / LIMIT_WATTS, error: source.errorOver(segment.end - segment.start) };
    });
  }

  it.each([
    ['h100', 'wave-1s'],
    ['h100', 'wave-agent'],
    ['h200', 'wave-1s'],
    ['h200', 'wave-agent'],
  ] as const)('%s, %s: momentary readings are within 15 %%', (name, phase) => {
    const found = bursts(name, phase, INSTANT_FIELD);
    expect(found.length).toBeGreaterThan(5);
    for (const { ratio, error } of found) {
      expect(Math.abs(ratio - 1)).toBeLessThan(0.15);
      expect(Math.abs(1 / ratio - 1)).toBeLessThan(error);
    }
  });

  it.each(['h100', 'h200'] as const)('%s: means of a second miss half of a short burst, and the band says so', (name) => {
    for (const { ratio, error } of bursts(name, 'wave-agent', DRAW_FIELD)) {
      expect(ratio).toBeLessThan(0.6);
      expect(1 / ratio).toBeLessThan(1 + error);
    }
  });
});

describe('a run on a real H100, beside its energy counter', () => {
  const counted = z
    .record(z.string(), z.object({ runWh: z.number(), callsWh: z.array(z.number()) }))
    .parse(JSON.parse(readFileSync(join(import.meta.dirname, '../fixtures/gpu/h100-run.json'), 'utf8')));

  it.each(Object.keys(counted))('recorded with --telemetry %s: the run within 1 %%, each call within its band, long ones within 6 %%', (telemetry) => {
    const { runWh, callsWh } = counted[telemetry]!;
    const { report } = analyze(readRecording(readFileSync(join(import.meta.dirname, `../fixtures/gpu/h100-run-${telemetry}.agentcost`), 'utf8')));
    expect(report.backend.gpu).toBe('NVIDIA H100 80GB SXM');
    const { total, active, idle, grade } = report.totals.energyWh;
    expect(grade).toBe('integrated');
    expect(total! / runWh).toBeGreaterThan(0.99);
    expect(total! / runWh).toBeLessThan(1.01);
    const calls = report.spans.filter(({ kind }) => kind === 'llm');
    expect(calls).toHaveLength(callsWh.length);
    calls.forEach(({ llm, startMs, endMs }, index) => {
      const truth = callsWh[index]!;
      const [least, most] = llm!.energyWh.band!;
      expect(truth).toBeGreaterThan(least);
      expect(truth).toBeLessThan(most);
      if (endMs! - startMs > 1000) expect(Math.abs(llm!.energyWh.active! / truth - 1)).toBeLessThan(0.06);
    });
    // What the calls used, and what was idle, is what the readings say in all.
    expect(calls.reduce((sum, { llm }) => sum + llm!.energyWh.active!, 0)).toBeCloseTo(active!, 9);
    expect(active! + idle!).toBeCloseTo(total!, 9);
  });
});

describe('another clock’s stamps', () => {
  it('are found on ours whatever the zone, as near as the quickest row came', () => {
    fc.assert(
      fc.property(fc.integer({ min: -50_000_000, max: 50_000_000 }), fc.array(fc.integer({ min: 0, max: 300 }), { minLength: 1, maxLength: 100 }), (offset, delays) => {
        const clock = new StampClock(0);
        delays.forEach((delay, index) => {
          const happened = index * 100;
          const found = clock.at(happened + offset, happened + delay);
          const quickest = Math.min(...delays.slice(Math.max(0, index - 63), index + 1));
          expect(found).toBeCloseTo(happened + quickest, 6);
        });
      }),
    );
  });

  it('take a clock that is set for a new one', () => {
    const clock = new StampClock(0);
    clock.at(1000, 5000);
    expect(clock.at(3_601_100, 5100)).toBe(5100);
    expect(clock.at(1200, 5300)).toBe(5300);
  });

  it('allow for the way that even the quickest row has', () => {
    const clock = new StampClock(20);
    expect(clock.at(0, 1050)).toBe(1030);
    expect(clock.at(100, 1120)).toBe(1100);
  });
});

describe('lines of other makers’ tools', () => {
  type Sum = Parameters<Parameters<typeof powerRows>[3]>;
  /** What lines that come 100 ms apart from 1000 ms on are read as, and which of them are none of the tool's. */
  function read(format: PowerCommandFormat, gpus: number[], lines: string[], delayMs = 0): { sums: Sum[]; others: string[] } {
    const sums: Sum[] = [];
    const rows = powerRows(format, '', gpus, (...sum) => sums.push(sum));
    rows.setDelay(delayMs);
    return { sums, others: lines.filter((line, index) => !rows.take(line, 1000 + 100 * index)) };
  }

  // As its users' logs have it: the greeting, the header again with each reading, whole seconds.
  const amd = ["'CTRL' + 'C' to stop watching output:", 'timestamp,gpu,socket_power,gfx_voltage', '1762000000,0,400,N/A', '1762000000,1,390,N/A', 'timestamp,gpu,socket_power,gfx_voltage', '1762000001,0,N/A,N/A', '1762000001,1,395,N/A'];

  it('amd-smi gives the GPUs’ sum each second, and none where one has no reading', () => {
    const both = (...watts: (number | null)[]): object[] => watts.map((each, gpu) => ({ gpu, watts: each, joules: null }));
    expect(read('amd-smi', [0, 1], amd)).toEqual({ sums: [[800, 790, 1000, both(400, 390)], [1100, null, 1000, both(null, 395)]], others: [] });
    expect(read('amd-smi', [1], amd).sums.map(([, watts]) => watts)).toEqual([390, 395]);
    expect(read('amd-smi', [1], amd, 50).sums[0]?.[0]).toBe(750);
    expect(read('amd-smi', [0], ['AMDSMI_STATUS_NOT_INIT', '1762000000,0,400']).others).toHaveLength(2);
    expect(parseAmdList('gpu,gpu_bdf,gpu_uuid\n0,0000:0c:00.0,a\n1,0000:22:00.0,b\n')).toEqual([0, 1]);
    expect(parseAmdList('No AMD GPUs found')).toEqual([]);
  });

  it.each([
    // An AGX Orin of JetPack 7, a Xavier NX, an AGX Xavier, a Nano, a Thor: lines of their users' logs, shortened.
    ['07-25-2026 09:08:28 RAM 20642/62817MB GR3D_FREQ 12%@[1300,1300] gpu@47.625C/47.625C VDD_GPU_SOC 5139mW/5139mW/5139mW VDD_CPU_CV 3268mW/3268mW/3268mW', 'VDD_GPU_SOC', 5.139],
    ['RAM 2100/7765MB CPU [2%@1190] GPU@31C VDD_IN 4040/4040 VDD_CPU_GPU_CV 532/640 VDD_SOC 1180/1180', 'VDD_CPU_GPU_CV', 0.532],
    ['RAM 220/31919MB GPU@30.5C GPU 2640/1980 CPU 464/464 SOC 1239/1239', 'GPU', 2.64],
    ['RAM 1500/3964MB GPU@28C POM_5V_IN 2100/2100 POM_5V_GPU 41/40 POM_5V_CPU 300/300', 'POM_5V_GPU', 0.041],
    ['RAM 4722/125772MB VDD_GPU 8000mW/7900mW/9000mW VDD_CPU_SOC_MSS 6000mW/6000mW/6100mW VIN 40000mW/40000mW/41000mW', 'VDD_GPU', 8],
  ])('tegrastats gives the rail of the GPU (%#)', (line, rail, watts) => {
    expect(parseTegraLine(line)).toEqual({ rail, watts });
    expect(read('tegrastats', [0], ['', line], 20)).toEqual({ sums: [[1080, watts, 0]], others: [] });
  });

  it('tegrastats of a board without sensors is none', () => {
    const line = 'RAM 900/1980MB (lfb 10x4MB) CPU [10%@1479] GPU@28C';
    expect(read('tegrastats', [0], [line])).toEqual({ sums: [], others: [line] });
  });

  it('powermetrics gives the mean of each of its looks, and what it says before is a complaint', () => {
    const look = (ms: string, milliwatts: string) => [`*** Sampled system activity (Sun Nov 29 15:00:00 2026 +0100) (${ms}ms elapsed) ***`, '', '**** GPU usage ****', '', 'GPU HW active frequency: 444 MHz', `GPU Power: ${milliwatts} mW`];
    const lines = ['Machine model: Mac15,6', 'OS version: 24A335', '', ...look('100.00', '39'), ...look('120.50', '21540')];
    expect(read('powermetrics', [0], lines)).toEqual({ sums: [[1750, 0.039, 100], [2339.75, 21.54, 120.5]], others: [] });
    expect(read('powermetrics', [0], ['sudo: a password is required']).others).toHaveLength(1);
  });
});

describe('Zeus’s daemon', () => {
  // Answers as its HTTP API reference shows them.
  const discover = {
    gpus: [
      { id: 0, name: 'NVIDIA A40', pci_address: '0000:01:00.0', cumulative_energy_available: true },
      { id: 1, name: 'NVIDIA A40', pci_address: '0000:41:00.0', cumulative_energy_available: false },
    ],
    cpus: [{ id: 0, dram_available: true }],
    enabled_api_groups: ['gpu-control', 'gpu-read', 'cpu-read'],
    auth_required: false,
  };

  it('tells its GPUs, which of them count, and why it cannot be read', () => {
    const gpus = [
      { index: 0, name: 'NVIDIA A40', hasCounter: true },
      { index: 1, name: 'NVIDIA A40', hasCounter: false },
    ];
    expect(parseZeusDevices(discover)).toEqual({ gpus, refusal: null });
    expect(parseZeusDevices({ ...discover, auth_required: true })?.refusal).toContain('token');
    expect(parseZeusDevices({ ...discover, enabled_api_groups: ['cpu-read'] })?.refusal).toContain('gpu-read');
    expect(parseZeusDevices({ gpus: [{ id: 2 }] })?.gpus).toEqual([{ index: 2, name: null, hasCounter: true }]);
    for (const other of [null, {}, { gpus: 'none' }, '404 page not found']) expect(parseZeusDevices(other)).toBeNull();
  });

  it('gives watts and joules, and watts alone where no counter answers', () => {
    const power = { timestamp_ms: 1762000000000, power_mw: { '0': 75000, '1': 120000 } };
    expect(parseZeusReading(power, { '0': { energy_mj: 123456 } })).toEqual([
      { index: 0, name: null, watts: 75, joules: 123.456 },
      { index: 1, name: null, watts: 120, joules: null },
    ]);
    expect(parseZeusReading(power, null)?.map(({ joules }) => joules)).toEqual([null, null]);
    for (const torn of [null, {}, { power_mw: { '0': 'many' } }]) expect(parseZeusReading(torn, null)).toBeNull();
  });
});

describe('several GPUs’ utilization', () => {
  it('is their mean where all of them say it, field by field', () => {
    expect(meanUtilization([{ busy: 1, engine: 0.5 }, { busy: 0.5 }])).toEqual({ busy: 0.75 });
    expect(meanUtilization([{ busy: 1 }, null])).toBeNull();
    expect(meanUtilization([])).toBeNull();
  });
});

describe('pages of exporters', () => {
  /** In the form of the DCGM exporter's documentation; a GPU in two MIG slices among them. */
  const dcgm = `# HELP DCGM_FI_DEV_POWER_USAGE Power draw (in W).
# TYPE DCGM_FI_DEV_POWER_USAGE gauge
DCGM_FI_DEV_POWER_USAGE{gpu="1",UUID="GPU-b",device="nvidia1",modelName="NVIDIA H100 80GB HBM3",GPU_I_PROFILE="1g.10gb",GPU_I_ID="7",Hostname="box"} 121.000000
DCGM_FI_DEV_POWER_USAGE{gpu="1",UUID="GPU-b",device="nvidia1",modelName="NVIDIA H100 80GB HBM3",GPU_I_PROFILE="1g.10gb",GPU_I_ID="8",Hostname="box"} 121.000000
DCGM_FI_DEV_POWER_USAGE{gpu="0",UUID="GPU-a",device="nvidia0",modelName="NVIDIA H100 80GB HBM3",Hostname="box"} 461.500000
DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION{gpu="0",UUID="GPU-a",device="nvidia0",modelName="NVIDIA H100 80GB HBM3",Hostname="box"} 15152422938
DCGM_FI_DEV_GPU_UTIL{gpu="0",UUID="GPU-a",device="nvidia0",modelName="NVIDIA H100 80GB HBM3",Hostname="box"} 98
DCGM_FI_PROF_GR_ENGINE_ACTIVE{gpu="0",UUID="GPU-a",device="nvidia0",modelName="NVIDIA H100 80GB HBM3",Hostname="box"} 0.912345
DCGM_FI_PROF_GR_ENGINE_ACTIVE{gpu="1",UUID="GPU-b",device="nvidia1",modelName="NVIDIA H100 80GB HBM3",GPU_I_PROFILE="1g.10gb",GPU_I_ID="7",Hostname="box"} 0.500000
DCGM_FI_PROF_GR_ENGINE_ACTIVE{gpu="1",UUID="GPU-b",device="nvidia1",modelName="NVIDIA H100 80GB HBM3",GPU_I_PROFILE="1g.10gb",GPU_I_ID="8",Hostname="box"} 0.250000
DCGM_FI_PROF_PIPE_TENSOR_ACTIVE{gpu="0",UUID="GPU-a",device="nvidia0",modelName="NVIDIA H100 80GB HBM3",Hostname="box"} 0.103000
`;
  /** In the form of AMD's documentation: only a GPU's first partition has its power. */
  const amd = `# TYPE gpu_package_power gauge
gpu_package_power{card_model="AMD Instinct MI300X",gpu_id="0",gpu_partition_id="0",hostname="box"} 191
gpu_package_power{card_model="AMD Instinct MI300X",gpu_id="0",gpu_partition_id="1",hostname="box"} 0
`;

  it('of NVIDIA’s and AMD’s give each GPU once', () => {
    expect(parseExportedGpus(dcgm)).toEqual([
      { index: 0, name: 'NVIDIA H100 80GB HBM3', watts: 461.5, joules: 15152422.938, utilization: { busy: 0.98, engine: 0.912345, tensor: 0.103 } },
      // Of two slices' shares none is the whole GPU's.
      { index: 1, name: 'NVIDIA H100 80GB HBM3', watts: 121, joules: null },
    ]);
    expect(parseExportedGpus(amd)).toEqual([{ index: 0, name: 'AMD Instinct MI300X', watts: 191, joules: null }]);
    expect(parseExportedGpus(amd.replaceAll('gpu_package_power', 'amd_gpu_package_power'))).toHaveLength(1);
    expect(parseExportedGpus('vllm:num_requests_running 1\n')).toBeNull();
    expect(parseExportedGpus('DCGM_FI_DEV_GPU_UTIL{gpu="0"} 3\n')).toBeNull();
    // What no GPU can be is no reading: DCGM's blank values.
    expect(parseExportedGpus(dcgm.replace('} 98\n', '} 9223372036854775794\n'))![0]!.utilization).toEqual({ engine: 0.912345, tensor: 0.103 });
  });

  it('series have exact names, labels with escapes, and finite values', () => {
    expect(seriesRows('a_total 1\na{x="y} z"} 2 1700000000\na NaN\nb{} 3\na 4', 'a')).toEqual([
      { labels: 'x="y} z"', value: 2 },
      { labels: '', value: 4 },
    ]);
    expect(labelIn('x="1",path="C:\\\\dir \\"q\\"",xx="2"', 'path')).toBe('C:\\dir "q"');
    expect(labelIn('xx="2"', 'x')).toBeNull();
  });
});

describe('which GPUs are the server’s', () => {
  it.each([
    ['the only one', [0], [], null, 1, [0]],
    ['as many as serve', [0, 1], null, null, 2, [0, 1]],
    ['those in use', [0, 1, 2, 3], [1, 3], null, 2, [1, 3]],
    ['those that were named', [0, 1, 2, 3], [1, 3], [2], 1, [2]],
  ])('%s', (_, present, busy, chosen, count, indexes) => {
    expect(chooseGpus(present, busy, chosen, count).indexes).toEqual(indexes);
  });

  it.each([
    ['more in use than serve', [0, 1, 2], [0, 1], null, /Programs compute on 0, 1\. Name them with --gpu-index/],
    ['none known to be in use', [0, 1], null, null, /Which of 2 GPUs/],
    ['one that is not there', [0, 1], [0], [5], /There is no GPU 5; --gpu-index may name 0, 1/],
    ['no GPU', [], null, null, /no GPU/],
  ])('cannot be told with %s', (_, present, busy, chosen, message) => {
    expect(() => chooseGpus(present, busy, chosen, 1)).toThrow(message);
  });

  it('are added up only when all of them are known', () => {
    expect(sumOfAll([1, 2.5])).toBe(3.5);
    expect(sumOfAll([1, null])).toBeNull();
    expect(sumOfAll([])).toBeNull();
  });
});

describe('the option', () => {
  it.each([
    ['auto', { kind: 'auto' }],
    [' off ', { kind: 'off' }],
    ['nvidia-smi', { kind: 'nvidia-smi', host: null }],
    ['ssh:me@gpu-box.example', { kind: 'nvidia-smi', host: 'me@gpu-box.example' }],
    ['dcgm:http://gpu-box:9400', { kind: 'page', url: 'http://gpu-box:9400/metrics', dcgm: true }],
    ['zeus:http://gpu-box:4938/', { kind: 'zeus', url: 'http://gpu-box:4938' }],
    ['amd-smi', { kind: 'tool', tool: 'amd-smi', host: null }],
    ['tegrastats:me@orin', { kind: 'tool', tool: 'tegrastats', host: 'me@orin' }],
    ['powermetrics', { kind: 'tool', tool: 'powermetrics', host: null }],
    ['https://box/gpu/metrics?x=1', { kind: 'page', url: 'https://box/gpu/metrics?x=1', dcgm: false }],
  ])('%s', (text, choice) => {
    expect(parseTelemetryOption(text)).toEqual(choice);
  });

  it.each([
    ['ssh:', /not the name of a host/],
    ['ssh:-oProxyCommand=touch /tmp/x', /not the name of a host/],
    ['ssh:box; reboot', /not the name of a host/],
    ['dcgm:gpu-box:9400', /not followed by a URL/],
    ['zeus:gpu-box', /not followed by a URL/],
    ['amd-smi:-oX', /not the name of a host, such as amd-smi:gpu-box/],
    ['powermetrics:mac', /this machine only/],
    ['sometimes', /not one that is known/],
    ['http://', /not a valid URL/],
  ])('%s is refused', (text, why) => {
    expect(() => parseTelemetryOption(text)).toThrow(why);
  });

  it('never repeats a password', () => {
    expect(() => parseTelemetryOption('http://me:secret@box/metrics')).toThrow(/^(?!.*secret)/);
  });

  it.each([
    ['0', [0]],
    ['0, 1,1', [0, 1]],
    ['', null],
    ['0-3', null],
  ])('GPU indexes "%s"', (text, indexes) => {
    expect(parseGpuIndexes(text)).toEqual(indexes);
  });

  it('quotes what the other side’s shell is to run', () => {
    expect(echoingScript(['nvidia-smi', "it's"])).toMatch(/exec 'nvidia-smi' 'it'\\''s'$/);
  });
});
