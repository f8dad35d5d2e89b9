// `npm test [-- --only STAGE,STAGE]`: every check of the project, one stage after the other, each within its time.
// A failed stage does not stop the next. Ends with a line `N passed, N failed`.
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ensureBrowser } from './lib/browser.mjs';
import { ensureBuilt } from './lib/bundles.mjs';
import { ensureCodeServer } from './lib/codeServer.mjs';
import { chooseVscode } from './lib/desktop.mjs';
import { ensureCoreFrameworks } from './lib/frameworks.mjs';
import { leftovers, markFor } from './lib/leftovers.mjs';
import { resultsFolder, root, toolNode } from './lib/paths.mjs';
import { ensurePerfetto } from './lib/perfetto.mjs';
import { run } from './lib/process.mjs';
import { runScript, seconds, SetupError } from './lib/steps.mjs';
import { readEditorSuite, readVitest } from './lib/testResults.mjs';

const bin = (path) => join(root, 'node_modules', path);
const unitResults = join(resultsFolder, 'unit.json');
const frameworksResults = join(resultsFolder, 'core-frameworks.json');
const editorResults = join(resultsFolder, 'editor.json');
const e2eResults = join(resultsFolder, 'e2e.json');
const vitest = (results, ...args) => [bin('vitest/vitest.mjs'), 'run', '--reporter=default', '--reporter=json', `--outputFile.json=${results}`, ...args];

/**
 * In this order. `minutes`: the bound against a hang, several times what a small machine takes. `needs`: made first, in its own time.
 * `results`: where the stage leaves its tests' outcomes, and how to read them; a stage without tests counts as one.
 */
const stages = [
  { name: 'types', minutes: 3, commands: [[bin('typescript/bin/tsc'), '-p', '.'], [bin('typescript/bin/tsc'), '-p', 'webview']] },
  { name: 'lint', minutes: 3, commands: [[bin('eslint/bin/eslint.js'), '.']] },
  { name: 'imports', minutes: 2, commands: [[bin('dependency-cruiser/bin/dependency-cruise.mjs'), '--config', '.dependency-cruiser.cjs', 'src', 'webview']] },
  { name: 'unit', minutes: 20, needs: [ensureBuilt], commands: [vitest(unitResults)], results: { file: unitResults, read: readVitest } },
  {
    name: 'frameworks',
    minutes: 12,
    needs: [ensureBuilt, ensureCoreFrameworks],
    commands: [vitest(frameworksResults, '--config', 'vitest.frameworks.config.ts')],
    env: { AGENT_COST_FRAMEWORKS: 'core' },
    results: { file: frameworksResults, read: readVitest },
  },
  {
    name: 'editor',
    minutes: 5,
    needs: [ensureBuilt, ensureCodeServer, ensureBrowser],
    commands: [[bin('tsx/dist/cli.mjs'), join('test', 'host', 'runner.ts')]],
    launcher: async () => (await chooseVscode()).launcher,
    results: { file: editorResults, read: readEditorSuite },
  },
  {
    name: 'e2e',
    minutes: 8,
    needs: [ensureCodeServer, ensureBrowser, ensurePerfetto],
    commands: [vitest(e2eResults, '--config', 'vitest.e2e.config.ts')],
    results: { file: e2eResults, read: readVitest },
  },
];

/** Processes that end with their parents need a moment for it. */
const LEFTOVER_GRACE_MS = 5_000;

async function endLeftovers(name) {
  const until = Date.now() + LEFTOVER_GRACE_MS;
  let left = leftovers(name);
  while (left.length > 0 && Date.now() < until) {
    await delay(100);
    left = leftovers(name);
  }
  for (const { pid } of left) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It ended by itself after all.
    }
  }
  return left.map(({ pid, command }) => ({ title: `${name} left a process running`, message: `${pid} ${command}` }));
}

/** @returns {Promise<{ passed: number, failures: { title: string, message: string }[] }>} */
async function runStage({ name, minutes, needs = [], commands, env, launcher, results }) {
  for (const ensure of needs) await ensure();
  if (results) rmSync(results.file, { force: true });
  const before = launcher ? await launcher() : [];
  const deadline = Date.now() + minutes * 60_000;
  const problems = [];
  for (const args of commands) {
    const [program, ...rest] = [...before, toolNode(), ...args];
    const { code, timedOut } = await run(program, rest, { cwd: root, env: { ...process.env, ...env, ...markFor(name) }, timeoutMs: Math.max(1, deadline - Date.now()), show: true });
    if (timedOut) problems.push({ title: name, message: `not done after ${minutes} minutes: ended` });
    else if (code !== 0) problems.push({ title: name, message: `exit code ${code}: see its output above` });
  }
  const orphans = await endLeftovers(name);
  if (!results) {
    const failures = [...problems.slice(0, 1), ...orphans];
    return { passed: failures.length === 0 ? 1 : 0, failures };
  }
  const outcome = results.read(results.file);
  if (!outcome) return { passed: 0, failures: [...(problems.length > 0 ? problems : [{ title: name, message: 'it left no results' }]), ...orphans] };
  const failures = [...outcome.failures, ...orphans];
  // A runner that fails although each test passed has its reason: an error outside of any test, or its time was up.
  if (problems.length > 0 && (outcome.failures.length === 0 || problems[0].message.startsWith('not done'))) failures.push(problems[0]);
  if (outcome.passed + failures.length === 0) failures.push({ title: name, message: 'it ran no test' });
  return { passed: outcome.passed, failures };
}

function chosenStages(args) {
  if (args.length === 0) return stages;
  const [option, list] = args[0].split('=').concat(args.slice(1));
  const names = (list ?? '').split(',');
  const unknown = names.filter((name) => !stages.some((stage) => stage.name === name));
  if (option !== '--only' || unknown.length > 0)
    throw new SetupError(`usage: npm test [-- --only STAGE,…]; the stages are ${stages.map(({ name }) => name).join(', ')}.`);
  return stages.filter(({ name }) => names.includes(name));
}

await runScript(async () => {
  const chosen = chosenStages(process.argv.slice(2));
  mkdirSync(resultsFolder, { recursive: true });
  let passed = 0;
  const failures = [];
  const table = [];
  for (const stage of chosen) {
    process.stdout.write(`\n── ${stage.name} ${'─'.repeat(60 - stage.name.length)}\n`);
    const started = performance.now();
    const outcome = await runStage(stage).catch((error) => {
      // What the stage needs could not be made. The others may still have something to say.
      if (!(error instanceof SetupError)) throw error;
      return { passed: 0, failures: [{ title: stage.name, message: error.message }] };
    });
    const took = seconds(performance.now() - started);
    table.push(`${stage.name.padEnd(10)} ${String(outcome.passed).padStart(5)} passed ${String(outcome.failures.length).padStart(4)} failed ${took.padStart(9)}`);
    passed += outcome.passed;
    failures.push(...outcome.failures);
  }
  for (const { title, message } of failures) process.stdout.write(`\n✗ ${title}\n${message.trimEnd().replace(/^/gm, '    ')}\n`);
  process.stdout.write(`\n${table.join('\n')}\n\n`);
  process.stdout.write(`${passed} passed, ${failures.length} failed\n`);
  if (failures.length > 0) process.exitCode = 1;
});
