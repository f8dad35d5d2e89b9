/** The profiler reading GPUs: stand-ins for `nvidia-smi`, `ssh` and an exporter say what the real ones say. */
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { analyze } from '../../src/analysis/analyze.ts';
import { readRecording } from '../../src/profile/readRecording.ts';
import type { SampleLine } from '../../src/profile/recordingFormat.ts';
import type { ProfilerOptions } from '../../src/protocol/profiler.ts';
import { parseTelemetryOption } from '../../src/protocol/telemetryOption.ts';
import type { Profiler } from '../../src/profiler/client.ts';
import { isAlive } from '../../src/profiler/processes.ts';
import { ofType, ProfilerRuns, recorded } from './profilerFixture.ts';
import { jsonAnswer, startUpstream, until, type ScriptedUpstream } from './scriptedUpstream.ts';

const runs = new ProfilerRuns();
beforeAll(() => runs.build());
afterAll(() => runs.close());

const path = process.env['PATH'] ?? '';
let bin = '';
let count = 0;
let upstream: ScriptedUpstream;
/** What the exporter's page shows. */
let page = '';
/** What Zeus's daemon says of itself, and how often its counter was asked, which is what it shows. */
let zeus: { discover: object; counts: boolean } | null = null;
let zeusReadings = 0;

beforeEach(async () => {
  bin = join(runs.folder, `bin-${++count}`);
  mkdirSync(bin);
  process.env['PATH'] = `${bin}${delimiter}${path}`;
  upstream = await startUpstream((request, socket) => {
    if (request.path.startsWith('/v1/models')) socket.write(jsonAnswer(200, { object: 'list', data: [{ id: 'smol', object: 'model', owned_by: 'me' }] }));
    else if (request.path === '/gpu') socket.write(jsonAnswer(200, page));
    else if (request.path === '/discover' && zeus !== null) socket.write(jsonAnswer(200, zeus.discover));
    else if (request.path.startsWith('/gpu/get_power?gpu_ids=1')) socket.write(jsonAnswer(200, { timestamp_ms: 1, power_mw: { 1: 75_000 } }));
    else if (request.path.startsWith('/gpu/get_cumulative_energy?gpu_ids=1')) socket.write(zeus?.counts === true ? jsonAnswer(200, { 1: { energy_mj: 1000 * ++zeusReadings } }) : jsonAnswer(400, { error: 'no counter' }));
    else socket.write(jsonAnswer(200, { id: 'x', object: 'chat.completion', model: 'smol', choices: [{ index: 0, message: { role: 'assistant', content: 'hi' }, finish_reason: 'stop' }], usage: { prompt_tokens: 3, completion_tokens: 1 } }));
  });
});
afterEach(async () => {
  process.env['PATH'] = path;
  await upstream.close();
});

/** A command on the path: a script of Node's, with `args` and `log(line)` at hand. */
function command(name: string, script: string): void {
  const file = join(bin, name);
  writeFileSync(
    file,
    `#!${process.execPath}\nconst args = process.argv.slice(2);\nconst log = (line) => require('node:fs').appendFileSync(${JSON.stringify(join(bin, `${name}.log`))}, line + '\\n');\nlog(process.pid + ' ' + args.join(' '));\n${script}\n`,
  );
  chmodSync(file, 0o755);
}

function logged(name: string): string[] {
  const file = join(bin, `${name}.log`);
  return existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : [];
}

