/** Cells of a notebook have lenses as files have, whatever number the kernel gave them. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import * as vscode from 'vscode';
import { keepSourceText, sha256Hex } from '../../../src/recorder/sourceTexts.ts';
import { call, callEnd, end, header, recordingText, site } from '../../unit/recordingLines.ts';
import { eventually, hoverAt, lensesOf, messageOf, run, workspaceFile } from './inEditor.ts';

const IMPORTS = 'import model';
const THINK = 'def think(question):\n    return model.ask(question)';
const ASK = 'for n in range(2):\n    think(f"number {n}")\nthink("the last")';

export function notebooksSuite(): void {
  describe('a notebook', () => {
    const file = workspaceFile('trips.ipynb');
    const recording = workspaceFile('.agent-cost/trips.agentcost');
    const cell = (source: string, execution_count: number | null): object => ({ cell_type: 'code', execution_count, metadata: {}, outputs: [], source });
    const place = (execution: number, line: number, name: string | null) => site(`${file.fsPath}[${execution}]`, line, name);
    let notebook: vscode.NotebookDocument;
    const cells = () => notebook.getCells().map(({ document }) => document);
    const lenses = () =>
      Promise.all(
        [0, 2, 3].map(async (index) => {
          const { uri } = cells()[index]!;
          // Out of sight, it is not in the editor yet.
          await vscode.workspace.openTextDocument(uri);
          return (await lensesOf(uri)).map(({ line, title }) => [line, title]);
        }),
      );

    before(async () => {
      // The kernel was started anew since the run: the numbers in the file are others than those that ran.
      const text = { cells: [cell(IMPORTS, 1), { cell_type: 'markdown', metadata: {}, source: '# Trips' }, cell(THINK, 7), cell(ASK, 5)], metadata: { language_info: { name: 'python' } }, nbformat: 4, nbformat_minor: 5 };
      writeFileSync(file.fsPath, JSON.stringify(text));
      const ran: [execution: number, text: string][] = [[1, IMPORTS], [2, THINK], [3, ASK], [4, ASK]];
      const sources = ran.map(([execution, cellText]) => ({ type: 'source', t: 0, file: `${file.fsPath}[${execution}]`, sha256: sha256Hex(Buffer.from(cellText)) }));
      const think = place(2, 2, 'think');
      const calls = [
        ...[call('a', 0, { frames: [think, place(3, 2, '<module>')] }), callEnd('a', 1000)],
        ...[call('b', 2000, { frames: [think, place(3, 3, '<module>')] }), callEnd('b', 3000)],
        ...[call('c', 4000, { frames: [think, place(4, 2, '<module>')] }), callEnd('c', 5000)],
      ];
      mkdirSync(workspaceFile('.agent-cost').fsPath, { recursive: true });
      writeFileSync(recording.fsPath, recordingText(header({ name: 'trips' }), ...sources, ...calls, end(6000)));
      for (const [, cellText] of ran) await keepSourceText(recording.fsPath, sha256Hex(Buffer.from(cellText)), Buffer.from(cellText));
      await run('agentCost.openRecording', recording);
      notebook = await vscode.workspace.openNotebookDocument(file);
      await vscode.window.showNotebookDocument(notebook);
    });

    after(async () => {
      await vscode.commands.executeCommand('workbench.action.files.revert');
      await vscode.commands.executeCommand('workbench.action.closeAllEditors');
    });

    it('has lenses on the lines of its cells, and one for all runs of a cell', async () => {
      const [imports, think, ask] = await lenses();
      assert.deepEqual(imports, []);
      assert.deepEqual(think?.map(([line]) => line), [2]);
      assert.deepEqual(ask?.map(([line]) => line), [2, 3]);
      assert.match(await hoverAt(cells()[2]!.uri, 2), /3 calls/);
      assert.match(await hoverAt(cells()[3]!.uri, 2), /2 calls/);
    });

    it('keeps them on their lines when a cell is edited', async () => {
      const before = await lenses();
      const document = cells()[3]!;
      const change = new vscode.WorkspaceEdit();
      change.insert(document.uri, new vscode.Position(0, 0), '# twice\n');
      assert.ok(await vscode.workspace.applyEdit(change));
      assert.deepEqual((await lenses())[2], before[2]?.map(([line, title]) => [Number(line) + 1, title]));
      const back = new vscode.WorkspaceEdit();
      back.delete(document.uri, new vscode.Range(0, 0, 1, 0));
      assert.ok(await vscode.workspace.applyEdit(back));
      assert.deepEqual(await lenses(), before);
    });

    it('is opened at the cell and the line that made a call, also when it was closed', async () => {
      await vscode.commands.executeCommand('workbench.action.closeAllEditors');
      await run('agentCost.openSource', { run: recording.fsPath, span: 'b' });
      const editor = await eventually('the notebook with the cell selected', () => {
        const { activeNotebookEditor } = vscode.window;
        return activeNotebookEditor?.selection.start === 2 && activeNotebookEditor;
      });
      assert.equal(editor.notebook.uri.fsPath, file.fsPath);
      const line = await eventually('the line', () => vscode.window.activeTextEditor?.document === editor.notebook.cellAt(2).document && vscode.window.activeTextEditor);
      assert.equal(line.selection.active.line, 1);
      notebook = editor.notebook;
    });

    it('says so when no cell of it is what ran', async () => {
      const change = new vscode.WorkspaceEdit();
      change.set(file, [vscode.NotebookEdit.deleteCells(new vscode.NotebookRange(2, 3))]);
      assert.ok(await vscode.workspace.applyEdit(change));
      const message = await messageOf(() => run('agentCost.openSource', { run: recording.fsPath, span: 'b' }));
      assert.match(message.message, /No cell of .*trips\.ipynb is what ran as .*trips\.ipynb\[2\]\./);
    });
  });
}
