/**
 * Looks for inputs that break what reads strangers' bytes.
 *
 *     npm run test:fuzz [-- --seconds N --only TARGET,… --seed N --keep --list]
 *
 * Each target runs for N seconds (30) from the kept inputs on, with Jazzer.js, else by chance. An input that fails is put among the
 * kept ones, for `npm test` to run from then on; with --keep so are the fewest that reach all the code that was reached.
 */
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import { runByChance } from './byChance.ts';
import { TARGET_ENV } from './entry.ts';
import { jazzerMissing, runJazzer } from './jazzer.ts';
import { targets } from './targets.ts';

const root = join(import.meta.dirname, '../..');
const corpus = join(import.meta.dirname, 'corpus');

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '30' },
    only: { type: 'string', default: '' },
    seed: { type: 'string', default: String((Date.now() % 1_000_000) + 1) },
    keep: { type: 'boolean', default: false },
    list: { type: 'boolean', default: false },
  },
});

function chosen(): string[] {
  const names = values.only === '' ? Object.keys(targets) : values.only.split(',');
  const unknown = names.filter((name) => targets[name] === undefined);
  if (unknown.length > 0) throw new Error(`there is no target ${unknown.join(', ')}; there are ${Object.keys(targets).join(', ')}`);
  return names;
}

function whole(name: 'seconds' | 'seed'): number {
  const number = Number(values[name]);
  if (!Number.isInteger(number) || number < 1) throw new Error(`--${name} ${values[name]} is no whole number from 1 on`);
  return number;
}

async function main(): Promise<void> {
  const [seconds, seed] = [whole('seconds'), whole('seed')];
  const missing = await jazzerMissing();
  process.stdout.write(`seed ${seed}, ${missing === null ? 'Jazzer.js' : `by chance, without Jazzer.js: ${missing}`}\n\n`);
  const folder = mkdtempSync(join(tmpdir(), 'agent-cost-fuzz-'));
  const bundle = join(folder, 'fuzz.cjs');
  await build({ absWorkingDir: root, entryPoints: ['test/fuzz/entry.ts'], bundle: true, platform: 'node', target: 'node20', format: 'cjs', outfile: bundle, logLevel: 'error' });
  const row = (...cells: string[]) => process.stdout.write(`${cells.map((cell, n) => (n === 0 ? cell.padEnd(14) : cell.padStart(11))).join(' ')}\n`);
  row('target', 'runs', 'covered', 'kept', 'failed');
  try {
    for (const target of chosen()) {
      const kept = join(corpus, target);
      const work = join(folder, target);
      mkdirSync(kept, { recursive: true });
      mkdirSync(work);
      const env = { [TARGET_ENV]: target };
      const ran = missing === null ? await runJazzer(bundle, env, [work, kept], kept, [`-max_total_time=${seconds}`, `-seed=${seed}`]) : runByChance(targets[target]!, kept, kept, seconds, seed);
      if (ran.ok && values.keep && missing === null) await runJazzer(bundle, env, [kept, work], kept, ['-merge=1']);
      row(target, ran.runs, ran.covered, String(readdirSync(kept).length), ran.ok ? '–' : 'yes');
      if (ran.ok) continue;
      process.stdout.write(`${ran.said.slice(-4000)}\n`);
      process.exitCode = 1;
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

if (values.list) process.stdout.write(`${Object.keys(targets).join('\n')}\n`);
else await main();
