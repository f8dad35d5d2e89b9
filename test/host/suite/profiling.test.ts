import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import * as vscode from 'vscode';
import { formatLens } from '../../../src/profile/formatValue.ts';
import { reportSchema, type Report } from '../../../src/profile/report.ts';
import type { RunTree, RunTreeNode } from '../../../src/views/runTree.ts';
import { statusText } from '../../../src/views/statusText.ts';
import { activated, eventually, hoverAt, lensesOf, lensLinesIn, lineWith, linesIn, messageOf, profile, run, RUN_TIMEOUT_MS, withSetting, workspaceFile } from './inEditor.ts';

function labelOf(tree: RunTree, node: RunTreeNode): string {
  const { label } = tree.getTreeItem(node);
  return typeof label === 'string' ? label : (label?.label ?? '');
}

/** What a click on a lens or a row does. */
function execute(command: vscode.Command | undefined): Thenable<unknown> {
  assert.ok(command);
  return vscode.commands.executeCommand(command.command, ...((command.arguments ?? []) as unknown[]));
}

const perCall = { show: 'perCall', cost: 'energy' } as const;

export function profilingSuite(): void {
  describe('profiling a Python file', function () {
    this.timeout(RUN_TIMEOUT_MS);
    const file = workspaceFile('agent.py');
    let report: Report;
    let recording: string;

    before(async () => {
      const profiled = await profile('agent.py');
      report = profiled.report;
      recording = profiled.run.file;
    });

    it('records each call and tool with the line that made it', async () => {
      const document = await vscode.workspace.openTextDocument(file);
      assert.equal(report.run.exitCode, 0);
      assert.equal(report.run.complete, true);
      assert.equal(report.totals.llmCalls, 3);
      const lines = linesIn(report, 'agent.py');
      assert.deepEqual(
        lines.map((line) => [line.line, line.llmCalls, line.toolCalls]),
        [
          [lineWith(document, 'urllib.request.urlopen'), 3, 0],
          [lineWith(document, 'subprocess.run'), 0, 3],
        ],
      );
    });

    it('writes the recording into the workspace', () => {
      assert.equal(dirname(recording), workspaceFile('.agent-cost').fsPath);
      assert.ok(existsSync(recording));
    });

    it('shows above each line what the report says', async () => {
      const lenses = await lensesOf(file);
      assert.deepEqual(
        lenses.map(({ line, title }) => [line, title]),
        lensLinesIn(report, 'agent.py').map((line) => [line.line, formatLens(line, perCall)]),
      );
      assert.match(lenses[0]?.title ?? '', /⚡ .* sim .*3 calls/);
      // The loop's lines make no call themselves: what they lead to is above them.
      assert.deepEqual(lenses.slice(2).map(({ title }) => title.replace(/^(.).* (\d+ calls inside)$/u, '$1 $2')), ['⚡ 3 calls inside', '⚒ 3 calls inside']);
    });

    it('shows totals, or nothing, when the settings say so', async () => {
      await withSetting('agentCost.lens.show', 'total', async () => {
        const [lens] = await lensesOf(file);
        assert.equal(lens?.title, formatLens(linesIn(report, 'agent.py')[0]!, { show: 'total', cost: 'energy' }));
      });
      await withSetting('agentCost.lens.callers', false, async () => assert.equal((await lensesOf(file)).length, 2));
      await withSetting('agentCost.lens.enabled', false, async () => assert.deepEqual(await lensesOf(file), []));
      assert.equal((await lensesOf(file)).length, 4);
    });

    it('tells the rest on hovering', async () => {
      const [line] = linesIn(report, 'agent.py');
      const text = await hoverAt(file, line?.line ?? 0);
      assert.match(text.replaceAll('&nbsp;', ''), /\| {2}\| total \| per call \| p50 \| p95 \| how known \|/);
      assert.match(text, /\*\*think\*\* · 3 calls/);
      assert.match(text, /simulated \|/);
      const leading = lensLinesIn(report, 'agent.py').find((each) => each.calls === 0);
      assert.match(await hoverAt(file, leading?.line ?? 0), /leads to 3 calls in this run/);
    });

    it('selects the line’s calls when its lens is clicked', async () => {
      const state = await activated();
      const [lens] = await lensesOf(file);
      await execute(lens!.command);
      assert.deepEqual(state.selection(), { run: recording, spans: linesIn(report, 'agent.py')[0]?.spans });
      // That of a line further out selects all that it led to.
      await execute((await lensesOf(file))[2]!.command);
      assert.equal(state.selection()?.spans.length, 3);
    });

    it('says in the status bar what the run cost', async () => {
      const state = await activated();
      assert.equal(state.statusText(), `$(flame) ${statusText(report)}`);
    });

    it('lists the run with its requests and calls', async () => {
      const { tree } = await activated();
      const [newest] = await tree.getChildren();
      assert.deepEqual(newest, { kind: 'run', run: recording });
      assert.match(String(tree.getTreeItem(newest).description), /3 calls/);
      const [request] = await tree.getChildren(newest);
      const calls = await tree.getChildren(request);
      const labels = calls.map((call) => labelOf(tree, call));
      assert.equal(labels.filter((label) => label.startsWith('⚡')).length, 3);
      assert.equal(labels.filter((label) => label.startsWith('⚒')).length, 3);
      for (const call of calls) assert.equal(tree.getParent(call), request);
    });

    it('selects a call that is clicked in the tree, and opens its line', async () => {
      const state = await activated();
      const [newest] = await state.tree.getChildren();
      const [request] = await state.tree.getChildren(newest);
      const call = (await state.tree.getChildren(request)).find((node) => labelOf(state.tree, node).startsWith('⚡'));
      const command = state.tree.getTreeItem(call!).command;
      await execute(command);
      assert.deepEqual(state.selection()?.spans, [call!.kind === 'span' ? call!.span : '']);
      await vscode.commands.executeCommand('workbench.action.closeAllEditors');
      await run('agentCost.openSource', call);
      const editor = vscode.window.activeTextEditor;
      assert.equal(editor?.document.uri.fsPath, file.fsPath);
      assert.equal((editor?.selection.active.line ?? -1) + 1, linesIn(report, 'agent.py')[0]?.line);
    });

    it('keeps lenses on their lines while the file is edited', async () => {
      const document = await vscode.workspace.openTextDocument(file);
      await vscode.window.showTextDocument(document);
      const before = await lensesOf(file);
      const above = new vscode.WorkspaceEdit();
      above.insert(file, new vscode.Position(0, 0), '# one\n# two\n');
      await vscode.workspace.applyEdit(above);
      assert.deepEqual(
        (await lensesOf(file)).map(({ line, title }) => [line, title]),
        before.map(({ line, title }) => [line + 2, title]),
      );
      const on = new vscode.WorkspaceEdit();
      const called = (before[0]?.line ?? 0) + 1;
      on.insert(file, document.lineAt(called).range.end, '  # edited');
      await vscode.workspace.applyEdit(on);
      const [edited, ...untouched] = await lensesOf(file);
      assert.equal(edited?.title, `${before[0]?.title}  (measured before this edit)`);
      assert.deepEqual(untouched.map(({ title }) => title), before.slice(1).map(({ title }) => title));
      await vscode.commands.executeCommand('workbench.action.files.revert');
      assert.deepEqual((await lensesOf(file)).map(({ line, title }) => [line, title]), before.map(({ line, title }) => [line, title]));
    });

    it('exports the report and the page', async () => {
      const json = workspaceFile('out.json');
      await run('agentCost.export', 'json', json);
      assert.deepEqual(reportSchema.parse(JSON.parse(readFileSync(json.fsPath, 'utf8'))).totals, report.totals);
      const html = workspaceFile('out.html');
      await run('agentCost.export', 'html', html);
      assert.match(readFileSync(html.fsPath, 'utf8'), /^<!DOCTYPE html>/i);
    });

    it('clears lenses until the next run is shown', async () => {
      await run('agentCost.clearLenses');
      assert.deepEqual(await lensesOf(file), []);
      assert.equal(await hoverAt(file, linesIn(report, 'agent.py')[0]?.line ?? 0), '');
      await profile('agent.py');
      assert.equal((await lensesOf(file)).length, 4);
    });
  });

  describe('profiling a TypeScript file', function () {
    this.timeout(RUN_TIMEOUT_MS);

    it('shows numbers while it runs, and the report’s at the end', async () => {
      const state = await activated();
      const profiling = profile('agent.ts');
      await eventually('a live document', () => state.currentRun()?.live && state.currentRun()?.name === 'agent' && state.currentRun()?.document?.report.run.live, RUN_TIMEOUT_MS);
      assert.match(state.statusText() ?? '', /loading~spin/);
      const { report } = await profiling;
      const file = workspaceFile('agent.ts');
      const document = await vscode.workspace.openTextDocument(file);
      const lines = linesIn(report, 'agent.ts');
      assert.equal(report.totals.llmCalls, 4);
      assert.deepEqual(lines.map((line) => [line.line, line.llmCalls]), [[lineWith(document, 'await fetch('), 4]]);
      assert.deepEqual((await lensesOf(file)).map(({ title }) => title), lensLinesIn(report, 'agent.ts').map((line) => formatLens(line, perCall)));
    });
  });

  describe('profiling a command', function () {
    this.timeout(RUN_TIMEOUT_MS);

    it('records what the command line runs', async () => {
      const state = await activated();
      await run('agentCost.profileCommand', `${process.platform === 'win32' ? 'python' : 'python3'} agent.py`);
      const report = state.currentRun()?.document?.report;
      assert.equal(report?.run.name, 'agent');
      assert.equal(report?.totals.llmCalls, 3);
      assert.equal(report?.run.exitCode, 0);
    });

    it('ends it when it is stopped', async () => {
      const state = await activated();
      const before = state.currentRun();
      const profiling = run('agentCost.profileCommand', 'python3 -c "import time; time.sleep(600)"');
      await eventually('the run', () => state.currentRun() !== before && state.currentRun()?.live);
      await run('agentCost.stopRun');
      await profiling;
      assert.equal(state.currentRun()?.live, false);
      assert.equal(state.currentRun()?.document?.report.run.complete, true);
      assert.match(state.messages().at(-1)?.message ?? '', /No LLM call/);
    });

    it('says when the shell does not find it', async () => {
      const message = await messageOf(() => run('agentCost.profileCommand', 'no-such-command-here --at-all'));
      assert.equal(message.severity, 'error');
      assert.match(message.message, /did not find a command in "no-such-command-here --at-all"/);
    });
  });

  describe('a profiling session', function () {
    this.timeout(RUN_TIMEOUT_MS);

    it('records programs in new terminals until it is stopped', async () => {
      const state = await activated();
      await run('agentCost.startSession');
      const session = state.currentRun();
      assert.ok(session?.live);
      const refused = await messageOf(() => run('agentCost.profileActiveFile', workspaceFile('agent.py')));
      assert.match(refused.message, /profiling session is running/);
      const terminal = vscode.window.createTerminal({ name: 'elsewhere', cwd: workspaceFile('.') });
      terminal.sendText('python3 agent.py');
      await eventually('three calls', () => state.currentRun()?.document?.report.totals.llmCalls === 3, RUN_TIMEOUT_MS);
      terminal.dispose();
      await run('agentCost.stopSession');
      assert.equal(session.live, false);
      assert.equal(session.document?.report.run.complete, true);
      assert.equal(linesIn(session.document.report, 'agent.py').length, 2);
    });
  });
}
