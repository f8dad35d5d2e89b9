/** VS Code tasks while a profiling session is on: what they run is recorded as from a terminal, and left alone afterwards. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import * as vscode from 'vscode';
import { activated, eventually, lineWith, linesIn, run, RUN_TIMEOUT_MS, workspaceFile } from './inEditor.ts';

/** Ends with 3 where a session's environment has reached it, else with 0. */
const PROBE = "import os, sys; sys.exit(3 if 'AGENT_COST_SESSION' in os.environ else 0)\n";
const PYTHON = process.platform === 'win32' ? 'python' : 'python3';

/** Runs a task to its end: its exit code. */
async function exitOf(name: string, execution: vscode.ShellExecution | vscode.ProcessExecution): Promise<number | undefined> {
  const type = execution instanceof vscode.ShellExecution ? 'shell' : 'process';
  const task = new vscode.Task({ type, task: name }, vscode.TaskScope.Workspace, name, 'tests', execution, []);
  task.presentationOptions = { reveal: vscode.TaskRevealKind.Silent, panel: vscode.TaskPanelKind.New };
  let listening: vscode.Disposable | undefined;
  const ended = new Promise<number | undefined>((resolve) => {
    listening = vscode.tasks.onDidEndTaskProcess((event) => {
      if (event.execution.task.name === name) resolve(event.exitCode);
    });
  });
  try {
    await vscode.tasks.executeTask(task);
    return await ended;
  } finally {
    listening?.dispose();
  }
}

export function tasksSuite(): void {
  const cwd = () => workspaceFile('.').fsPath;
  const executions: [kind: string, execution: (args: string[]) => vscode.ShellExecution | vscode.ProcessExecution][] = [
    ['shell', (args) => new vscode.ShellExecution([PYTHON, ...args].join(' '), { cwd: cwd() })],
    ['process', (args) => new vscode.ProcessExecution(PYTHON, args, { cwd: cwd() })],
  ];
  for (const [kind, execution] of executions)
    describe(`a ${kind} task`, function () {
      this.timeout(RUN_TIMEOUT_MS);

      it('is recorded while a session is on, and left alone after it', async () => {
        const state = await activated();
        writeFileSync(workspaceFile('probe.py').fsPath, PROBE);
        const document = await vscode.workspace.openTextDocument(workspaceFile('agent.py'));
        assert.equal(await exitOf(`${kind} before`, execution(['probe.py'])), 0);
        await run('agentCost.startSession');
        const session = state.currentRun();
        assert.ok(session?.live);
        try {
          assert.equal(await exitOf(`${kind} probe`, execution(['probe.py'])), 3);
          assert.equal(await exitOf(`${kind} agent`, execution(['agent.py'])), 0);
          await eventually('three calls', () => session.document?.report.totals.llmCalls === 3, RUN_TIMEOUT_MS);
        } finally {
          await run('agentCost.stopSession');
        }
        const report = session.document?.report;
        assert.equal(report?.run.complete, true);
        assert.deepEqual(
          linesIn(report, 'agent.py').map((line) => [line.line, line.llmCalls, line.toolCalls]),
          [
            [lineWith(document, 'urllib.request.urlopen'), 3, 0],
            [lineWith(document, 'subprocess.run'), 0, 3],
          ],
        );
        assert.equal(await exitOf(`${kind} after`, execution(['probe.py'])), 0);
        assert.equal(state.currentRun(), session);
        assert.equal(session.document?.report.totals.llmCalls, 3);
      });
    });
}
