/** Recordings in parts, compressed, of a largest size: as a user asks for them, and read while they are written. */
import { existsSync, readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Report, reportSchema } from '../../src/profile/report.ts';
import { agentCost, newFolder, reportOf, type Ended } from './agentCost.ts';
import { PATIENT } from '../fixtures/patient.ts';

const CALLS = 10;
/** Calls with prompts of 300 kB, one after the other; after the third it waits, not for ever, for who looks. */
const AGENT = `
import { existsSync } from 'node:fs';
const words = (seed) => Array.from({ length: 40_000 }, (_, n) => (Math.imul(n + 50_000 * seed, 2654435761) >>> 4).toString(36)).join(' ');
for (let call = 0; call < ${CALLS}; call++) {
  const body = JSON.stringify({ model: 'm', max_tokens: 4, messages: [{ role: 'user', content: 'task ' + call + ' ' + words(call) }] });
  const response = await fetch(process.env.OPENAI_BASE_URL + '/chat/completions', { method: 'POST', headers: { 'content-type': 'application/json' }, body });
  if (!response.ok) throw new Error(await response.text());
  await response.text();
  for (let waited = 0; call === 2 && process.env.LOOKED && !existsSync(process.env.LOOKED) && waited < 1500; waited++) await new Promise((done) => setTimeout(done, 20));
}
`;

/** Answers at once: the embedded server takes the seconds that such prompts take. */
const server = createServer(PATIENT, (request, response) => {
  request.resume().once('end', () => {
    response.setHeader('content-type', 'application/json');
    const models = { object: 'list', data: [{ id: 'm', object: 'model' }] };
    response.end(JSON.stringify(request.method === 'GET' ? models : { id: 'x', object: 'chat.completion', model: 'm', choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content: 'done' } }], usage: { prompt_tokens: 75_000, completion_tokens: 4 } }));
  });
});
let url = '';
beforeAll(async () => {
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
});
afterAll(() => server.close());

function run(folder: string, ...options: string[]): Promise<Ended> {
  return runBeside(folder, {}, ...options);
}

function runBeside(folder: string, env: NodeJS.ProcessEnv, ...options: string[]): Promise<Ended> {
  writeFileSync(join(folder, 'agent.mjs'), AGENT);
  return agentCost(['run', '--backend', url, '--telemetry', 'off', '--redact', 'none', '--out', 'run.agentcost', ...options, '--', process.execPath, 'agent.mjs'], { cwd: folder, env });
}

function tokensOf(report: Report): (number | null | undefined)[] {
  return report.spans.filter(({ kind }) => kind === 'llm').map(({ llm }) => llm?.promptTokens);
}