/** `gpus`: what each GPU draws. `inUse`: indexes that programs compute on. `knows`: fields of this driver. */
function nvidiaSmi({ gpus = [250], inUse = [0], knows = ['power.draw.instant', 'power.draw'], name = 'NVIDIA H100 80GB HBM3', rows = Infinity }: { gpus?: (number | string)[]; inUse?: number[]; knows?: string[]; name?: string; rows?: number }): void {
  command(
    'nvidia-smi',
    `const gpus = ${JSON.stringify(gpus)};
const query = args[0].split('=')[1].split(',');
if (args[0].startsWith('--query-compute-apps')) for (const index of ${JSON.stringify(inUse)}) console.log('GPU-' + index + ', 4242');
else if (!query.includes('timestamp')) gpus.forEach((_, index) => console.log(index + ', GPU-' + index + ', ${name}'));
else if (!${JSON.stringify(knows)}.includes(query[3])) {
  console.log('Field "' + query[3] + '" is not a valid field to query.\\n');
  process.exitCode = 2;
} else {
  let left = ${rows === Infinity ? 'Infinity' : rows};
  const print = () => {
    if (left-- === 0) process.exit(1);
    const two = (n) => String(n).padStart(2, '0');
    const now = new Date();
    const stamp = now.getFullYear() + '/' + two(now.getMonth() + 1) + '/' + two(now.getDate()) + ' ' + two(now.getHours()) + ':' + two(now.getMinutes()) + ':' + two(now.getSeconds()) + '.' + String(now.getMilliseconds()).padStart(3, '0');
    gpus.forEach((watts, index) => console.log(stamp + ', ' + index + ', ${name}, ' + (typeof watts === 'number' ? watts.toFixed(2) : watts) + (query.includes('utilization.gpu') ? ', ' + (index === 0 ? 80 : 40) : '')));
  };
  print();
  setInterval(print, Number(args[args.indexOf('-lms') + 1]));
}`,
  );
}

/** Runs what it is told to in a shell, as a host's sshd would, greeting first. */
function ssh(): void {
  command(
    'ssh',
    `const at = args.indexOf('--');
if (args[at + 1] !== 'gpu-box') {
  console.error('ssh: Could not resolve hostname ' + args[at + 1] + ': Name or service not known');
  process.exit(255);
}
console.log('Welcome to gpu-box');
require('node:child_process').spawn('sh', ['-c', args.slice(at + 2).join(' ')], { stdio: 'inherit' }).on('close', (code) => process.exit(code ?? 1));`,
  );
}

function options(telemetry: string, changes: Partial<ProfilerOptions> = {}): ProfilerOptions {
  return runs.options({ backend: { kind: 'url', url: upstream.url }, telemetry: parseTelemetryOption(telemetry), ...changes });
}

async function chat(profiler: Profiler): Promise<void> {
  await (await fetch(`${profiler.ready.routeUrl}/v1/chat/completions`, { method: 'POST', body: JSON.stringify({ model: 'smol', messages: [{ role: 'user', content: 'hi' }] }) })).text();
}

const readings = (out: string): SampleLine[] => ofType(recorded(out), 'sample').filter(({ source }) => source !== 'vllm');

/** Whether readings span so much of the run that its energy is theirs, however long the first one took to come. */
function spanned(samples: readonly SampleLine[]): boolean {
  const [first, last] = [samples[0]?.t ?? 0, samples.at(-1)?.t ?? 0];
  return last - first > 0.9 * last;
}

/** Runs until so many readings are on disk, with a call in between. */
async function record(choice: ProfilerOptions, atLeast = 3, enough: (samples: readonly SampleLine[]) => boolean = () => true): Promise<{ profiler: Profiler; samples: SampleLine[] }> {
  const profiler = await runs.start(choice);
  await until(() => readings(choice.out).length >= 1, 'a reading');
  await chat(profiler);
  await until(() => readings(choice.out).length >= atLeast && enough(readings(choice.out)), 'readings');
  await profiler.stop({ exitCode: 0, signal: null });
  return { profiler, samples: readings(choice.out) };
}

const pageUrl = () => upstream.url.replace('/v1', '/gpu');
const warnings = (out: string) => ofType(recorded(out), 'warning');

