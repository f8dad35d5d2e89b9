/**
 * Runs the in-editor suite (`dist/test/host/index.cjs`) in a real extension host by way of @vscode/test-electron:
 * in desktop VS Code where it can be had, else in the browser edition behind `codeServerShim.mjs`. One suite, two hosts.
 *
 *     tsx test/host/runner.ts [SUITE.cjs]
 *
 * Exit code 0 when every test passed. The results lie in `test-results/editor.json` (see `runSuite.ts`).
 */
import { runTests, TestRunFailedError } from '@vscode/test-electron';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { newestEnvironment } from '../hooks/python/pythons.ts';
import { chooseVscode } from '../../scripts/lib/desktop.mjs';
import { quietSettings, writeUserSettings } from '../../scripts/lib/editorHost.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '..', '..');
const results = join(root, 'test-results');
const suite = resolve(process.argv[2] ?? join(root, 'dist', 'test', 'host', 'index.cjs'));

/** Inside the repository, so that the agents in it find the packages of its `node_modules`. */
function copyWorkspace(): string {
  mkdirSync(results, { recursive: true });
  const copy = mkdtempSync(join(results, 'workspace-'));
  const fixture = join(root, 'test', 'fixtures', 'workspace');
  if (existsSync(fixture)) cpSync(fixture, copy, { recursive: true });
  return copy;
}

const workspace = copyWorkspace();
// Not under the repository: desktop VS Code makes a socket in it, whose path must be short.
const profile = mkdtempSync(join(tmpdir(), 'agent-cost-vscode-'));
const userData = join(profile, 'user');
const extensions = join(profile, 'extensions');
writeUserSettings(userData, quietSettings);
installFolder(join(root, 'test', 'fixtures', 'debugpy-extension'));

/** Installs an extension from its folder, as VS Code keeps those that it has unpacked. */
function installFolder(folder: string): void {
  const { publisher, name, version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { publisher: string; name: string; version: string };
  const relativeLocation = `${publisher}.${name}-${version}`;
  const path = join(extensions, relativeLocation);
  cpSync(folder, path, { recursive: true });
  writeFileSync(join(extensions, 'extensions.json'), JSON.stringify([{ identifier: { id: `${publisher}.${name}` }, version, location: { $mid: 1, path, scheme: 'file' }, relativeLocation }]));
}

try {
  const { host } = await chooseVscode();
  const debugpy = await newestEnvironment('debugpy');
  process.stdout.write(`in ${host === 'desktop' ? 'desktop VS Code' : 'VS Code for the browser'}\n`);
  await runTests({
    extensionDevelopmentPath: root,
    extensionTestsPath: suite,
    launchArgs: [workspace, `--user-data-dir=${userData}`, `--extensions-dir=${extensions}`],
    extensionTestsEnv: { AGENT_COST_TEST_RESULTS: join(results, 'editor.json'), AGENT_COST_TEST_NODE: process.execPath, AGENT_COST_TEST_DEBUGPY: debugpy.executable },
    ...(host === 'server' ? { vscodeExecutablePath: join(here, 'codeServerShim.mjs') } : {}),
  });
} catch (error) {
  if (!(error instanceof TestRunFailedError)) throw error;
  process.exitCode = 1;
} finally {
  rmSync(workspace, { recursive: true, force: true });
  rmSync(profile, { recursive: true, force: true });
}
