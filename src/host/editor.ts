/** VS Code's commands, settings and context keys, typed by the tables of `contributions.ts`. */
import { commands, workspace, Disposable, type ConfigurationScope } from 'vscode';
import type { CommandArguments, CommandId, ContextKey, ContextKeys, SettingId, SettingTypes } from '../contributions.ts';

/** A handler for every command: a forgotten one does not compile. */
export type CommandHandlers = { [Id in CommandId]: (...args: CommandArguments[Id]) => unknown };

/** @param onError told about whatever a handler throws, so that no failure stays unseen */
export function registerCommands(handlers: CommandHandlers, onError: (command: CommandId, error: unknown) => void): Disposable {
  const register = <Id extends CommandId>(id: Id): Disposable =>
    commands.registerCommand(id, async (...args: CommandArguments[Id]) => {
      try {
        return await handlers[id](...args);
      } catch (error) {
        onError(id, error);
        return undefined;
      }
    });
  return Disposable.from(...(Object.keys(handlers) as CommandId[]).map(register));
}

export function runCommand<Id extends CommandId>(id: Id, ...args: CommandArguments[Id]): Thenable<unknown> {
  return commands.executeCommand(id, ...args);
}

/** The raw value of a setting: what the user wrote, of whatever type that is. */
export function readSetting<Id extends SettingId>(id: Id, scope?: ConfigurationScope | null): SettingTypes[Id] | undefined {
  return workspace.getConfiguration(undefined, scope).get<SettingTypes[Id]>(id);
}

export function setContext<Key extends ContextKey>(key: Key, value: ContextKeys[Key]): void {
  void commands.executeCommand('setContext', key, value);
}
