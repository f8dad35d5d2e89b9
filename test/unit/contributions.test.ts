import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import {
  captureValues,
  commandTitles,
  contextKeys,
  internalCommands,
  launchingCommands,
  energyPolicyValues,
  lensCostValues,
  lensShowValues,
  openOnRunValues,
  recordingEditorType,
  settingDefaults,
  treeItemKinds,
  walkthroughSteps,
  panelContainer,
  viewContainer,
  views,
} from '../../src/contributions.ts';
import { energyPolicySchema } from '../../src/profile/accounting.ts';
import { localizedManifest } from '../fixtures/manifest.ts';

const root = join(import.meta.dirname, '..', '..');
const menuItemSchema = z.object({ command: z.string(), when: z.string(), group: z.string().optional() });
const manifest = z
  .object({
    main: z.string(),
    icon: z.string(),
    activationEvents: z.array(z.string()),
    capabilities: z.object({ untrustedWorkspaces: z.object({ supported: z.literal('limited'), restrictedConfigurations: z.array(z.string()) }) }),
    contributes: z.object({
      commands: z.array(z.object({ command: z.string(), title: z.string(), category: z.string(), enablement: z.string().optional(), icon: z.union([z.string(), z.record(z.string(), z.string())]).optional() })),
      menus: z.record(z.string(), z.array(menuItemSchema)),
      viewsContainers: z.object({ activitybar: z.array(z.object({ id: z.string(), icon: z.string() })), panel: z.array(z.object({ id: z.string(), icon: z.string() })) }),
      views: z.record(z.string(), z.array(z.object({ id: z.string(), when: z.string().optional() }))),
      viewsWelcome: z.array(z.object({ view: z.string(), contents: z.string(), when: z.string() })),
      walkthroughs: z.array(z.object({ steps: z.array(z.object({ id: z.string(), description: z.string(), media: z.object({ image: z.object({ dark: z.string(), light: z.string(), hc: z.string(), hcLight: z.string() }), altText: z.string().min(20) }), completionEvents: z.array(z.string()) })) })),
      customEditors: z.array(z.object({ viewType: z.string(), selector: z.array(z.object({ filenamePattern: z.string() })) })),
      configuration: z.object({
        properties: z.record(z.string(), z.object({ type: z.string(), default: z.unknown(), enum: z.array(z.unknown()).optional(), description: z.string().optional(), markdownDescription: z.string().optional() })),
      }),
    }),
  })
  .parse(localizedManifest());
const { contributes } = manifest;
const steps = contributes.walkthroughs.flatMap((walkthrough) => walkthrough.steps);
const commandIds = Object.keys(commandTitles).sort();
const whenClauses = [
  ...Object.values(contributes.menus).flatMap((items) => items.map((item) => item.when)),
  ...contributes.commands.flatMap((command) => command.enablement ?? []),
  ...contributes.viewsWelcome.map((welcome) => welcome.when),
  ...Object.values(contributes.views).flatMap((list) => list.flatMap((view) => view.when ?? [])),
];

