/** Open Example Recording: a simulated run of a small agent that the extension brings along, to look at before anything is run. */
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Uri, ViewColumn, window, workspace } from 'vscode';
import type { RunStore } from './runs.ts';

const AGENT = 'agent.mjs';
const RECORDING = 'example.agentcost';
/** Stands in the shipped recording for the folder that the agent lies in; `scripts/example.mjs` puts it there. */
const FOLDER = '/agent-cost-example';

/**
 * Puts the agent and its recording into a folder of ours, and shows both.
 * @param media the extension's folder of media
 * @param storage the extension's own folder, outside of any workspace
 * @throws Error when the folder cannot be written
 */
export async function openExample(runs: RunStore, media: Uri, storage: Uri): Promise<void> {
  const shipped = join(media.fsPath, 'example');
  const folder = join(storage.fsPath, 'example');
  await mkdir(folder, { recursive: true });
  await copyFile(join(shipped, AGENT), join(folder, AGENT));
  const text = await readFile(join(shipped, RECORDING), 'utf8');
  // Within JSON: a path of Windows has backslashes to be escaped.
  const placed = text.replaceAll(`${FOLDER}/`, JSON.stringify(join(folder, '/')).slice(1, -1)).replaceAll(FOLDER, JSON.stringify(folder).slice(1, -1));
  const file = join(folder, RECORDING);
  await writeFile(file, placed, { mode: 0o600 });
  await window.showTextDocument(await workspace.openTextDocument(Uri.file(join(folder, AGENT))), { viewColumn: ViewColumn.One, preview: false });
  await runs.open(file);
}
