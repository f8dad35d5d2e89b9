/**
 * Whatever goes wrong around it, the agent gets its answers, and what had ended is recorded: each case many times, at moments that
 * a seed draws.
 *
 *     npm run test:chaos [-- --seed N --rounds N --only CASE,… --full --allow-missing --list]
 */
import { parseArgs } from 'node:util';
import { newestEnvironment } from '../hooks/python/pythons.ts';
import { cases } from './cases/list.ts';
import { play, type Played } from './play.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    rounds: { type: 'string', default: '5' },
    only: { type: 'string', default: '' },
    /** How long before a kill a call may have ended and still be lost, in milliseconds. */
    loss: { type: 'string', default: '250' },
    full: { type: 'boolean', default: false },
    'allow-missing': { type: 'boolean', default: false },
    list: { type: 'boolean', default: false },
  },
});

function chosen() {
  if (values.only === '') return cases;
  const names = values.only.split(',');
  const unknown = names.filter((name) => !cases.some((one) => one.name === name));
  if (unknown.length > 0) throw new Error(`there is no case ${unknown.join(', ')}; there are ${cases.map(({ name }) => name).join(', ')}`);
  return cases.filter(({ name }) => names.includes(name));
}

function whole(name: 'seed' | 'rounds' | 'loss'): number {
  const number = Number(values[name]);
  if (!Number.isInteger(number) || number < 0) throw new Error(`--${name} ${values[name]} is no whole number`);
  return number;
}

const row = (name: string, rounds: string, passed: string, calls: string, recorded: string, lost: string, told: string) =>
  `${name.padEnd(18)} ${rounds.padStart(6)} ${passed.padStart(6)} ${calls.padStart(8)} ${recorded.padStart(9)} ${lost.padStart(8)}  ${told}\n`;

if (values.list) {
  for (const { name, title } of cases) process.stdout.write(`${name.padEnd(18)} ${title}\n`);
} else {
  const [seed, rounds, lossMs] = [whole('seed'), whole('rounds'), whole('loss')];
  const { executable: python } = await newestEnvironment();
  process.stdout.write(`seed ${seed}: repeat with npm run test:chaos -- --seed ${seed} --rounds ${rounds}${values.only === '' ? '' : ` --only ${values.only}`}\n\n`);
  const results: Played[] = [];
  for (const one of chosen()) {
    const result = await play(one, { seed, rounds, python, options: { lossMs, full: values.full, languages: ['Node', 'Python'] }, onRound: (text) => process.stdout.write(`  ${text}\n`) });
    results.push(result);
  }
  process.stdout.write(`\n${row('case', 'rounds', 'passed', 'calls', 'recorded', 'lost ≤', '')}`);
  for (const { name, missing, passed, calls, recorded, lostMs, note } of results)
    process.stdout.write(missing === null ? row(name, String(rounds), String(passed), String(calls), String(recorded), lostMs === 0 ? '–' : `${Math.ceil(lostMs)} ms`, note) : row(name, 'not run', '–', '–', '–', '–', missing));
  const failed = results.filter(({ missing, passed }) => (missing === null ? passed < rounds : !values['allow-missing']));
  process.stdout.write(failed.length === 0 ? `\nall as it should be (seed ${seed})\n` : `\nnot as it should be: ${failed.map(({ name }) => name).join(', ')} (seed ${seed})\n`);
  process.exitCode = failed.length === 0 ? 0 : 1;
}
