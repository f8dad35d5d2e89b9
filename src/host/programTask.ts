/** Runs a program in a terminal that the user sees and can interrupt, and tells how it ended. */
import { ProcessExecution, ShellExecution, Task, TaskPanelKind, TaskRevealKind, tasks, TaskScope, type TaskExecution, type WorkspaceFolder } from 'vscode';
import { DisposableList } from './disposables.ts';

/** What is run: a program with its arguments, or a line for the user's shell. */
export type CommandToRun = { kind: 'program'; command: string; args: readonly string[] } | { kind: 'shell'; line: string };

export interface ProgramTask {
  execution: TaskExecution;
  /** The exit code; null when the terminal was closed or the program did not start. */
  ended: Promise<number | null>;
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

export async function startProgramTask({ name, run, cwd, environment, folder, id }: ProgramTaskOptions): Promise<ProgramTask> {
  const options = { cwd, env: { ...environment } };
  const execution = run.kind === 'program' ? new ProcessExecution(run.command, [...run.args], options) : new ShellExecution(run.line, options);
  const task = new Task({ type: 'agentCost', run: id }, folder ?? TaskScope.Workspace, name, 'Agent Cost', execution, []);
  task.presentationOptions = { reveal: TaskRevealKind.Always, panel: TaskPanelKind.Dedicated, focus: false, clear: false, showReuseMessage: false };

  // Listening begins before the start: a short program may end before executeTask returns.
  const listeners = new DisposableList();
  const isOurs = (other: TaskExecution): boolean => other.task.definition['run'] === id;
  const ended = new Promise<number | null>((resolve) => {
    const end = (exitCode: number | null): void => {
      listeners.dispose();
      resolve(exitCode);
    };
    listeners.add(tasks.onDidEndTaskProcess((event) => isOurs(event.execution) && end(event.exitCode ?? null)));
    // A program that could not be started has no process that ends.
    listeners.add(tasks.onDidEndTask((event) => isOurs(event.execution) && end(null)));
  });
  try {
    return { execution: await tasks.executeTask(task), ended };
  } catch (error) {
    listeners.dispose();
    throw error;
  }
}
