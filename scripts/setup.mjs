// What must be there before a command can run, made on the first run and checked in milliseconds afterwards.
// Uses only what Node has built in: it runs before anything is installed.
//
//   node scripts/setup.mjs --for build|start|test|editor|package
import { ensureBrowser } from './lib/browser.mjs';
import { ensureBuilt } from './lib/bundles.mjs';
import { ensureCodeServer } from './lib/codeServer.mjs';
import { ensureDependencies } from './lib/dependencies.mjs';
import { runScript, SetupError } from './lib/steps.mjs';

const needs = {
  build: [ensureDependencies],
  package: [ensureDependencies],
  start: [ensureDependencies, ensureBuilt],
  editor: [ensureDependencies, ensureBuilt],
  test: [ensureDependencies, ensureCodeServer, ensureBrowser, ensureBuilt],
};

await runScript(async () => {
  const [option, purpose] = process.argv.slice(2);
  if (option !== '--for' || !Object.hasOwn(needs, purpose ?? '')) throw new SetupError(`usage: node scripts/setup.mjs --for ${Object.keys(needs).join('|')}`);
  for (const ensure of needs[purpose]) await ensure();
});
