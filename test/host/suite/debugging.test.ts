/** F5 with a breakpoint while a profiling session is on: the breakpoint is hit, the run is recorded, the time stopped is left out. */
import assert from 'node:assert/strict';
import { setTimeout as pause } from 'node:timers/promises';
import * as vscode from 'vscode';
import { activated, eventually, lensesOf, lineWith, linesIn, run, RUN_TIMEOUT_MS, workspaceFile } from './inEditor.ts';

/** Long against what a run of the fixture takes on the embedded server. */
const HELD_MS = 3000;

interface Stop {
  session: vscode.DebugSession;
  threadId: number;
}

/** What debuggers say of stops. Asked for a stack, one answers for a thread that runs as well. */
class Stops implements vscode.Disposable {
  #latest: Stop | null = null;
  readonly #registration: vscode.Disposable;

  constructor() {
    this.#registration = vscode.debug.registerDebugAdapterTrackerFactory('*', {
      createDebugAdapterTracker: (session) => ({
        onDidSendMessage: (message: { type?: string; event?: string; body?: { threadId?: number } }) => {
          if (message.type === 'event' && message.event === 'stopped' && message.body?.threadId !== undefined) this.#latest = { session, threadId: message.body.threadId };
        },
      }),
    });
  }

  get latest(): Stop | null {
    return this.#latest;
  }

  dispose(): void {
    this.#registration.dispose();
  }
}

interface Frame {
  line: number;
  /** A file has a path and no reference: what has one is shown as a text that is on no disk. */
  source?: { path?: string; sourceReference?: number };
}

async function topFrame({ session, threadId }: Stop): Promise<Frame | undefined> {
  const { stackFrames } = (await session.customRequest('stackTrace', { threadId, levels: 1 })) as { stackFrames: Frame[] };
  return stackFrames[0];
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
        const stops = new Stops();
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
          const stop = await eventually('the breakpoint', () => stops.latest, RUN_TIMEOUT_MS);
          const frame = await topFrame(stop);
          assert.deepEqual([frame?.line, frame?.source?.sourceReference ?? 0], [line, 0]);
          assert.ok(frame?.source?.path?.endsWith(file.fsPath), `stopped in ${frame?.source?.path}`);
          // What a person does at a breakpoint: looks at things for a while.
          await pause(HELD_MS);
          const ended = new Promise<void>((resolve) => {
            const listening = vscode.debug.onDidTerminateDebugSession(() => {
              if (vscode.debug.activeDebugSession !== undefined) return;
              listening.dispose();
              resolve();
            });
          });
          await stop.session.customRequest('continue', { threadId: stop.threadId });
          await ended;
        } finally {
          stops.dispose();
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
        assert.ok(held!.ms >= HELD_MS * 0.9, `held for ${held!.ms} ms`);
        // Between the two calls there is the tool and little else.
        const [first, second] = report.spans.filter((span) => span.kind === 'llm');
        assert.ok(held!.atMs >= first!.endMs! && held!.atMs <= second!.startMs);
        assert.ok(second!.startMs - first!.endMs! < HELD_MS, 'the time stopped is in no figure');
        assert.ok((await lensesOf(file)).length > 0);
        // What it called between the two, which nobody declared, was measured as without a debugger.
        const search = report.spans.find((span) => span.name === 'search');
        assert.deepEqual([search?.source, search?.evidence, search?.site?.line], ['function', 'measured', lineWith(document, language === 'Node' ? 'async function search' : 'def search')]);
      });
    });
}
