import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { recordingEditorType } from '../../../src/contributions.ts';
import { bigRecording } from '../../fixtures/bigRecording.ts';
import { call, callEnd, end, header, recordingText, site } from '../../unit/recordingLines.ts';
import { activated, eventually, messageOf, run, withSetting, workspaceFile } from './inEditor.ts';

const TWO_GB = 2 * 1024 ** 3;

/** Runs with an answer to the editor's modal questions, which are not shown under test. */
async function answering(asked: unknown[], answer: string | undefined, during: () => Thenable<unknown>): Promise<void> {
  const { showWarningMessage } = vscode.window;
  Object.assign(vscode.window, {
    showWarningMessage: (message: string) => {
      asked.push(message);
      return Promise.resolve(answer);
    },
  });
  try {
    await during();
  } finally {
    Object.assign(vscode.window, { showWarningMessage });
  }
}

export function recordingsSuite(): void {
  describe('opening a recording', () => {
    const folder = mkdtempSync(join(tmpdir(), 'agent-cost-recordings-'));
    after(() => rmSync(folder, { recursive: true, force: true }));
    const write = (name: string, text: string): vscode.Uri => {
      const file = join(folder, name);
      writeFileSync(file, text);
      return vscode.Uri.file(file);
    };

    it('shows it, and what was cut off as cut off', async () => {
      const state = await activated();
      const whole = recordingText(header(), call('a', 1), callEnd('a', 50), call('b', 60));
      await run('agentCost.openRecording', write('torn.agentcost', whole + '{"type":"callEnd","t":7'));
      const report = state.currentRun()?.document?.report;
      assert.equal(report?.totals.llmCalls, 2);
      assert.deepEqual(report?.spans.filter((span) => span.kind === 'llm').map((span) => span.status), ['ok', 'incomplete']);
      assert.equal(report?.run.complete, false);
    });

    it('charges its energy anew when the setting says how', async () => {
      const state = await activated();
      const text = recordingText(header(), call('a', 0), callEnd('a', 1000, { firstTokenAt: 200, chunkGaps: [0, 800] }), end(2000));
      await run('agentCost.openRecording', write('charged.agentcost', text));
      const energy = () => state.currentRun()?.document?.report.totals.energyWh;
      const plain = energy();
      assert.ok(plain?.active && plain.idle);
      await withSetting('agentCost.accounting.energyPolicy', 'amortized', async () => {
        await eventually('the idle energy is charged to the call', () => energy()?.idle === 0 && energy()?.total === plain.total);
      });
      await eventually('it is charged as before', () => energy()?.idle === plain.idle);
      const ownWh = plain.active + plain.idle;
      await withSetting('agentCost.accounting.grid', '500', async () => {
        await eventually('the carbon is told', () => Math.abs((state.currentRun()?.document?.report.totals.footprint.carbonG ?? 0) - ownWh / 2) < 1e-9);
      });
    });

    it('shows what changed between two, as a document', async () => {
      await activated();
      const two = [100, 400].map((length, index) => write(`compared-${index}.agentcost`, recordingText(header({ id: `r${index}` }), call('a', 0), callEnd('a', length), end(length))).fsPath);
      await run('agentCost.compareRuns', { run: two[0] }, { run: two[1] });
      const document = await eventually('the comparison is shown', () => (vscode.window.activeTextEditor?.document.uri.scheme === 'agent-cost-compare' ? vscode.window.activeTextEditor.document : null));
      assert.match(document.uri.path, /^\/compared-0 → compared-1\.txt$/);
      assert.match(document.getText(), /^time +100 ms +400 ms +\+300 ms +\+300 %/m);
      assert.match(document.getText(), /agent\.js:10 {2}think +100 ms +400 ms/);
    });

    it('stands beside another one in an editor of changes, the earlier one first, and beside what is in no file', async () => {
      const state = await activated();
      const text = (second: number): string => recordingText(header({ id: `side-${second}`, startedAt: `2026-01-02T03:04:0${second}.000Z` }), call('a', 0), callEnd('a', 100 * second), end(100 * second));
      const [late, early] = [write('late.agentcost', text(5)), write('early.agentcost', text(4))];
      const tab = (): vscode.Tab | undefined => vscode.window.tabGroups.activeTabGroup.activeTab;
      await vscode.commands.executeCommand('vscode.diff', late, early, 'late and early');
      await eventually('both stand side by side', () => state.sideBySide().length === 1);
      assert.deepEqual(state.sideBySide(), [[early.fsPath, late.fsPath]]);
      assert.equal(tab()?.label, 'late and early');
      assert.ok(!(tab()?.input instanceof vscode.TabInputTextDiff), 'it is no editor of text');
      await vscode.commands.executeCommand('vscode.openWith', early, recordingEditorType);
      await eventually('one stands alone', () => state.sideBySide().length === 0 && tab()?.input instanceof vscode.TabInputCustom);

      // As git has another version of a file.
      const bytes = new TextEncoder().encode(text(3));
      const never = (): never => {
        throw vscode.FileSystemError.NoPermissions();
      };
      const stat = { type: vscode.FileType.File, ctime: 0, mtime: 0, size: bytes.length };
      const watched = new vscode.EventEmitter<vscode.FileChangeEvent[]>();
      const provided = vscode.workspace.registerFileSystemProvider('versions', { onDidChangeFile: watched.event, watch: () => watched, stat: () => stat, readFile: () => bytes, readDirectory: () => [], createDirectory: never, writeFile: never, delete: never, rename: never }, { isReadonly: true });
      try {
        await vscode.commands.executeCommand('vscode.diff', vscode.Uri.parse('versions:/late.agentcost'), late, 'versions');
        await eventually('they stand side by side', () => state.sideBySide().length === 1);
        const [before, after] = state.sideBySide()[0] ?? [];
        assert.match(before ?? '', /late \(versions\)\.agentcost$/);
        assert.equal(after, late.fsPath);
        assert.notEqual(state.currentRun()?.file, before);
        await vscode.commands.executeCommand('workbench.action.closeActiveEditor');
        await eventually('the copy is gone', () => before !== undefined && !existsSync(before));
      } finally {
        provided.dispose();
      }
      await vscode.commands.executeCommand('workbench.action.closeAllEditors');
    });

    it('keeps a long one for a next time, which shows the same, until it is deleted', async () => {
      const state = await activated();
      const uri = write('long.agentcost', recordingText(...bigRecording(400)));
      // As they are called, so that another recording's is not taken for it.
      const begins = createHash('sha256').update(uri.fsPath).digest('hex').slice(0, 24);
      const kept = (): string[] => (existsSync(state.keptDocuments) ? readdirSync(state.keptDocuments).filter((name) => name.startsWith(begins) && name.endsWith('.columns')) : []);
      const opened = async () => {
        await run('agentCost.openRecording', uri);
        return state.currentRun()?.document;
      };
      const first = await opened();
      assert.equal(first?.report.totals.llmCalls, 400);
      const name = await eventually('it is kept', () => kept()[0]);
      utimesSync(join(state.keptDocuments, name), 1, 1);
      // So many more are shown that this one is held in memory no longer.
      for (let k = 0; k < 6; k++) await run('agentCost.openRecording', write(`short-${k}.agentcost`, recordingText(header({ id: `short-${k}` }), call('a', 0), callEnd('a', 10), end(10))));
      const again = await opened();
      assert.notEqual(again, first);
      assert.ok(statSync(join(state.keptDocuments, name)).mtimeMs > 1000, 'what was kept is used');
      assert.deepEqual({ ...again }, { ...first });
      await answering([], 'Delete Permanently', () => run('agentCost.deleteRecordings', { kind: 'run', run: uri.fsPath }));
      assert.equal(existsSync(uri.fsPath), false);
      assert.deepEqual(kept(), []);
      // As the command line deletes one.
      await run('agentCost.openRecording', write('long.agentcost', recordingText(...bigRecording(400))));
      await eventually('it is kept', () => kept()[0]);
      rmSync(uri.fsPath);
      await run('agentCost.refreshRuns');
      await eventually('what was kept is gone', () => kept().length === 0);
    });

    it('is undone by deleting it, once that was confirmed', async () => {
      const state = await activated();
      const uris = [1, 2].map((index) => write(`deleted-${index}.agentcost`, recordingText(header(), call('a', 0), callEnd('a', 10), end(10))));
      for (const uri of uris) await run('agentCost.openRecording', uri);
      const rows = uris.map(({ fsPath }) => ({ kind: 'run', run: fsPath }));
      const asked: unknown[] = [];
      await answering(asked, undefined, () => run('agentCost.deleteRecordings', rows[1], rows));
      assert.deepEqual(asked, ['Delete 2 recordings?']);
      assert.equal(state.currentRun()?.file, uris[1]?.fsPath);
      await answering(asked, 'Delete Permanently', () => run('agentCost.deleteRecordings', rows[1]));
      assert.deepEqual(asked.at(-1), 'Delete the recording deleted-2.agentcost?');
      assert.equal(state.currentRun(), null);
      assert.deepEqual(uris.map(({ fsPath }) => existsSync(fsPath)), [true, false]);
      await answering(asked, 'Delete Permanently', () => run('agentCost.deleteRecordings', rows[0], rows));
      assert.deepEqual(uris.map(({ fsPath }) => existsSync(fsPath)), [false, false]);
    });

    const bad: [what: string, name: string, text: string, says: RegExp][] = [
      ['an empty file', 'empty.agentcost', '', /empty\.agentcost.*empty.*Profile the program again/],
      ['something else', 'photo.agentcost', '\x89PNG\r\n\x1a\n', /photo\.agentcost.*not a recording/],
      ['a newer version', 'newer.agentcost', recordingText({ ...header(), version: 99 }), /newer\.agentcost.*format version 99.*Update/],
      ['a file that is not there', 'gone.agentcost', '', /gone\.agentcost.*no such file/],
    ];
    for (const [what, name, text, says] of bad)
      it(`says what is wrong with ${what}, once`, async () => {
        const state = await activated();
        const shown = state.currentRun();
        const uri = write(name, text);
        if (name.startsWith('gone')) rmSync(uri.fsPath);
        const count = state.messages().length;
        const message = await messageOf(() => run('agentCost.openRecording', uri));
        assert.equal(message.severity, 'error');
        assert.match(message.message, says);
        assert.equal(state.messages().length, count + 1);
        assert.equal(state.currentRun(), shown);
      });

    it('refuses 2 GB that are no recording, at once', async () => {
      const uri = write('huge.agentcost', '');
      truncateSync(uri.fsPath, TWO_GB);
      const begun = Date.now();
      const message = await messageOf(() => run('agentCost.openRecording', uri));
      assert.match(message.message, /huge\.agentcost.*not a recording/);
      assert.ok(Date.now() - begun < 5000);
    });

    it('opens one from the explorer as a timeline', async () => {
      const state = await activated();
      const uri = write('clicked.agentcost', recordingText(header({ name: 'clicked' }), call('a', 1), callEnd('a', 50), end(60)));
      await vscode.commands.executeCommand('vscode.open', uri);
      const input = await eventually('its tab', () => {
        const active = vscode.window.tabGroups.activeTabGroup.activeTab?.input;
        return active instanceof vscode.TabInputCustom && active;
      });
      assert.equal(input.viewType, recordingEditorType);
      await eventually('its run', () => state.currentRun()?.document?.report.run.name === 'clicked');
      await vscode.commands.executeCommand('workbench.action.closeAllEditors');
    });

    it('opens no source outside the workspace and the run’s folder', async () => {
      const elsewhere = write('elsewhere.py', 'secret = 1\n');
      const inside = workspaceFile('agent.py');
      const frames = [site(elsewhere.fsPath, 1), site(inside.fsPath, 2)];
      const uri = write('foreign.agentcost', recordingText(header({ cwd: join(folder, 'cwd') }), call('a', 1, { frames }), callEnd('a', 50), end(60)));
      await run('agentCost.openRecording', uri);
      const span = (await activated()).currentRun()?.document?.report.spans.find((each) => each.kind === 'llm');
      const message = await messageOf(() => run('agentCost.openSource', { run: uri.fsPath, span: span?.id }));
      assert.match(message.message, /elsewhere\.py lies outside the workspace/);
      assert.notEqual(vscode.window.activeTextEditor?.document.uri.fsPath, elsewhere.fsPath);
    });

    it('ignores commands with arguments that make no sense', async () => {
      const state = await activated();
      const before = state.selection();
      for (const argument of [undefined, null, 7, {}, { run: '/x' }, { run: 1, span: 2 }, { run: '/x', file: '/y', line: 'z' }]) {
        await run('agentCost.showCostOnTimeline', argument);
        await run('agentCost.selectSpan', argument);
        await run('agentCost.showRun', argument);
      }
      assert.deepEqual(state.selection()?.spans.filter((span) => !before?.spans.includes(span)) ?? [], []);
    });
  });
}
