/** Lenses stay on what they were measured on, whatever happens to the file: typed into, undone, formatted, renamed, checked out. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, renameSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import * as vscode from 'vscode';
import { keepSourceText, sha256Hex } from '../../../src/recorder/sourceTexts.ts';
import { call, callEnd, end, header, recordingText, site, span, spanEnd } from '../../unit/recordingLines.ts';
import { activated, eventually, functionLensesOf, hoverAt, lensesOf, lineWith, profile, run, RUN_TIMEOUT_MS, withSetting, workspaceFile } from './inEditor.ts';

const STALE = '  (measured before this edit)';
/** The line that calls the model. */
const CALL = 'urllib.request.urlopen';

type Lens = [line: number, title: string];

async function shown(uri: vscode.Uri): Promise<Lens[]> {
  return (await lensesOf(uri)).map(({ line, title }) => [line, title]);
}

/** Each lens with the text of its line, which outlives a move. */
async function shownOnTexts(uri: vscode.Uri): Promise<string[]> {
  const document = await vscode.workspace.openTextDocument(uri);
  return (await shown(uri)).map(([line, title]) => `${document.lineAt(line - 1).text.trim()}  ${title}`);
}

/** Types as a keyboard does, at the place. */
async function type(line: number, column: number, text: string): Promise<void> {
  const editor = vscode.window.activeTextEditor;
  assert.ok(editor, 'an editor has the focus');
  editor.selection = new vscode.Selection(line, column, line, column);
  await vscode.commands.executeCommand('type', { text });
}

async function edit(uri: vscode.Uri): Promise<vscode.TextDocument> {
  const document = await vscode.workspace.openTextDocument(uri);
  await vscode.window.showTextDocument(document, { preview: false });
  return document;
}

async function undoUntil(document: vscode.TextDocument, text: string): Promise<void> {
  await eventually('the text as it was', async () => {
    if (document.getText() === text) return true;
    await vscode.commands.executeCommand('undo');
    return false;
  });
}