describe('nvidia-smi of this machine', () => {
  it('gives a run energy by its readings, without a profile being named', async () => {
    nvidiaSmi({});
    const choice = options('nvidia-smi');
    const { profiler, samples } = await record(choice, 12, spanned);
    expect(samples[0]).toMatchObject({ source: 'nvidia-smi', watts: 250, joules: null, utilization: { busy: 0.8 } });
    expect(samples[0]).not.toHaveProperty('overMs');
    expect(profiler.ready.backend.gpu).toBe('NVIDIA H100 80GB SXM');
    const { report } = analyze(readRecording(readFileSync(choice.out, 'utf8')));
    expect(report.totals.energyWh.grade).toBe('integrated');
    expect(report.totals.gpuUtilization).toMatchObject({ source: 'nvidia-smi', evidence: 'measured', busy: expect.closeTo(0.8, 9) as unknown, engine: null, tensor: null });
    expect(report.totals.energyWh.total).toBeCloseTo((250 * report.totals.wallMs) / 3_600_000, 9);
    // The command ends with the recording.
    await until(() => logged('nvidia-smi').every((line) => !isAlive(Number(line.split(' ')[0]))), 'the end of nvidia-smi');
  });

  it('adds up the GPUs that were named, and no others', async () => {
    nvidiaSmi({ gpus: [100, 200, 400], inUse: [] });
    const { samples } = await record(options('nvidia-smi', { gpuIndexes: [0, 2], gpuCount: 2 }));
    expect(new Set(samples.map(({ watts }) => watts))).toEqual(new Set([500]));
    expect(samples[0]!.utilization!.busy).toBeCloseTo(0.6, 9);
  });

  it('has no sum where one GPU has no reading', async () => {
    nvidiaSmi({ gpus: [100, '[N/A]'] });
    const { samples } = await record(options('nvidia-smi', { gpuCount: 2 }));
    expect(new Set(samples.map(({ watts }) => watts))).toEqual(new Set([null]));
  });

  it('falls back to the mean of a second where the driver has nothing better, and says so in each reading', async () => {
    nvidiaSmi({ knows: ['power.draw'] });
    const { samples } = await record(options('nvidia-smi'));
    expect(samples[0]).toMatchObject({ watts: 250, overMs: 1000 });
    expect(logged('nvidia-smi').filter((line) => line.includes('timestamp'))).toHaveLength(2);
  });

  it('is started again when it ends, and given up when it has nothing more to say', async () => {
    nvidiaSmi({ rows: 2 });
    const choice = options('nvidia-smi');
    const profiler = await runs.start(choice);
    await until(() => readings(choice.out).length >= 4, 'readings after a new start');
    command('nvidia-smi', "console.log('Unable to determine the device handle for GPU0000:01:00.0: GPU is lost.'); process.exitCode = 15;");
    await until(() => warnings(choice.out).length > 0, 'a warning');
    await profiler.stop({ exitCode: 0, signal: null });
    expect(warnings(choice.out)).toMatchObject([{ code: 'powerUnread', message: expect.stringMatching(/from nvidia-smi: Unable to determine.*GPU is lost/) as unknown }]);
  });

  it.each<[string, () => void, string, RegExp]>([
    ['it is not there', () => (process.env['PATH'] = bin), 'nvidia-smi', /There is no nvidia-smi on this machine.*ssh:HOST/],
    ['its driver is not', () => command('nvidia-smi', "console.log('NVIDIA-SMI has failed because it could not communicate with the NVIDIA driver.'); process.exitCode = 9;"), 'nvidia-smi', /cannot be read from nvidia-smi: NVIDIA-SMI has failed/],
    ['the GPUs cannot be told apart', () => nvidiaSmi({ gpus: [1, 2], inUse: [0, 1] }), 'nvidia-smi', /Which of 2 GPUs.*--gpu-index/],
    ['the host is not known', () => ssh(), 'ssh:elsewhere', /from nvidia-smi on elsewhere: ssh: Could not resolve hostname elsewhere.*Look whether "ssh elsewhere nvidia-smi" runs/],
  ])('says what is wrong when %s, and starts nothing', async (_, prepare, telemetry, message) => {
    prepare();
    const choice = options(telemetry);
    await expect(runs.start(choice)).rejects.toThrow(message);
    expect(existsSync(choice.out)).toBe(false);
  });
});

