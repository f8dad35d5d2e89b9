/** What is said of others on the server while a run's calls are at work: requests that are sent past the profiler, all of them alike. */
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { agentCost, newFolder, onlyRecording, reportOf } from '../cli/agentCost.ts';
import { isMet, print, type Figure } from './figures.ts';
import { SERVED_MODEL } from './limits.ts';
import { fetchOnce } from './fetchOnce.ts';
import { watchReadings } from './readingWatch.ts';

const url = process.env['AGENT_COST_LIVE_URL']!;
const AT_ONCE = 2;

async function ask(): Promise<void> {
  const body = { model: SERVED_MODEL, messages: [{ role: 'user', content: 'Tell of a river and a hill.' }], max_tokens: 60, ignore_eos: true };
  const response = await fetchOnce(`${url}/chat/completions`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
  expect(response.status).toBe(200);
  await response.text();
}

it('others’ requests have the share of the batch that they are', async () => {
  let isOver = false;
  const others = Array.from({ length: AT_ONCE }, async () => {
    while (!isOver) await ask();
  });
  const cwd = newFolder();
  const program = fileURLToPath(new URL('programs/alone.mjs', import.meta.url));
  const { origin } = new URL(url);
  const watch = await watchReadings(origin);
  const { stderr, code } = await agentCost(['run', '--backend', `${watch.url}/v1`, '--', process.execPath, program], { cwd, env: { MODEL: SERVED_MODEL, METRICS_URL: `${origin}/metrics`, READ_URL: `${watch.url}/read` } });
  watch.close();
  isOver = true;
  await Promise.all(others);
  expect(code, stderr).toBe(0);
  const { server, totals, warnings } = await reportOf(onlyRecording(cwd));
  const { prefill, decode, mixed, foreign } = totals.gpuMs;
  const busyMs = (prefill ?? 0) + (decode ?? 0) + (mixed ?? 0);
  const beside = server!.foreign.beside!;
  const rows: Figure[] = [
    // One of ours runs at a time.
    { what: 'their share beside calls', ours: beside.share ?? 0, theirs: AT_ONCE / (AT_ONCE + 1), unit: '', limit: { share: 0.2, atLeast: 0 } },
    { what: 'time beside calls', ours: beside.ms, theirs: busyMs, unit: 'ms', limit: { share: 0.2, atLeast: 0 } },
    // Nobody looks before the first reading and after the last, and a reading sees none where two requests follow on each other.
    { what: 'time alone', ours: foreign ?? 0, theirs: totals.wallMs - busyMs, unit: 'ms', limit: null },
  ];
  print('Two requests of others’ at any time', rows);
  expect(rows.filter((row) => !isMet(row))).toEqual([]);
  expect(foreign).toBeGreaterThan(0);
  expect(server!.foreign.mostRunning).toBe(AT_ONCE);
  expect(warnings.map(({ code: warned }) => warned)).toContain('serverShared');
});