export function lensesSuite(): void {
  describe('lenses of a file that is worked on', function () {
    this.timeout(RUN_TIMEOUT_MS);
    const file = workspaceFile('lensed/agent.py');
    const folder = workspaceFile('lensed').fsPath;
    const git = (...args: string[]): string =>
      execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.com', '-c', 'commit.gpgsign=false', '-C', folder, ...args], { encoding: 'utf8' }).trim();
    const setChange = (value: boolean | undefined): Thenable<void> => vscode.workspace.getConfiguration('agentCost.lens').update('change', value, vscode.ConfigurationTarget.Workspace);
    let text: string;
    let measured: Lens[];
    let texts: string[];

    before(async () => {
      mkdirSync(folder);
      text = readFileSync(workspaceFile('agent.py').fsPath, 'utf8');
      writeFileSync(file.fsPath, text);
      git('init', '-q', '-b', 'main');
      git('add', 'agent.py');
      git('commit', '-qm', 'the agent');
      // What changed since an earlier run of the same is read in the background, and would come between two looks.
      await setChange(false);
      const { report } = await profile('lensed/agent.py');
      assert.equal(report.run.commit?.id, git('rev-parse', 'HEAD'));
      assert.equal(report.run.commit.dirty, false);
      measured = await shown(file);
      texts = await shownOnTexts(file);
      assert.equal(measured.length, 4);
    });

    after(() => setChange(undefined));

    beforeEach(async () => {
      assert.equal((await edit(file)).getText(), text);
      assert.deepEqual(await shown(file), measured);
    });

    it('move with what is typed above, say so when it is typed on their line, ignore what is typed below, and come back with undo', async () => {
      const document = await edit(file);
      await type(0, 0, '# above\n');
      assert.deepEqual(await shown(file), measured.map(([line, title]) => [line + 1, title]));
      await undoUntil(document, text);
      assert.deepEqual(await shown(file), measured);

      const call = lineWith(document, CALL) - 1;
      await type(call, document.lineAt(call).text.length, '  # on it');
      assert.deepEqual(await shown(file), measured.map(([line, title]) => [line, line === call + 1 ? title + STALE : title]));
      await undoUntil(document, text);
      assert.deepEqual(await shown(file), measured);

      await type(document.lineCount - 1, 0, 'print("below")\n');
      assert.deepEqual(await shown(file), measured);
      await undoUntil(document, text);

      // The line goes, and with it its lens; both come back.
      const whole = document.lineAt(call).rangeIncludingLineBreak;
      await vscode.window.activeTextEditor?.edit((change) => change.delete(whole));
      assert.equal((await shown(file)).length, measured.length - 1);
      await undoUntil(document, text);
      assert.deepEqual(await shown(file), measured);
    });

    it('survive a formatter on saving', async () => {
      const document = await edit(file);
      const formatter = vscode.languages.registerDocumentFormattingEditProvider('python', {
        provideDocumentFormattingEdits: (formatted) => {
          const call = formatted.lineAt(lineWith(formatted, 'subprocess.run') - 1);
          const broken = call.text.replace(/run\((.*)\)\.stdout/, (_, args: string) => `run(\n        ${args},\n    ).stdout`);
          const imports = formatted.lineAt(lineWith(formatted, 'import sys') - 1);
          return [vscode.TextEdit.replace(call.range, broken), vscode.TextEdit.insert(imports.range.start, '\n')];
        },
      });
      const editorSettings = vscode.workspace.getConfiguration('editor');
      try {
        await editorSettings.update('formatOnSave', true, vscode.ConfigurationTarget.Workspace);
        await type(0, 0, '\n');
        assert.ok(await document.save());
        assert.match(document.getText(), /subprocess\.run\(\n/);
        const after = await shown(file);
        assert.deepEqual(after.map(([, title]) => title), measured.map(([, title]) => title));
        assert.equal(after.find(([, title]) => title === measured[1]?.[1])?.[0], lineWith(document, 'subprocess.run'));
      } finally {
        formatter.dispose();
        await editorSettings.update('formatOnSave', undefined, vscode.ConfigurationTarget.Workspace);
        await undoUntil(document, text);
        await document.save();
      }
    });

    it('come from the texts beside the recording, or from git, in a window that did not see the run', async () => {
      const state = await activated();
      const recording = state.currentRun()?.file ?? '';
      const copy = workspaceFile('.agent-cost/seen-later.agentcost');
      writeFileSync(copy.fsPath, readFileSync(recording));
      const document = await edit(file);
      await type(0, 0, '# one\n# two\n');
      await document.save();
      // Beside this one there are no texts.
      const apart = workspaceFile('seen-apart/agent.agentcost');
      mkdirSync(dirname(apart.fsPath));
      writeFileSync(apart.fsPath, readFileSync(recording));
      for (const opened of [copy, apart]) {
        await run('agentCost.openRecording', opened);
        assert.equal(state.currentRun()?.file, opened.fsPath);
        await edit(file);
        assert.deepEqual(await shown(file), measured.map(([line, title]) => [line + 2, title]));
      }
      await undoUntil(document, text);
      await document.save();
      await run('agentCost.showRun', { run: recording });
      assert.equal(state.currentRun()?.file, recording);
    });

    it('follow a rename in the editor, and what git or anybody moved', async () => {
      const renamed = workspaceFile('lensed/renamed agent.py');
      const rename = async (from: vscode.Uri, to: vscode.Uri): Promise<void> => {
        const change = new vscode.WorkspaceEdit();
        change.renameFile(from, to);
        assert.ok(await vscode.workspace.applyEdit(change));
      };
      await rename(file, renamed);
      await edit(renamed);
      await eventually('the lenses under the new name', async () => (await shown(renamed)).length > 0);
      assert.deepEqual(await shown(renamed), measured);
      await type(0, 0, '# above\n');
      assert.deepEqual(await shown(renamed), measured.map(([line, title]) => [line + 1, title]));
      await vscode.commands.executeCommand('workbench.action.files.revert');
      await rename(renamed, file);
      // A folder around it.
      await rename(workspaceFile('lensed'), workspaceFile('lensed folder'));
      const inFolder = workspaceFile('lensed folder/agent.py');
      await edit(inFolder);
      await eventually('the lenses in the renamed folder', async () => (await shown(inFolder)).length > 0);
      assert.deepEqual(await shown(inFolder), measured);
      await rename(workspaceFile('lensed folder'), workspaceFile('lensed'));
      await edit(file);
      await eventually('the lenses under the old name', async () => (await shown(file)).length > 0);
      await vscode.commands.executeCommand('workbench.action.closeAllEditors');

      // By git, and so much edited since that the texts alone would not tell.
      git('mv', 'agent.py', 'by_git.py');
      git('commit', '-qm', 'moved');
      const byGit = workspaceFile('lensed/by_git.py');
      writeFileSync(byGit.fsPath, '# nothing in common\n'.repeat(200) + text);
      await edit(byGit);
      await eventually('the lenses on what git moved', async () => (await shown(byGit)).length > 0);
      assert.deepEqual(await shown(byGit), measured.map(([line, title]) => [line + 200, title]));
      assert.deepEqual(await shownOnTexts(byGit), texts);
      await vscode.commands.executeCommand('workbench.action.closeAllEditors');
      git('reset', '-q', '--hard', 'HEAD~1');

      // By anybody else.
      const moved = workspaceFile('lensed/moved.py');
      renameSync(file.fsPath, moved.fsPath);
      writeFileSync(moved.fsPath, `# moved\n${text}`);
      await edit(moved);
      await eventually('the lenses on what was moved', async () => (await shown(moved)).length > 0);
      assert.deepEqual(await shown(moved), measured.map(([line, title]) => [line + 1, title]));
      const state = await activated();
      const call = state.currentRun()?.document?.report.spans.find((span) => span.kind === 'llm');
      await vscode.commands.executeCommand('workbench.action.closeAllEditors');
      await run('agentCost.openSource', { run: state.currentRun()?.file, span: call?.id });
      const editor = vscode.window.activeTextEditor;
      assert.equal(editor?.document.uri.fsPath, moved.fsPath);
      assert.match(editor.document.lineAt(editor.selection.active.line).text, new RegExp(CALL.replaceAll('.', '\\.')));
      await vscode.commands.executeCommand('workbench.action.closeAllEditors');
      git('checkout', '-q', '--', 'agent.py');
      await vscode.workspace.fs.delete(moved);
    });

    it('are mapped to the branch that is checked out, and back', async () => {
      const document = await edit(file);
      const other = text.replace('def search(name):', 'def helper():\n    return 1\n\n\ndef search(name):').replace('"messages": messages,', '"messages": messages, "temperature": 0,');
      const checkout = async (branch: string, expected: string): Promise<void> => {
        git('checkout', '-q', branch);
        await eventually(`the text of ${branch}`, () => document.getText() === expected);
      };
      git('branch', 'other');
      git('checkout', '-q', 'other');
      writeFileSync(file.fsPath, other);
      git('commit', '-qam', 'another agent');
      await eventually('the text of other', () => document.getText() === other);
      assert.deepEqual(await shownOnTexts(file), texts);
      assert.notDeepEqual(await shown(file), measured);
      await checkout('main', text);
      assert.deepEqual(await shown(file), measured);
      // A run of the other branch, seen on this one.
      await checkout('other', other);
      const { report } = await profile('lensed/agent.py');
      assert.equal(report.run.commit?.id, git('rev-parse', 'other'));
      const onOther = await shownOnTexts(file);
      await checkout('main', text);
      assert.deepEqual(await shownOnTexts(file), onOther);
      assert.equal((await shown(file))[1]?.[0], measured[1]?.[0]);
    });
  });

  describe('a function of the program’s own', () => {
    it('has what it did between the calls above its definition, which the hover tells in full and a click shows', async () => {
      const file = workspaceFile('parsing.py');
      const text = 'import model\n\ndef parse_results(page):\n    return page\n\nparse_results(model.ask())\nmodel.ask()\n';
      writeFileSync(file.fsPath, text);
      const recording = workspaceFile('.agent-cost/parsing.agentcost');
      const sha256 = sha256Hex(Buffer.from(text));
      const parse = (id: string, from: number, until: number): object[] => [
        span(id, from, { kind: 'other', source: 'function', name: 'parse_results', frames: [site(file.fsPath, 3, 'parse_results'), site(file.fsPath, 6)], activity: 'cpu' }),
        spanEnd(id, until),
      ];
      const lines = [call('a', 0, { frames: [site(file.fsPath, 6)] }), callEnd('a', 1000), ...parse('p1', 1000, 1100), ...parse('p2', 1100, 1240), call('b', 1300, { frames: [site(file.fsPath, 7)] }), callEnd('b', 2000)];
      writeFileSync(recording.fsPath, recordingText(header({ name: 'parsing' }), { type: 'source', t: 0, file: file.fsPath, sha256 }, ...lines, end(2000)));
      await run('agentCost.openRecording', recording);
      await edit(file);
      const [lens, ...others] = await functionLensesOf(file);
      assert.deepEqual([lens?.line, lens?.title, others], [3, 'ƒ other: parse_results 120 ms per call · 2 calls', []]);
      await type(0, 0, '# above\n');
      assert.deepEqual((await functionLensesOf(file)).map(({ line, title }) => [line, title]), [[4, lens?.title]]);
      const hover = await hoverAt(file, 4);
      assert.match(hover, /\*\*parse\\_results\*\* · 2 calls in this run, between the calls of models and tools/);
      assert.match(hover, /Mostly computing\. Measured: entered and left\./);
      await vscode.commands.executeCommand(lens!.command.command, ...((lens!.command.arguments ?? []) as unknown[]));
      const state = await activated();
      assert.deepEqual(state.selection(), { run: recording.fsPath, spans: ['p1', 'p2'] });
      await withSetting('agentCost.lens.show', 'total', async () => assert.equal((await functionLensesOf(file))[0]?.title, 'ƒ other: parse_results 240 ms total · 2 calls'));
      await vscode.commands.executeCommand('workbench.action.files.revert');
      await vscode.commands.executeCommand('workbench.action.closeAllEditors');
    });
  });

  describe('a line that an earlier run of the program had, too', () => {
    const file = workspaceFile('compared.py');
    const then = 'import model\n\nmodel.ask()\n';
    const now = `# two more\n# lines\n${then}`;
    const write = async (name: string, startedAt: string, text: string, line: number, callMs: number): Promise<vscode.Uri> => {
      const recording = workspaceFile(`.agent-cost/compared-${name}.agentcost`);
      const sha256 = sha256Hex(Buffer.from(text));
      const calls = [0, 1, 2].flatMap((index) => [
        call(`c${index}`, index * 10_000, { frames: [site(file.fsPath, line, 'main')] }),
        callEnd(`c${index}`, index * 10_000 + callMs + index),
      ]);
      mkdirSync(workspaceFile('.agent-cost').fsPath, { recursive: true });
      writeFileSync(recording.fsPath, recordingText(header({ id: name, name: 'compared', command: ['python3', 'compared.py'], startedAt }), { type: 'source', t: 0, file: file.fsPath, sha256 }, ...calls, end(30_000)));
      await keepSourceText(recording.fsPath, sha256, Buffer.from(text));
      utimesSync(recording.fsPath, new Date(startedAt), new Date(startedAt));
      return recording;
    };

    it('says how much it changed, found by the text of each run', async () => {
      writeFileSync(file.fsPath, now);
      await write('20260101-1000', '2026-01-01T10:00:00.000Z', then, 3, 1000);
      const recording = await write('20260101-1100', '2026-01-01T11:00:00.000Z', now, 5, 2000);
      await run('agentCost.openRecording', recording);
      await edit(file);
      const [[line, title] = []] = await eventually('the change', async () => {
        const lenses = await shown(file);
        return lenses[0]?.[1].includes('▲') && lenses;
      });
      assert.equal(line, 5);
      assert.match(title ?? '', / {2}▲ 100 %$/);
      const hover = await hoverAt(file, 5);
      assert.match(hover, /Last 2 runs ▅█: 1\.5 s ± 707 ms per call/);
      assert.match(hover, /\*\*▲ 100 % since the run before\*\*/);
      await withSetting('agentCost.lens.change', false, async () => assert.doesNotMatch((await shown(file))[0]?.[1] ?? '', /▲/));
      await vscode.commands.executeCommand('workbench.action.closeAllEditors');
    });
  });
}
