/** `agent-cost import` as a user types it. */
import { copyFileSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { agentCost, newFolder, reportOf, repository } from './agentCost.ts';

it('makes a recording of an export, which report and export read', async () => {
  const folder = newFolder();
  copyFileSync(join(repository, 'media/example/example.agentcost'), join(folder, 'a.agentcost'));
  const run = (...args: string[]) => agentCost(args, { cwd: folder });
  expect((await run('export', 'a.agentcost', '--format', 'otlp')).code).toBe(0);
  const { code, stdout, stderr } = await run('import', 'a.otlp.json', '-o', 'b.agentcost');
  expect({ code, stdout }).toEqual({ code: 0, stdout: `${join(folder, 'b.agentcost')}\n` });
  expect(stderr).toMatch(/^OTLP: \d+ spans, 6 model calls of them\n$/);
  expect(statSync(join(folder, 'b.agentcost')).mode & 0o777).toBe(0o600);
  const [before, after] = [await reportOf(join(folder, 'a.agentcost')), await reportOf(join(folder, 'b.agentcost'))];
  for (const name of ['llmCalls', 'toolCalls', 'requests', 'promptTokens', 'cachedTokens', 'completionTokens'] as const) expect(after.totals[name], name).toBe(before.totals[name]);
  expect(after.run).toMatchObject({ name: 'a.otlp', complete: true });
  // The same calls on the same lines, by the comparison's own reckoning.
  const diff = await run('diff', 'a.agentcost', 'b.agentcost', '--json');
  const { lines } = JSON.parse(diff.stdout) as { lines: { function: string | null; leads: boolean; runs: { before: number; after: number } }[] };
  expect(lines.filter(({ leads, runs }) => !leads && runs.before + runs.after < 2)).toEqual([]);
  expect(readFileSync(join(folder, 'b.agentcost'), 'utf8').split('\n')[0]).toContain('"producer":{"name":"agent-cost import"');
});

it.each([
  ['there is none', null, /^agent-cost: x\.json cannot be read: ENOENT[^\n]*\n$/],
  ['it is no trace', '{"a":1}', /^agent-cost: x\.json cannot be imported: it is JSON, but no trace that is known here \(OTLP, Chrome trace, Langfuse, LangSmith\)\.\n$/],
])('says in a line that %s', async (_, content, message) => {
  const folder = newFolder();
  if (content !== null) writeFileSync(join(folder, 'x.json'), content);
  const { code, stdout, stderr } = await agentCost(['import', 'x.json'], { cwd: folder });
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toMatch(message);
});
