/** Which Python runs what the sandbox is given, and which folders it needs to see. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

export interface Python {
  /** The interpreter itself, not a shim or a link in front of it. */
  executable: string;
  /** Folders of the interpreter and its library. */
  folders: string[];
  version: string;
}

const LOOK = 'import os, sys, json; print(json.dumps([os.path.realpath(sys.executable), sorted({os.path.realpath(sys.base_prefix), os.path.realpath(sys.base_exec_prefix)}), sys.version.split()[0]]))';

let found: Promise<Python> | undefined;

/**
 * The Python of AGENT_COST_SANDBOX_PYTHON, else the `python3` of the PATH; looked for once.
 * @throws Error that says how to name one
 */
export function findPython(): Promise<Python> {
  return (found ??= look(process.env.AGENT_COST_SANDBOX_PYTHON ?? 'python3'));
}

async function look(command: string): Promise<Python> {
  try {
    // Isolated: the virtual environment or hook of whoever runs this must not get in.
    const { stdout } = await promisify(execFile)(command, ['-I', '-c', LOOK]);
    const [executable, folders, version] = JSON.parse(stdout) as [string, string[], string];
    return { executable, folders, version };
  } catch (error) {
    throw new Error(
      `Python cannot be started as "${command}": ${error instanceof Error ? error.message : String(error)}. ` +
        'The sandbox needs Python 3.8 or newer: install one, or name it in AGENT_COST_SANDBOX_PYTHON.',
      { cause: error },
    );
  }
}
