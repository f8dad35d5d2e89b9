/** How a source file is run: pure choice from what was found on the machine (`findPrograms.ts` does the looking). */
import * as l10n from '@vscode/l10n';
import type { ProfiledLanguage, SettingId } from '../contributions.ts';

/** What the choice depends on. Paths are absolute and exist, unless they come from a setting. */
export interface PythonFacts {
  /** Setting agentCost.python; empty when unset. */
  setting: string;
  /** The setting names a program that was found; null when it was not. */
  settingFound: string | null;
  /** Interpreter chosen in the Python extension. */
  extension: string | null;
  /** Interpreters of the workspace's own virtual environments, the preferred first. */
  virtualEnvironments: readonly string[];
  /** python3 or python on the PATH. */
  onPath: string | null;
}

export interface NodeFacts {
  /** Setting agentCost.node; empty when unset. */
  setting: string;
  settingFound: string | null;
  onPath: string | null;
  /** What `node --version` prints, without the v; null when it could not be asked. */
  version: string | null;
  /** JavaScript entry of the workspace's own tsx, such as `…/node_modules/tsx/dist/cli.mjs`. */
  tsx: string | null;
  /** JavaScript entry of the workspace's own ts-node. */
  tsNode: string | null;
}

export interface Program {
  command: string;
  /** Arguments that come before the file. */
  args: readonly string[];
  /** For the log: why this one. */
  because: string;
}

/** No way to run the file; `message` says what is missing and what to do. */
export class ProgramNotFoundError extends Error {
  /** The setting that remedies it. */
  readonly setting: SettingId;
  constructor(setting: SettingId, message: string) {
    super(message);
    this.name = 'ProgramNotFoundError';
    this.setting = setting;
  }
}

/** @throws ProgramNotFoundError */
export function choosePython(facts: PythonFacts): Program {
  if (facts.setting !== '') {
    if (facts.settingFound === null)
      throw new ProgramNotFoundError('agentCost.python', l10n.t`Setting agentCost.python: there is no program "${facts.setting}". Correct it, or empty it to use the Python that is found.`);
    return { command: facts.settingFound, args: [], because: 'setting agentCost.python' };
  }
  if (facts.extension !== null) return { command: facts.extension, args: [], because: 'chosen in the Python extension' };
  const own = facts.virtualEnvironments[0];
  if (own !== undefined) return { command: own, args: [], because: "the workspace's virtual environment" };
  if (facts.onPath !== null) return { command: facts.onPath, args: [], because: 'first on the PATH' };
  throw new ProgramNotFoundError('agentCost.python', l10n.t('No Python was found: not in the Python extension, not in .venv or venv, not on the PATH. Install Python, or name one in the setting agentCost.python.'));
}

/** @throws ProgramNotFoundError */
export function chooseNode(facts: NodeFacts): Program {
  if (facts.setting !== '') {
    if (facts.settingFound === null)
      throw new ProgramNotFoundError('agentCost.node', l10n.t`Setting agentCost.node: there is no program "${facts.setting}". Correct it, or empty it to use the node on the PATH.`);
    return { command: facts.settingFound, args: [], because: 'setting agentCost.node' };
  }
  if (facts.onPath === null) throw new ProgramNotFoundError('agentCost.node', l10n.t('No Node was found on the PATH. Install Node 20 or later, or name one in the setting agentCost.node.'));
  return { command: facts.onPath, args: [], because: 'first on the PATH' };
}

/** First versions of Node that run TypeScript by stripping its types, without a flag: 22.18 and 23.6. */
export function stripsTypes(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map((part) => Number.parseInt(part, 10) || 0);
  return major > 23 || (major === 23 && minor >= 6) || (major === 22 && minor >= 18);
}

/** @throws ProgramNotFoundError */
export function chooseTypeScriptRunner(facts: NodeFacts): Program {
  const node = chooseNode(facts);
  if (facts.tsx !== null) return { ...node, args: [facts.tsx], because: `tsx of the workspace, node ${node.because}` };
  if (facts.tsNode !== null) return { ...node, args: [facts.tsNode], because: `ts-node of the workspace, node ${node.because}` };
  if (facts.version !== null && stripsTypes(facts.version)) return { ...node, because: `Node ${facts.version} runs TypeScript itself` };
  const found = facts.version === null ? l10n.t('the Node found does not say its version') : l10n.t`Node ${facts.version} does not run TypeScript`;
  throw new ProgramNotFoundError('agentCost.node', l10n.t`No way to run a TypeScript file: the workspace has neither tsx nor ts-node, and ${found}. Install tsx in the workspace (npm install --save-dev tsx), or name a Node from 22.18 in the setting agentCost.node.`);
}

/** @throws ProgramNotFoundError */
export function chooseProgram(language: ProfiledLanguage, python: PythonFacts, node: NodeFacts): Program {
  switch (language) {
    case 'python':
      return choosePython(python);
    case 'javascript':
      return chooseNode(node);
    case 'typescript':
      return chooseTypeScriptRunner(node);
  }
}
