/**
 * What somebody sees who has just installed the extension: one button, an example that runs nothing, and the walkthrough. In a light
 * theme with AGENT_COST_PICTURES=light in the environment, as half of the walkthrough's pictures are.
 */
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { walkthroughSteps } from '../../src/contributions.ts';
import { lensTexts, openFile, openWorkbench, paintedCanvases, playButton, runCommand, screenshots, themes, timelines, type Workbench } from './workbench.ts';

const look = themes.find(({ name }) => name === (process.env['AGENT_COST_PICTURES'] ?? 'dark'))!;
let workbench: Workbench;
beforeAll(async () => {
  workbench = await openWorkbench({ look });
});
afterAll(async () => {
  await workbench?.dispose();
});
afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') await workbench?.page.screenshot({ path: join(screenshots, `failed-${task.id}.png`) });
});

/** Buttons, as VS Code draws a link that has a line of its own; others are links. */
const buttons = () => workbench.page.locator('.part.sidebar .welcome-view-content .monaco-button');

/** What `media/walkthrough` has been taken from: a part of the window. */
const picture = (step: string, clip: { x: number; y: number; width: number; height: number }) => workbench.page.screenshot({ path: join(screenshots, `walkthrough-${step}-${look.name}.png`), clip });

it('offers one button where there are no runs: the example, or, with an agent open, to profile it', async () => {
  const { page } = workbench;
  await runCommand(page, 'Agent Cost: Focus on Runs View');
  await buttons().filter({ hasText: 'Look at an Example' }).waitFor();
  expect(await buttons().count()).toBe(1);
  await openFile(page, 'agent.py');
  await buttons().filter({ hasText: 'Profile Active File' }).waitFor();
  expect(await buttons().count()).toBe(1);
  await playButton(page).hover();
  await page.locator('.monaco-hover', { hasText: 'Profile Active File' }).waitFor();
  await picture('profile', { ...(await page.locator('.part.editor .editor-group-container').boundingBox())!, height: 420 });
});

it('opens the example: the agent with its lenses, and its timeline, which says that it is simulated', async () => {
  const { page } = workbench;
  await runCommand(page, 'Agent Cost: Open Example Recording');
  await page.locator('.tab[data-resource-name="agent.mjs"]').waitFor();
  await expect.poll(() => lensTexts(page)).toContainEqual(expect.stringMatching(/^⚡ .* sim per call · 6 calls$/));
  await expect.poll(async () => (await timelines(page)).length).toBeGreaterThan(0);
  for (const frame of await timelines(page)) {
    await expect.poll(() => paintedCanvases(frame)).toBeGreaterThan(0);
    await expect.poll(() => frame.locator('main.app').innerText()).toMatch(/simulated/i);
  }
  // Again from the start, over what is there.
  await runCommand(page, 'Agent Cost: Open Example Recording');
  await page.screenshot({ path: join(screenshots, 'example.png') });
  const [editor, timeline] = await page.locator('.part.editor .editor-group-container').all();
  await picture('lenses', { ...(await editor!.boundingBox())!, height: 560 });
  await picture('example', { ...(await timeline!.boundingBox())!, height: 620 });
});

it('leads to the setting that names a server', async () => {
  const { page } = workbench;
  await runCommand(page, 'View: Close All Editors');
  await runCommand(page, 'Preferences: Open Settings (UI)');
  await page.locator('.settings-editor .settings-tabs-widget', { hasText: 'Workspace' }).getByText('Workspace', { exact: true }).click();
  await page.locator('.settings-editor .suggest-input-container .view-lines').first().click();
  await page.keyboard.type('agentCost.backend');
  await page.locator('.settings-editor .setting-item-contents', { hasText: 'Where LLM calls go' }).waitFor();
  await picture('server', { ...(await page.locator('.settings-editor .settings-body').boundingBox())!, height: 150 });
});

it('has a walkthrough whose steps show their pictures', async () => {
  const { page } = workbench;
  // Pictures are shown where there is room for them.
  await runCommand(page, 'View: Close All Editors');
  await runCommand(page, 'Welcome: Open Walkthrough');
  await page.locator('.quick-input-list .monaco-list-row', { hasText: 'What Every Line of an Agent Costs' }).click();
  for (const id of walkthroughSteps) {
    const step = page.locator(`.getting-started-step[data-step-id$="${id}"]`);
    await step.click();
    await page.locator(`.getting-started-media img[srcset*="${id}-${look.name}.png"]`).waitFor();
    await expect.poll(() => page.evaluate<number>("document.querySelector('.getting-started-media img').naturalWidth")).toBeGreaterThan(0);
    await page.screenshot({ path: join(screenshots, `walkthrough-step-${id}.png`) });
  }
});