describe('with nothing asked for', () => {
  it('reads the GPU that a server on this machine computes on', async () => {
    nvidiaSmi({ gpus: [100, 200], inUse: [1] });
    const choice = options('auto');
    const { samples } = await record(choice);
    expect(samples[0]?.watts).toBe(200);
    expect(warnings(choice.out)).toContainEqual(expect.objectContaining({ code: 'gpusTaken', message: expect.stringMatching(/GPU 1 is taken.*--gpu-index/) as unknown }));
  });

  it('reads none that nothing computes on: the server is on the processor, or elsewhere', async () => {
    nvidiaSmi({ inUse: [] });
    const choice = options('auto');
    const profiler = await runs.start(choice);
    await chat(profiler);
    await profiler.stop({ exitCode: 0, signal: null });
    expect(readings(choice.out)).toEqual([]);
    expect(logged('nvidia-smi').filter((line) => line.includes('timestamp'))).toEqual([]);
    expect(profiler.ready.backend.gpu).toBeNull();
  });

  it('and a driver that fails, goes on without', async () => {
    command('nvidia-smi', 'process.exitCode = 9;');
    const choice = options('auto');
    const profiler = await runs.start(choice);
    await profiler.stop({ exitCode: 0, signal: null });
    expect(warnings(choice.out)).toEqual([]);
  });
});

describe('nvidia-smi of another host', () => {
  it('is read through ssh, never asking for a password, past what the host says first', async () => {
    nvidiaSmi({});
    ssh();
    const { samples } = await record(options('ssh:gpu-box'));
    expect(samples[0]).toMatchObject({ source: 'nvidia-smi on gpu-box', watts: 250 });
    for (const line of logged('ssh')) expect(line).toMatch(/^\d+ -T -o BatchMode=yes .* -- gpu-box /);
  });
});

