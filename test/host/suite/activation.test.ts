import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import * as vscode from 'vscode';
import { commandTitles } from '../../../src/contributions.ts';
import { activated, EXTENSION_ID, workspaceFile } from './inEditor.ts';

export function activationSuite(): void {
  describe('activation', () => {
    it('does not happen before the extension is asked for', () => {
      assert.equal(vscode.extensions.getExtension(EXTENSION_ID)?.isActive, false);
    });

    it('wires, and runs nothing', async () => {
      const state = await activated();
      // Told, not held against a limit: a busy machine must not fail a test. It is to stay under 50 ms.
      console.log(`      activated in ${state.activationMs.toFixed(1)} ms`);
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
