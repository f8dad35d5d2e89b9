/** `agent-cost export` as a user types it, and its OTLP as OpenTelemetry's own definitions read it. */
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parquetReadObjects } from 'hyparquet';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Report } from '../../src/profile/report.ts';
import { newestEnvironment } from '../hooks/python/pythons.ts';
import { bigRecording } from '../fixtures/bigRecording.ts';
import { recordingText } from '../unit/recordingLines.ts';
import { agentCost, cliPath, newFolder, onlyRecording, reportOf, repository, runProcess } from './agentCost.ts';

describe('agent-cost export', () => {
  let folder: string;
  let recording: string;
  let report: Report;

  beforeAll(async () => {
    folder = newFolder();
    const { code, stderr } = await agentCost(['bench', '--agent', 'react', '--benchmark', 'hotpotqa', '--n', '1'], { cwd: folder });
    expect({ code, stderr }).toMatchObject({ code: 0 });
    recording = onlyRecording(folder);
    report = await reportOf(recording);
  });

  it('stops without a word when who reads it has had enough', async () => {
    const long = join(folder, 'long.agentcost');
    writeFileSync(long, recordingText(...bigRecording(1500)));
    for (const command of ['report --json', 'export --format csv --out -', 'export --format json --out -']) {
      const { stdout, stderr } = await runProcess('sh', ['-c', `"$0" "$1" ${command} "$2" | head -c 10`, process.execPath, cliPath, long], { cwd: folder });
      expect([stdout.length, stderr]).toEqual([10, '']);
    }
  });

  it.each(['speedscope', 'folded', 'otlp', 'csv', 'parquet', 'perfetto'])('writes %s beside the recording, for its owner alone', async (format) => {
    const { code, stdout } = await agentCost(['export', recording, '--format', format, '--json'], { cwd: folder });
    expect(code).toBe(0);
    const { path } = JSON.parse(stdout) as { path: string };
    expect(path.startsWith(recording.replace(/\.agentcost$/, ''))).toBe(true);
    expect([statSync(path).mode & 0o777, statSync(path).size > 100]).toEqual([0o600, true]);
    if (format === 'parquet') expect(await parquetReadObjects({ file: new Uint8Array(readFileSync(path)).buffer })).toHaveLength(report.spans.length);
  });

  it('weighs folded stacks by what is asked for', async () => {
    const folded = async (weight: string) => (await agentCost(['export', recording, '--format', 'folded', '--weight', weight, '-o', '-'], { cwd: folder })).stdout.trimEnd().split('\n').reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
    expect(await folded('tokens')).toBe(report.totals.promptTokens! + report.totals.completionTokens!);
    const charged = report.spans.reduce((sum, { llm, tool }) => sum + (llm?.energyWh.active ?? 0) + (tool?.idleEnergyWh ?? 0), 0);
    expect((await folded('energy')) / 3600e6).toBeCloseTo(charged, 6);
    const { code, stderr } = await agentCost(['export', recording, '--format', 'folded', '--weight', 'carbon'], { cwd: folder });
    expect([code, stderr]).toEqual([2, expect.stringContaining("'carbon' is invalid")]);
  });

  it('has OTLP that OpenTelemetry’s own definitions read, with the names of its conventions', async () => {
    const { stdout: exported } = await agentCost(['export', recording, '--format', 'otlp', '-o', '-'], { cwd: folder });
    const { executable } = await newestEnvironment('tracing');
    const { code, stdout, stderr } = await runProcess(executable, [join(repository, 'test/fixtures/otlp/check_export.py')], { cwd: folder, input: exported });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const { spans, unknown } = JSON.parse(stdout) as { spans: { name: string; ids: number[]; ns: number[]; status: number }[]; unknown: string[] };
    expect(unknown).toEqual([]);
    expect(spans).toHaveLength(report.spans.length);
    for (const span of spans) {
      expect([span.ids[0], span.ids[1], [0, 8].includes(span.ids[2]!)]).toEqual([16, 8, true]);
      expect(span.ns[1]).toBeGreaterThanOrEqual(span.ns[0]!);
    }
    expect(spans.filter(({ name }) => name.startsWith('chat '))).toHaveLength(report.totals.llmCalls);
    const invented = exported.replace('"startTimeUnixNano"', '"startTimeNano"');
    expect((await runProcess(executable, [join(repository, 'test/fixtures/otlp/check_export.py')], { cwd: folder, input: invented })).code).not.toBe(0);
  });

  it('says in a sentence what it cannot write', async () => {
    const file = join(folder, 'timeless.agentcost');
    writeFileSync(file, readFileSync(recording, 'utf8').replace(/"startedAt":"[^"]*"/, '"startedAt":"yesterday"'));
    const { code, stderr } = await agentCost(['export', file, '--format', 'otlp'], { cwd: folder });
    expect([code, stderr]).toEqual([2, 'agent-cost: The run\'s start, "yesterday", is no time: spans of OTLP need one.\n']);
  });
});
