/** Runs a program in a terminal that the user sees and can interrupt, and tells how it ended. */
import { ProcessExecution, ShellExecution, Task, TaskPanelKind, TaskRevealKind, tasks, TaskScope, type TaskExecution, type WorkspaceFolder } from 'vscode';
import { DisposableList } from './disposables.ts';

/** What is run: a program with its arguments, or a line for the user's shell. */
export type CommandToRun = { kind: 'program'; command: string; args: readonly string[] } | { kind: 'shell'; line: string };

export interface ProgramTask {
  /** Resolves when the program runs, or has already ended. */
  started: Promise<void>;
  /** The exit code; null when the terminal was closed or the program did not start. Rejects when VS Code does not take the task. */
  ended: Promise<number | null>;
  /** Ends the program as closing its terminal would, as soon as it runs. */
  stop(): Promise<void>;
}

export interface ProgramTaskOptions {
  name: string;
  run: CommandToRun;
  cwd: string;
  environment: Readonly<Record<string, string>>;
  folder: WorkspaceFolder | undefined;
  /** Tells this run's task from another's with the same name. */
  id: string;
}

export function startProgramTask({ name, run, cwd, environment, folder, id }: ProgramTaskOptions): ProgramTask {
  const options = { cwd, env: { ...environment } };
  const execution = run.kind === 'program' ? new ProcessExecution(run.command, [...run.args], options) : new ShellExecution(run.line, options);
  const task = new Task({ type: 'agentCost', run: id }, folder ?? TaskScope.Workspace, name, 'Agent Cost', execution, []);
  task.presentationOptions = { reveal: TaskRevealKind.Always, panel: TaskPanelKind.Dedicated, focus: false, clear: false, showReuseMessage: false };

  // Listening begins before the start: a short program may end before executeTask returns.
  const listeners = new DisposableList();
  const isOurs = (other: TaskExecution): boolean => other.task.definition['run'] === id;
  const ended = new Promise<number | null>((resolve, reject) => {
    listeners.add(tasks.onDidEndTaskProcess((event) => isOurs(event.execution) && resolve(event.exitCode ?? null)));
    // A program that could not be started has no process that ends.
    listeners.add(tasks.onDidEndTask((event) => isOurs(event.execution) && resolve(null)));
    tasks.executeTask(task).then(undefined, reject);
  }).finally(() => listeners.dispose());
  const running = new Promise<void>((resolve) => {
    listeners.add(tasks.onDidStartTaskProcess((event) => isOurs(event.execution) && resolve()));
  });
  const started = Promise.race([running, ended.then(() => undefined)]);
  return {
    started,
    ended,
    async stop() {
      // VS Code does not find a task that is told to end before it runs.
      await started;
      tasks.taskExecutions.find(isOurs)?.terminate();
    },
  };
}
