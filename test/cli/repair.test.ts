/** `agent-cost repair` as a user types it. */
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { call, callEnd, end, header, recordingText } from '../unit/recordingLines.ts';
import { agentCost, newFolder, reportOf } from './agentCost.ts';

it('makes a sound recording of a damaged one, which it leaves alone', async () => {
  const folder = newFolder();
  const file = join(folder, 'run.agentcost');
  const text = recordingText(header(), call('a', 10), callEnd('a', 20), call('b', 30), end(40)).split('\n').toSpliced(2, 0, '{"type":"callEnd","t":1').join('\n');
  writeFileSync(file, text);
  const { code, stdout, stderr } = await agentCost(['repair', file], { cwd: folder });
  const path = join(folder, 'run.repaired.agentcost');
  expect([code, stdout]).toEqual([0, `${path}\n`]);
  expect(stderr).toBe('line 3 left out (the end of a call): it is no whole JSON\n5 lines kept\n');
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(readFileSync(file, 'utf8')).toBe(text);
  const report = await reportOf(path);
  expect(report.spans.filter(({ kind }) => kind === 'llm').map(({ id, status }) => [id, status])).toEqual([['a', 'ok'], ['b', 'incomplete']]);
  const again = await agentCost(['repair', file, '--json', '-o', join(folder, 'again.agentcost')], { cwd: folder });
  expect(JSON.parse(again.stdout)).toEqual({ path: join(folder, 'again.agentcost'), kept: 5, leftOut: 1, lines: [{ line: 3, why: 'it is no whole JSON', lost: 'the end of a call' }], headerMade: false });
});

it.each([
  ['nothing.agentcost', null, /cannot be read/],
  ['empty.agentcost', '', /nothing of a recording can be read/],
  ['other.agentcost', 'hello\nworld\n', /nothing of a recording can be read/],
  ['newer.agentcost', JSON.stringify({ ...header(), version: 99 }), /format version 99/],
])('says of %s what is wrong, and writes nothing', async (name, text, why) => {
  const folder = newFolder();
  if (text !== null) writeFileSync(join(folder, name), text);
  const { code, stderr } = await agentCost(['repair', name], { cwd: folder });
  expect([code, stderr]).toEqual([2, expect.stringMatching(why)]);
  expect(() => statSync(join(folder, name.replace('.agentcost', '.repaired.agentcost')))).toThrow();
});
