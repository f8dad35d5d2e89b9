/** `agent-cost delete` as a user types it. */
import { existsSync, mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { agentCost, newFolder } from './agentCost.ts';

const DAY_S = 86_400;

function workspace(): { folder: string; file: (name: string) => string } {
  const folder = newFolder();
  mkdirSync(join(folder, '.agent-cost'));
  for (const [name, days] of [['old', 40], ['recent', 3], ['new', 0]] as const) {
    const file = join(folder, '.agent-cost', `${name}.agentcost`);
    writeFileSync(file, 'x');
    const at = Date.now() / 1000 - days * DAY_S;
    utimesSync(file, at, at);
  }
  return { folder, file: (name) => join(folder, '.agent-cost', `${name}.agentcost`) };
}

it('deletes what is old, after saying what that is', async () => {
  const { folder, file } = workspace();
  const dry = await agentCost(['delete', '--older-than', '30d', '--dry-run'], { cwd: folder });
  expect([dry.code, dry.stdout, dry.stderr]).toEqual([0, '.agent-cost/old.agentcost\n', '1 recording, 1 B, would be deleted\n']);
  expect(existsSync(file('old'))).toBe(true);
  const done = await agentCost(['delete', '--older-than', '48h', '--json'], { cwd: folder });
  expect([done.code, JSON.parse(done.stdout)]).toEqual([0, ['old', 'recent'].map((name) => ({ file: file(name), bytes: 1 }))]);
  expect(['old', 'recent', 'new'].map((name) => existsSync(file(name)))).toEqual([false, false, true]);
});

it('deletes all, or those that are named', async () => {
  const { folder, file } = workspace();
  const one = await agentCost(['delete', '.agent-cost/old.agentcost', './.agent-cost/old.agentcost'], { cwd: folder });
  expect([one.code, one.stderr]).toEqual([0, '1 recording, 1 B, deleted\n']);
  const all = await agentCost(['delete', '--all'], { cwd: folder });
  expect([all.code, all.stdout]).toEqual([0, '.agent-cost/recent.agentcost\n.agent-cost/new.agentcost\n']);
  expect(existsSync(file('new'))).toBe(false);
  expect((await agentCost(['delete', '--all'], { cwd: folder })).stderr).toBe('0 recordings, 0 B, deleted\n');
});

it.each([
  [[], /Name the recordings to delete, or choose with one of --all and --older-than/],
  [['.agent-cost/old.agentcost', '--all'], /one of --all and --older-than/],
  [['--older-than', 'soon'], /such as 12h, 30d or 8w, not "soon"/],
  [['.agent-cost/old.agentcost', 'gone.agentcost'], /gone\.agentcost: there is no such file\. Nothing was deleted/],
  [['.agent-cost/old.agentcost', 'notes.txt'], /notes\.txt is no recording .* Nothing was deleted/],
])('refuses %j and deletes nothing', async (args, why) => {
  const { folder, file } = workspace();
  writeFileSync(join(folder, 'notes.txt'), 'x');
  const { code, stderr } = await agentCost(['delete', ...args], { cwd: folder });
  expect(code).toBe(2);
  expect(stderr).toMatch(why);
  expect(existsSync(file('old'))).toBe(true);
});
