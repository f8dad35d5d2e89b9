/** Looks for the programs that run a source file: settings, the Python extension, the workspace, the PATH. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { extensions, type Uri } from 'vscode';
import { z } from 'zod';
import { findExecutable } from '../instrument/findExecutable.ts';
import type { ProfiledLanguage } from '../contributions.ts';
import { chooseProgram, type NodeFacts, type Program, type PythonFacts } from './programs.ts';

const WINDOWS = process.platform === 'win32';
/** Asking a program for its version must not hold up the user for longer. */
const VERSION_TIMEOUT_MS = 10_000;

export interface ProgramSettings {
  python: string;
  node: string;
}

/**
 * @param folder the workspace folder that the file belongs to, or the file's own
 * @throws ProgramNotFoundError
 */
export async function findProgram(language: ProfiledLanguage, file: Uri, folder: string, settings: ProgramSettings): Promise<Program> {
  const python = language === 'python' ? await pythonFacts(file, folder, settings.python) : NO_PYTHON;
  const node = language === 'python' ? NO_NODE : await nodeFacts(file, folder, settings.node, language === 'typescript');
  return chooseProgram(language, python, node);
}

const NO_PYTHON: PythonFacts = { setting: '', settingFound: null, extension: null, virtualEnvironments: [], onPath: null };
const NO_NODE: NodeFacts = { setting: '', settingFound: null, onPath: null, version: null, tsx: null, tsNode: null };

async function pythonFacts(file: Uri, folder: string, setting: string): Promise<PythonFacts> {
  const inEnvironment = WINDOWS ? ['Scripts', 'python.exe'] : ['bin', 'python'];
  const candidates = ['.venv', 'venv'].map((name) => join(folder, name, ...inEnvironment));
  return {
    setting,
    settingFound: setting === '' ? null : findExecutable(setting, process.env, folder),
    extension: setting === '' ? await interpreterOfPythonExtension(file) : null,
    virtualEnvironments: candidates.filter((path) => findExecutable(path, process.env, folder) !== null),
    onPath: findExecutable('python3', process.env, folder) ?? findExecutable('python', process.env, folder),
  };
}

async function nodeFacts(file: Uri, folder: string, setting: string, typeScript: boolean): Promise<NodeFacts> {
  const settingFound = setting === '' ? null : findExecutable(setting, process.env, folder);
  const node = setting === '' ? findExecutable('node', process.env, folder) : settingFound;
  const from = dirname(file.fsPath);
  return {
    setting,
    settingFound,
    onPath: setting === '' ? node : null,
    version: typeScript && node !== null ? await versionOf(node) : null,
    tsx: typeScript ? await entryOf('tsx', from) : null,
    tsNode: typeScript ? await entryOf('ts-node', from) : null,
  };
}

/** What we need of the Python extension's API. */
const pythonApiSchema = z.object({
  environments: z.object({
    getActiveEnvironmentPath: z.custom<(resource?: Uri) => { path: string }>((value) => typeof value === 'function'),
    resolveEnvironment: z.custom<(environment: { path: string }) => Promise<unknown>>((value) => typeof value === 'function'),
  }),
});
const pythonEnvironmentSchema = z.object({ executable: z.object({ uri: z.object({ fsPath: z.string() }) }) });

async function interpreterOfPythonExtension(file: Uri): Promise<string | null> {
  const extension = extensions.getExtension<unknown>('ms-python.python');
  if (!extension) return null;
  try {
    const api = pythonApiSchema.safeParse(extension.isActive ? extension.exports : await extension.activate());
    if (!api.success) return null;
    // Called on the original object: the extension's methods may need their `this`.
    const { environments } = extension.exports as z.infer<typeof pythonApiSchema>;
    const environment = pythonEnvironmentSchema.safeParse(await environments.resolveEnvironment(environments.getActiveEnvironmentPath(file)));
    return environment.success ? findExecutable(environment.data.executable.uri.fsPath, process.env, dirname(file.fsPath)) : null;
  } catch {
    // Another extension's failure is not ours: the search goes on with the next place.
    return null;
  }
}

const packageSchema = z.object({ bin: z.union([z.string(), z.record(z.string(), z.string())]) });

/** The script behind a package's command, looked up as Node does: in node_modules here and in the folders above. */
async function entryOf(name: string, from: string): Promise<string | null> {
  for (let folder = from; ; folder = dirname(folder)) {
    const home = join(folder, 'node_modules', name);
    try {
      const { bin } = packageSchema.parse(JSON.parse(await readFile(join(home, 'package.json'), 'utf8')));
      const entry = typeof bin === 'string' ? bin : bin[name];
      if (entry !== undefined) return resolve(home, entry);
    } catch {
      // Not here, or not a package that has such a command: look further up.
    }
    if (dirname(folder) === folder) return null;
  }
}

async function versionOf(node: string): Promise<string | null> {
  try {
    const { stdout } = await promisify(execFile)(node, ['--version'], { timeout: VERSION_TIMEOUT_MS });
    return stdout.trim().replace(/^v/, '');
  } catch {
    // It will say what is wrong with it when it is run; here its version is merely unknown.
    return null;
  }
}
