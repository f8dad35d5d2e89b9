/** The extension's settings as VS Code has them. */
import { commands, type ConfigurationScope } from 'vscode';
import { settingDefaults, type SettingId } from '../contributions.ts';
import type { RawSettings } from './choices.ts';
import { readSetting } from './editor.ts';

/** All settings, unchecked, as they hold for a resource. */
export function rawSettings(scope?: ConfigurationScope): RawSettings {
  const raw: RawSettings = {};
  for (const id of Object.keys(settingDefaults) as SettingId[]) raw[id] = readSetting(id, scope);
  return raw;
}

/** Shows a setting in the settings editor. */
export function openSetting(id: SettingId): Thenable<unknown> {
  return commands.executeCommand('workbench.action.openSettings', id);
}
