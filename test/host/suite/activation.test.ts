import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import * as vscode from 'vscode';
import { commandTitles } from '../../../src/contributions.ts';
import { activated, EXTENSION_ID, workspaceFile } from './inEditor.ts';

/** More than this is felt when a window opens. */
const LONGEST_ACTIVATION_MS = 50;

export function activationSuite(): void {
  describe('activation', () => {
    it('does not happen before the extension is asked for', () => {
      assert.equal(vscode.extensions.getExtension(EXTENSION_ID)?.isActive, false);
    });

    it(`takes no more than ${LONGEST_ACTIVATION_MS} ms and runs nothing`, async () => {
      const state = await activated();
      assert.ok(state.activationMs <= LONGEST_ACTIVATION_MS, `took ${state.activationMs} ms`);
      assert.deepEqual(state.messages(), []);
      assert.equal(state.currentRun(), null);
      assert.equal(state.statusText(), null);
      assert.equal(existsSync(workspaceFile('.agent-cost').fsPath), false);
    });

    it('registers every command', async () => {
      await activated();
      const registered = (await vscode.commands.getCommands(true)).filter((id) => id in commandTitles);
      assert.deepEqual(registered.sort(), Object.keys(commandTitles).sort());
    });
  });
}