describe('agent-cost run', () => {
  it('--part-size and --compress: all verbs read the parts as one', async () => {
    const folder = newFolder();
    const ended = await run(folder, '--part-size', '1MB', '--compress');
    expect(ended.code, ended.stderr).toBe(0);
    const parts = readdirSync(folder).filter((name) => name.endsWith('.agentcost')).sort();
    expect(parts).toEqual(['run.2.agentcost', 'run.agentcost']);
    for (const part of parts) {
      expect(statSync(join(folder, part)).mode & 0o777).toBe(0o600);
      expect(gunzipSync(readFileSync(join(folder, part))).toString()).toMatch(/^\{"type":"header"/);
    }
    const report = await reportOf(join(folder, 'run.agentcost'));
    expect([tokensOf(report).length, report.run.complete, report.warnings.filter(({ code }) => code === 'damagedLines')]).toEqual([CALLS, true, []]);
    expect(await reportOf(join(folder, 'run.2.agentcost'))).toEqual(report);
    const csv = await agentCost(['export', 'run.agentcost', '--format', 'csv', '--out', '-'], { cwd: folder });
    expect(csv.stdout.split('\n').filter((row) => row.includes(',llm,'))).toHaveLength(CALLS);

    // What a disk does: bytes in the middle are gone, and the end is.
    const damaged = readFileSync(join(folder, 'run.2.agentcost'));
    writeFileSync(join(folder, 'run.2.agentcost'), damaged.subarray(0, Math.floor(damaged.length * 0.9)).fill(0xff, 100_000, 105_000));
    const repaired = await agentCost(['repair', 'run.agentcost'], { cwd: folder });
    expect(repaired.stderr).toMatch(/^line \d+ of part 2 left out/m);
    const after = await reportOf(join(folder, 'run.repaired.agentcost'));
    expect(tokensOf(after).length).toBeGreaterThan(2);
    expect(tokensOf(after)).toEqual(tokensOf(report).slice(0, tokensOf(after).length));

    const deleted = await agentCost(['delete', 'run.2.agentcost', '--json'], { cwd: folder });
    expect(JSON.parse(deleted.stdout)).toMatchObject([{ file: join(folder, 'run.agentcost') }]);
    expect(readdirSync(folder).filter((name) => name.endsWith('.agentcost'))).toEqual(['run.repaired.agentcost']);
  });

  it('--max-size: figures of all calls, texts of the first', async () => {
    const folder = newFolder();
    const ended = await run(folder, '--max-size', '700kB');
    expect(ended.stderr).toContain('The recording has reached 700 kB: prompts and answers are no longer kept, all figures are.');
    const report = await reportOf(join(folder, 'run.agentcost'));
    expect(tokensOf(report).filter((tokens) => typeof tokens === 'number' && tokens > 10_000)).toHaveLength(CALLS);
    expect(statSync(join(folder, 'run.agentcost')).size).toBeLessThan(1_500_000);
    expect(report.spans.filter(({ llm }) => llm?.promptText?.startsWith('task 9'))).toEqual([]);
  });

  it.each([
    ['--part-size', '10kB', /takes a size from 1MB on/],
    ['--max-size', 'much', /takes a size, such as 500MB or 2GB, not "much"/],
  ])('%s %s is refused', async (option, size, why) => {
    const folder = newFolder();
    const ended = await run(folder, option, size);
    expect([ended.code, ended.stderr]).toEqual([2, expect.stringMatching(why)]);
    expect(existsSync(join(folder, 'run.agentcost'))).toBe(false);
  });

  it.each([[[]], [['--compress', '--part-size', '1MB']]])('with %j is read by several at once while it is written: never as damaged, never less than before', async (options) => {
    const folder = newFolder();
    let isRunning = true;
    const looked = join(folder, 'looked');
    const running = runBeside(folder, { LOOKED: looked }, ...options).finally(() => (isRunning = false));
    const read = async (): Promise<number> => {
      let looks = 0;
      for (let most = 0; isRunning; ) {
        const { code, stdout, stderr } = await agentCost(['report', 'run.agentcost', '--json'], { cwd: folder });
        if (code !== 0) {
          // Before there is a first line.
          expect([most, stderr]).toEqual([0, expect.stringMatching(/is empty|no such file|within its first line/)]);
          continue;
        }
        const report = reportSchema.parse(JSON.parse(stdout));
        expect(report.warnings.filter(({ code: warning }) => warning === 'damagedLines')).toEqual([]);
        const calls = tokensOf(report).length;
        expect(calls).toBeGreaterThanOrEqual(most);
        most = calls;
        looks++;
        if (calls > 0) writeFileSync(looked, '');
      }
      return looks;
    };
    const looks = await Promise.all([read(), read(), read()]);
    expect((await running).code).toBe(0);
    expect(Math.max(...looks)).toBeGreaterThan(0);
    expect(tokensOf(await reportOf(join(folder, 'run.agentcost')))).toHaveLength(CALLS);
  });

  it('that is cut anywhere, as by a kill, has all that was whole, compressed or not', async () => {
    const folder = newFolder();
    await run(folder, '--compress');
    const file = join(folder, 'run.agentcost');
    const size = statSync(file).size;
    let before = CALLS;
    for (const share of [0.8, 0.5, 0.3]) {
      truncateSync(file, Math.floor(size * share));
      const report = await reportOf(file);
      expect([report.run.complete, report.warnings.filter(({ code }) => code === 'damagedLines')]).toEqual([false, []]);
      const calls = tokensOf(report).length;
      expect([calls > 0, calls <= before]).toEqual([true, true]);
      before = calls;
    }
  });
});
