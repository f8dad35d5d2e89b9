/**
 * What long recordings take: time and peak memory of the command line on recordings of 1 and 2 GB (or `--gb 10`), which hold
 * prompts whose contexts grow. `npm run bench:recordings`; wants twice the recordings' size free in the folder for temporary files.
 */
import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { alignColumns } from '../../src/profile/alignColumns.ts';
import { formatBytes, formatDuration } from '../../src/profile/formatValue.ts';
import { withChecksum } from '../../src/profile/lineChecksum.ts';
import { crc32 } from '../../src/recorder/crc32.ts';
import { costsOfStorage } from './recordingCosts.ts';
import { longRecording } from '../fixtures/longRecording.ts';

const root = join(import.meta.dirname, '../..');
const { values } = parseArgs({ options: { gb: { type: 'string', multiple: true, default: ['1', '2'] }, verbs: { type: 'string', default: 'report,check,json,csv,parquet' } } });
const folder = mkdtempSync(join(tmpdir(), 'agent-cost-bench-'));
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));

function write(file: string, bytes: number): { calls: number } {
  const descriptor = openSync(file, 'wx', 0o600);
  let written = 0;
  let calls = 0;
  for (const line of longRecording(() => written >= bytes)) {
    if (line.type === 'call') calls++;
    written += writeSync(descriptor, `${withChecksum(JSON.stringify(line), crc32)}\n`);
  }
  closeSync(descriptor);
  return { calls };
}

process.stdout.write(`${await costsOfStorage()}\n`);

const budget = join(folder, 'budget.json');
writeFileSync(budget, '{"totals": {"failedCalls": 0}}');
const VERBS: Record<string, (file: string) => string[]> = {
  report: (file) => ['report', file],
  check: (file) => ['check', file, '--budget', budget],
  json: (file) => ['export', file, '--format', 'json', '--out', `${file}.json`],
  csv: (file) => ['export', file, '--format', 'csv', '--out', `${file}.csv`],
  parquet: (file) => ['export', file, '--format', 'parquet', '--out', `${file}.parquet`],
  html: (file) => ['export', file, '--format', 'html', '--out', `${file}.html`],
};

const rows = [['recording', 'calls', 'command', 'time', 'peak memory', 'for each call']];
for (const gb of values.gb) {
  const file = join(folder, `${gb}.agentcost`);
  const { calls } = write(file, Number(gb) * 1e9);
  for (const verb of values.verbs.split(',')) {
    const peakFile = join(folder, 'peak');
    const begun = performance.now();
    const { status, stderr } = spawnSync(process.execPath, ['--import', join(root, 'test/bench/programs/peakMemory.mjs'), join(root, 'dist/cli.cjs'), ...VERBS[verb]!(file)], {
      env: { ...process.env, PEAK_MEMORY_FILE: peakFile },
      maxBuffer: 1 << 30,
      encoding: 'utf8',
    });
    const peak = status === null ? null : Number(readFileSync(peakFile, 'utf8'));
    rows.push([formatBytes(statSync(file).size), String(calls), verb, formatDuration(performance.now() - begun), formatBytes(peak), peak === null ? '–' : formatBytes(peak / calls)]);
    process.stdout.write(`${rows.at(-1)!.join('  ')}${status === 0 ? '' : `  failed (${status}): ${stderr.slice(-500)}`}\n`);
  }
  rmSync(file);
}
process.stdout.write(`\n${alignColumns(rows, ['right', 'right', 'left', 'right', 'right', 'right']).join('\n')}\n`);
