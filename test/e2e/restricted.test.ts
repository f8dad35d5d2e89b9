/** A folder that its user does not trust: recordings can be viewed, and nothing offers to run what is in it. */
import { cpSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { listedCommands, openFile, openRun, openWorkbench, paintedCanvases, playButton, runCommand, screenshots, timelines, type Workbench } from './workbench.ts';

const recording = join(dirname(fileURLToPath(import.meta.url)), '..', 'fixtures', 'recordings', 'two-steps.agentcost');

let workbench: Workbench;
beforeAll(async () => {
  workbench = await openWorkbench({
    trusted: false,
    prepare: (folder) => {
      mkdirSync(join(folder, '.agent-cost'));
      cpSync(recording, join(folder, '.agent-cost', 'earlier.agentcost'));
    },
  });
});
afterAll(async () => {
  await workbench?.dispose();
});

it('has no play button', async () => {
  const { page } = workbench;
  await page.locator('.part.statusbar', { hasText: 'Restricted Mode' }).waitFor();
  await openFile(page, 'agent.py');
  await page.locator('.editor-actions .action-item').first().waitFor();
  expect(await playButton(page).count()).toBe(0);
});

it('says on the empty timeline why nothing is run, and has no button for it', async () => {
  const { page } = workbench;
  await runCommand(page, 'Agent Cost: Focus on Timeline View');
  await expect.poll(async () => (await timelines(page)).length).toBe(1);
  const [timeline] = await timelines(page);
  await timeline!.locator('.state', { hasText: 'This workspace is not trusted' }).waitFor();
  expect(await timeline!.locator('vscode-button', { hasText: 'Profile' }).count()).toBe(0);
});

it('shows a recording on the timeline', async () => {
  const { page } = workbench;
  await openRun(page, 'earlier');
  await runCommand(page, 'Agent Cost: Show Timeline');
  await expect.poll(async () => (await timelines(page)).length).toBe(2);
  for (const frame of await timelines(page)) await expect.poll(() => paintedCanvases(frame)).toBeGreaterThan(0);
  await page.screenshot({ path: join(screenshots, 'restricted.png') });
});

it('lists only commands that start nothing', async () => {
  const listed = await listedCommands(workbench.page, 'Agent Cost:');
  expect(listed).toContain('Agent Cost: Open Recording…');
  expect(listed.filter((title) => /Profile|Start/.test(title))).toEqual([]);
});