describe('an exporter’s page', () => {
  const dcgm = (joules: number) => `DCGM_FI_DEV_POWER_USAGE{gpu="0",modelName="NVIDIA L4"} 60\nDCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION{gpu="0",modelName="NVIDIA L4"} ${joules * 1000}\nDCGM_FI_PROF_GR_ENGINE_ACTIVE{gpu="0",modelName="NVIDIA L4"} 0.25\n`;

  it('gives the counter where it has one, each reading once', async () => {
    page = dcgm(1000);
    const choice = options(`dcgm:${pageUrl()}`);
    const profiler = await runs.start(choice);
    await until(() => readings(choice.out).length === 1, 'the first reading');
    const asked = () => upstream.requests.filter(({ path: where }) => where === '/gpu').length;
    const before = asked();
    await until(() => asked() >= before + 2, 'two more questions');
    page = dcgm(1050);
    await until(() => readings(choice.out).length === 2, 'the second reading');
    await profiler.stop({ exitCode: 0, signal: null });
    expect(readings(choice.out)).toMatchObject([
      { joules: 1000, watts: null, utilization: { engine: 0.25 } },
      { joules: 1050, watts: null },
    ]);
    expect(profiler.ready.backend.gpu).toBe('NVIDIA L4 24GB');
  });

  it.each([
    ['dcgm', 'vllm:num_requests_running 1\n', /shows no GPU's power/],
    ['', 'python_info 1\n', /shows neither a GPU's power .* nor a model server's load/],
    ['', `${dcgm(1)}DCGM_FI_DEV_POWER_USAGE{gpu="1"} 60\n`, /Which of 2 GPUs/],
  ])('that is none is refused (%s)', async (prefix, text, message) => {
    page = text;
    await expect(runs.start(options(`${prefix === '' ? '' : `${prefix}:`}${pageUrl()}`))).rejects.toThrow(message);
  });

  it('that cannot be read is refused', async () => {
    await expect(runs.start(options('http://127.0.0.1:1/metrics'))).rejects.toThrow(/cannot be read/);
  });
});

describe('other makers’ tools', () => {
  const amdSmi = () =>
    command(
      'amd-smi',
      `if (args[0] === 'list') console.log('gpu,gpu_bdf,gpu_uuid\\n0,0000:0c:00.0,a\\n1,0000:22:00.0,b');
else {
  console.log("'CTRL' + 'C' to stop watching output:");
  setInterval(() => console.log('timestamp,gpu,socket_power\\n1,0,400\\n1,1,390'), 100);
}`,
    );
  const tegrastats = () => command('tegrastats', `setInterval(() => console.log('RAM 1/2MB GR3D_FREQ 12% VDD_GPU_SOC 5139mW/5139mW VDD_CPU_CV 1mW/1mW'), Number(args[1]));`);

  it('amd-smi gives the GPUs that were named', async () => {
    amdSmi();
    await expect(runs.start(options('amd-smi'))).rejects.toThrow(/Which of 2 GPUs/);
    const { samples } = await record(options('amd-smi', { gpuIndexes: [1] }));
    expect(samples[0]).toMatchObject({ source: 'amd-smi', watts: 390, overMs: 1000 });
  });

  it('tegrastats of another machine is read through ssh', async () => {
    tegrastats();
    ssh();
    const { samples } = await record(options('tegrastats:gpu-box'));
    expect(samples[0]).toMatchObject({ source: 'tegrastats on gpu-box', watts: 5.139 });
    await until(() => logged('tegrastats').every((line) => !isAlive(Number(line.split(' ')[0]))), 'the end of tegrastats');
  });

  it('powermetrics is run by a sudo that asks for nothing, or refused', async () => {
    command('powermetrics', '');
    command('sudo', `console.error('sudo: a password is required'); process.exitCode = 1;`);
    await expect(runs.start(options('powermetrics'))).rejects.toThrow(/cannot be read from powermetrics: sudo: a password is required.*sudo -v/s);
    command('sudo', `if (args.slice(0, 2).join(' ') === '-n powermetrics') setInterval(() => console.log('*** Sampled system activity (now) (100.00ms elapsed) ***\\n\\nGPU Power: 21540 mW'), 100);`);
    const { samples } = await record(options('powermetrics'));
    expect(samples[0]).toMatchObject({ source: 'powermetrics', watts: 21.54, overMs: 100 });
  });

  it.each([
    ['tegrastats', '', /no tegrastats on this machine/],
    ['tegrastats', `console.log('RAM 900/1980MB CPU [10%@1479]');`, /cannot be read from tegrastats: RAM 900.*Jetson/s],
    ['amd-smi', `console.error('no driver'); process.exitCode = 1;`, /cannot be read from amd-smi: no driver/],
  ])('%s that does not tell is refused (%s)', async (tool, script, message) => {
    if (script !== '') command(tool, script);
    await expect(runs.start(options(tool))).rejects.toThrow(message);
  });
});

describe('Zeus’s daemon', () => {
  const gpus = (counts: boolean) => [0, 1].map((id) => ({ id, name: 'NVIDIA A40', cumulative_energy_available: counts }));
  const choose = () => options(`zeus:${upstream.url.replace('/v1', '')}`, { gpuIndexes: [1] });

  afterEach(() => (zeus = null));

  it('gives the counter of the GPUs named', async () => {
    zeus = { discover: { gpus: gpus(true), auth_required: false }, counts: true };
    const { profiler, samples } = await record(choose());
    expect(samples[0]).toMatchObject({ source: `Zeus at ${new URL(upstream.url).host}`, watts: null, joules: expect.any(Number) as number });
    expect(profiler.ready.backend.gpu).toBe('NVIDIA A40');
  });

  it('gives momentary power where a GPU does not count', async () => {
    zeus = { discover: { gpus: gpus(false) }, counts: false };
    const { samples } = await record(choose());
    expect(samples[0]).toMatchObject({ watts: 75, joules: null });
    expect(upstream.requests.some(({ path: where }) => where.includes('energy'))).toBe(false);
  });

  it('that wants a token, is another server, or has too many GPUs is refused', async () => {
    zeus = { discover: { gpus: gpus(true), auth_required: true }, counts: true };
    await expect(runs.start(choose())).rejects.toThrow(/wants a token/);
    zeus = { discover: { object: 'list' }, counts: true };
    await expect(runs.start(choose())).rejects.toThrow(/not what Zeus's daemon answers/);
    zeus = { discover: { gpus: gpus(true) }, counts: true };
    await expect(runs.start({ ...choose(), gpuIndexes: null })).rejects.toThrow(/Which of 2 GPUs/);
    await expect(runs.start(options('zeus:http://127.0.0.1:1'))).rejects.toThrow(/Zeus's daemon at .* cannot be read/);
  });
});

it('the embedded server has no GPU to read, and says so', async () => {
  const choice = runs.options({ telemetry: { kind: 'nvidia-smi', host: null } });
  const profiler = await runs.start(choice);
  await profiler.stop({ exitCode: 0, signal: null });
  expect(warnings(choice.out)).toMatchObject([{ code: 'telemetryUnused' }]);
});