describe('the manifest and the tables in contributions.ts', () => {
  it('have the same commands, with the same titles, under one category', () => {
    expect(Object.fromEntries(contributes.commands.map(({ command, title }) => [command, title]))).toEqual(commandTitles);
    expect(new Set(contributes.commands.map((command) => command.category))).toEqual(new Set(['Agent Cost']));
  });

  it('have the same settings, with the same defaults and choices', () => {
    const { properties } = contributes.configuration;
    expect(Object.fromEntries(Object.entries(properties).map(([id, property]) => [id, property.default]))).toEqual(settingDefaults);
    expect(properties['agentCost.capture']?.enum).toEqual(captureValues);
    expect(properties['agentCost.accounting.energyPolicy']?.enum).toEqual(energyPolicyValues);
    expect(energyPolicyValues).toEqual(energyPolicySchema.options);
    expect(properties['agentCost.lens.show']?.enum).toEqual(lensShowValues);
    expect(properties['agentCost.lens.cost']?.enum).toEqual(lensCostValues);
    expect(properties['agentCost.timeline.openOnRun']?.enum).toEqual(openOnRunValues);
    for (const [id, property] of Object.entries(properties)) expect(property.description ?? property.markdownDescription, id).toBeTruthy();
  });

  it('have the same views, in their containers', () => {
    expect(contributes.viewsContainers.activitybar.map((container) => container.id)).toEqual([viewContainer]);
    expect(contributes.viewsContainers.panel.map((container) => container.id)).toEqual([panelContainer]);
    expect(Object.keys(contributes.views)).toEqual([viewContainer, panelContainer]);
    expect(Object.values(contributes.views).flatMap((list) => list.map((view) => view.id)).sort()).toEqual(Object.values(views).sort());
    expect(contributes.customEditors.map((editor) => editor.viewType)).toEqual([recordingEditorType]);
  });

  it('use only known commands in menus and links', () => {
    const linked = contributes.viewsWelcome.flatMap((welcome) => [...welcome.contents.matchAll(/\(command:([\w.]+)\)/g)].map((match) => match[1]));
    for (const id of [...Object.values(contributes.menus).flatMap((items) => items.map((item) => item.command)), ...linked]) expect(commandIds).toContain(id);
    for (const { description, completionEvents } of steps) {
      for (const [, id] of `${description} ${completionEvents.map((event) => `(${event.replace('onCommand', 'command')})`).join(' ')}`.matchAll(/\(command:(agentCost\.[\w.]+)\)/g)) expect(commandIds).toContain(id);
      for (const [, id] of completionEvents.join(' ').matchAll(/onSettingChanged:(\S+)/g)) expect(Object.keys(settingDefaults)).toContain(id);
      for (const [, id] of completionEvents.join(' ').matchAll(/onContext:(\S+)/g)) expect(Object.keys(contextKeys)).toContain(id);
      expect(completionEvents.length).toBeGreaterThan(0);
    }
    for (const welcome of contributes.viewsWelcome) expect(Object.values(views)).toContain(welcome.view);
  });

  it('use only known context keys, views and tree items in when clauses', () => {
    const known = [...Object.keys(contextKeys), ...Object.values(views)];
    for (const clause of whenClauses) {
      for (const [name] of clause.matchAll(/agentCost\.\w+/g)) expect(known, clause).toContain(name);
      for (const [, name] of clause.matchAll(/viewItem == (\w+)/g)) expect(Object.values(treeItemKinds), clause).toContain(name);
    }
    for (const key of Object.keys(contextKeys)) expect(whenClauses.some((clause) => clause.includes(key)), `${key} is used`).toBe(true);
  });
});

describe('the palette', () => {
  const palette = new Map(contributes.menus['commandPalette']?.map((item) => [item.command, item.when]));

  it('never shows what needs a view’s argument', () => {
    for (const id of internalCommands) expect(palette.get(id)).toBe('false');
  });

  it('shows what launches a program only in a trusted workspace, and so does every menu', () => {
    for (const id of launchingCommands) {
      const clauses = Object.values(contributes.menus).flatMap((items) => items.filter((item) => item.command === id).map((item) => item.when));
      expect(clauses.length).toBeGreaterThan(0);
      for (const clause of clauses) expect(clause).toContain('isWorkspaceTrusted');
      expect(contributes.commands.find((command) => command.command === id)?.enablement).toContain('isWorkspaceTrusted');
    }
  });

  it('shows a command that is disabled in some states only where it is enabled', () => {
    for (const { command, enablement } of contributes.commands) if (enablement !== undefined) expect(palette.get(command), command).toContain(enablement);
  });
});

describe('the manifest', () => {
  it('keeps settings that run or redirect something from untrusted workspaces', () => {
    expect(manifest.capabilities.untrustedWorkspaces.restrictedConfigurations).toEqual(expect.arrayContaining(['agentCost.backend', 'agentCost.python', 'agentCost.node']));
  });

  it('activates on nothing but what it contributes', () => {
    expect(manifest.activationEvents).toEqual([]);
  });

  it('has a walkthrough of four steps, each with a picture for each kind of theme', () => {
    expect(steps.map(({ id }) => id)).toEqual(walkthroughSteps);
    for (const image of steps.flatMap(({ media }) => Object.values(media.image))) expect(existsSync(join(root, image)), image).toBe(true);
  });

  it('has one button for who has no runs yet, whatever the workspace is', () => {
    for (const { contents } of contributes.viewsWelcome) expect(contents.split('\n').filter((line) => /^\[[^\]]+\]\([^)]+\)$/.test(line))).toHaveLength(1);
  });

  it('names icons that are there', () => {
    const icons = [manifest.icon, ...contributes.viewsContainers.activitybar.map((container) => container.icon), ...contributes.commands.flatMap(({ icon }) => (typeof icon === 'object' ? Object.values(icon) : []))];
    for (const icon of icons) expect(existsSync(join(root, icon)), icon).toBe(true);
    const profile = contributes.commands.find((command) => command.command === 'agentCost.profileActiveFile');
    expect(profile?.icon).toMatchObject({ light: expect.stringContaining('.svg') as unknown, dark: expect.stringContaining('.svg') as unknown });
  });
});
