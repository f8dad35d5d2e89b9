/** F5 with a breakpoint while a profiling session is on: the breakpoint is hit, the run is recorded, the time stopped is left out. */
import assert from 'node:assert/strict';
import { setTimeout as pause } from 'node:timers/promises';
import * as vscode from 'vscode';
import { activated, eventually, lensesOf, lineWith, linesIn, run, RUN_TIMEOUT_MS, workspaceFile } from './inEditor.ts';

/** Long against what a run of the fixture takes on the embedded server. */
const HELD_MS = 3000;

/** Where a program is stopped, as the debugger says it. */
async function stoppedAt(session: () => vscode.DebugSession | undefined): Promise<{ thread: number; line: number; session: vscode.DebugSession } | null> {
  const current = session();
  if (current === undefined) return null;
  try {
    const { threads } = (await current.customRequest('threads')) as { threads: { id: number }[] };
    for (const { id } of threads) {
      const { stackFrames } = (await current.customRequest('stackTrace', { threadId: id, levels: 1 })) as { stackFrames: { line: number }[] };
      if (stackFrames[0] !== undefined) return { thread: id, line: stackFrames[0].line, session: current };
    }
  } catch {
    // It runs, or has not begun: asked again.
  }
  return null;
}

const programs: [language: string, file: string, configuration: { type: string } & Record<string, unknown>][] = [
  ['Node', 'debugged.mjs', { type: 'node', runtimeExecutable: process.env['AGENT_COST_TEST_NODE'] ?? 'node' }],
  ['Python', 'debugged.py', { type: 'debugpy', python: process.env['AGENT_COST_TEST_DEBUGPY'], justMyCode: true }],
];

export function debuggingSuite(): void {
  for (const [language, name, configuration] of programs)
    describe(`a ${language} program under the debugger`, function () {
      this.timeout(RUN_TIMEOUT_MS);
      const file = workspaceFile(name);

      it('stops at its breakpoint, is recorded, and costs nothing meanwhile', async () => {
        const state = await activated();
        const document = await vscode.workspace.openTextDocument(file);
        const line = lineWith(document, 'breakpoint');
        const breakpoint = new vscode.SourceBreakpoint(new vscode.Location(file, new vscode.Position(line - 1, 0)));
        vscode.debug.addBreakpoints([breakpoint]);
        await run('agentCost.startSession');
        const session = state.currentRun();
        assert.ok(session?.live);
        try {
          const started = await vscode.debug.startDebugging(vscode.workspace.workspaceFolders?.[0], {
            name: `debug ${name}`,
            request: 'launch',
            program: file.fsPath,
            cwd: workspaceFile('.').fsPath,
            console: 'internalConsole',
            ...configuration,
          });
          assert.ok(started, 'the debugger started');
          const stop = await eventually('the breakpoint', () => stoppedAt(() => vscode.debug.activeDebugSession), RUN_TIMEOUT_MS);
          assert.equal(stop.line, line);
          // What a person does at a breakpoint: looks at things for a while.
          await pause(HELD_MS);
          const ended = new Promise<void>((resolve) => {
            const listening = vscode.debug.onDidTerminateDebugSession(() => {
              if (vscode.debug.activeDebugSession !== undefined) return;
              listening.dispose();
              resolve();
            });
          });
          await stop.session.customRequest('continue', { threadId: stop.thread });
          await ended;
        } finally {
          await vscode.debug.stopDebugging();
          vscode.debug.removeBreakpoints([breakpoint]);
          await run('agentCost.stopSession');
        }
        const report = session.document?.report;
        assert.ok(report);
        assert.equal(report.totals.llmCalls, 2);
        assert.deepEqual(linesIn(report, name).map((each) => each.line), [lineWith(document, language === 'Node' ? 'await fetch(' : 'urlopen(')]);
        assert.equal(report.run.pauses.length, 1);
        const [held] = report.run.pauses;
        // The debugger answers where it stands a little before it says that it has stopped, which is what counts.
        assert.ok(held!.ms >= HELD_MS * 0.9, `held for ${held!.ms} ms`);
        // Between the two calls there is the tool and little else.
        const [first, second] = report.spans.filter((span) => span.kind === 'llm');
        assert.ok(held!.atMs >= first!.endMs! && held!.atMs <= second!.startMs);
        assert.ok(second!.startMs - first!.endMs! < HELD_MS, 'the time stopped is in no figure');
        assert.ok((await lensesOf(file)).length > 0);
      });
    });
}
