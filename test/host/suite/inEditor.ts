/** What the in-editor tests share: the extension under test, its lenses, and waiting for conditions. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import * as vscode from 'vscode';
import type { CommandArguments, CommandId, SettingId, SettingTypes } from '../../../src/contributions.ts';
import type { ExtensionState } from '../../../src/extension.ts';
import type { Notification } from '../../../src/host/notify.ts';
import type { Run } from '../../../src/host/runs.ts';
import type { Report, ReportLine } from '../../../src/profile/report.ts';

export const EXTENSION_ID = 'agent-cost.agent-cost-profiler';
/** A whole run on a small, busy machine. */
export const RUN_TIMEOUT_MS = 120_000;

export async function activated(): Promise<ExtensionState> {
  const extension = vscode.extensions.getExtension<ExtensionState>(EXTENSION_ID);
  assert.ok(extension, 'the extension is installed');
  return extension.activate();
}

export function workspaceFile(name: string): vscode.Uri {
  const folder = vscode.workspace.workspaceFolders?.[0];
  assert.ok(folder, 'a workspace folder is open');
  return vscode.Uri.file(join(folder.uri.fsPath, name));
}

export function run<Id extends CommandId>(id: Id, ...args: CommandArguments[Id]): Thenable<unknown> {
  return vscode.commands.executeCommand(id, ...args);
}

/** Waits until `find` finds something. */
export async function eventually<Found>(what: string, find: () => Found | null | undefined | false | Promise<Found | null | undefined | false>, timeoutMs = 30_000): Promise<Found> {
  const until = Date.now() + timeoutMs;
  for (;;) {
    const found = await find();
    if (found) return found;
    if (Date.now() > until) assert.fail(`not within ${timeoutMs / 1000} s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Opens a file in an editor and profiles it to its end. */
export async function profile(file: string): Promise<{ run: Run; report: Report }> {
  const state = await activated();
  const before = state.currentRun()?.file;
  const uri = workspaceFile(file);
  await vscode.window.showTextDocument(uri, { preview: false });
  await run('agentCost.profileActiveFile', uri);
  const profiled = state.currentRun();
  assert.ok(profiled && profiled.file !== before, `a run began; messages: ${JSON.stringify(state.messages())}`);
  assert.ok(profiled.document, `the run was recorded; messages: ${JSON.stringify(state.messages())}`);
  assert.equal(profiled.live, false);
  return { run: profiled, report: profiled.document.report };
}

export interface ShownLens {
  line: number;
  title: string;
  command: vscode.Command;
}

/** The lenses of a file's lines that call, or lead to calls, from the top. */
export async function lensesOf(uri: vscode.Uri): Promise<ShownLens[]> {
  return (await allLensesOf(uri)).filter(({ title }) => !title.startsWith('ƒ'));
}

/** The lenses of the program's own functions, from the top. */
export async function functionLensesOf(uri: vscode.Uri): Promise<ShownLens[]> {
  return (await allLensesOf(uri)).filter(({ title }) => title.startsWith('ƒ'));
}

async function allLensesOf(uri: vscode.Uri): Promise<ShownLens[]> {
  const lenses = await vscode.commands.executeCommand<vscode.CodeLens[]>('vscode.executeCodeLensProvider', uri, 100);
  return lenses
    .flatMap((lens) => (lens.command?.command === 'agentCost.showCostOnTimeline' ? [{ line: lens.range.start.line + 1, title: lens.command.title, command: lens.command }] : []))
    .sort((a, b) => a.line - b.line);
}

export async function hoverAt(uri: vscode.Uri, line: number): Promise<string> {
  const hovers = await vscode.commands.executeCommand<vscode.Hover[]>('vscode.executeHoverProvider', uri, new vscode.Position(line - 1, 0));
  return hovers.flatMap((hover) => hover.contents.map((content) => (typeof content === 'string' ? content : content.value))).join('\n');
}

/** Lines of a file that have a lens, from the top: those that make calls, and those that lead to them. */
export function lensLinesIn(report: Report, file: string): ReportLine[] {
  return report.lines.filter((line) => line.file.endsWith(file)).sort((a, b) => a.line - b.line);
}

/** Lines of a file that make calls themselves. */
export function linesIn(report: Report, file: string): ReportLine[] {
  return lensLinesIn(report, file).filter((line) => line.calls > 0);
}

/** 1-based number of the first line of a document with this text. */
export function lineWith(document: vscode.TextDocument, text: string): number {
  for (let line = 0; line < document.lineCount; line++) if (document.lineAt(line).text.includes(text)) return line + 1;
  return assert.fail(`no line with ${text}`);
}

/** The message that an action makes the extension show. */
export async function messageOf(action: () => Thenable<unknown>): Promise<Notification> {
  const state = await activated();
  const before = new Set(state.messages());
  await action();
  return eventually('a message', () => state.messages().find((message) => !before.has(message)));
}

/** All messages that the extension shows during an action. */
export async function messagesOf(action: () => PromiseLike<unknown>): Promise<Notification[]> {
  const state = await activated();
  const before = new Set(state.messages());
  await action();
  return state.messages().filter((message) => !before.has(message));
}

/** Sets a setting for the time of an action. */
export async function withSetting<Id extends SettingId>(id: Id, value: SettingTypes[Id] | string, action: () => Promise<void>): Promise<void> {
  const set = (to: unknown): Thenable<void> => vscode.workspace.getConfiguration().update(id, to, vscode.ConfigurationTarget.Workspace);
  await set(value);
  try {
    await action();
  } finally {
    await set(undefined);
  }
}
