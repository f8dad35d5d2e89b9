// What must be there before a command can run, made on the first run and checked in milliseconds afterwards.
// Uses only what Node has built in: it runs before anything is installed.
//
//   node scripts/setup.mjs [--for start|editor|test]
//
// Alone it installs the dependencies. `npm test` gets what its later stages need (build, editor, browser) when it
// comes to them; `--for test` gets all of it now.
import { ensureBrowser } from './lib/browser.mjs';
import { ensureBuilt } from './lib/bundles.mjs';
import { ensureCodeServer } from './lib/codeServer.mjs';
import { ensureDependencies } from './lib/dependencies.mjs';
import { ensurePerfetto } from './lib/perfetto.mjs';
import { runScript, SetupError } from './lib/steps.mjs';

const needs = {
  nothing: [],
  start: [ensureBuilt],
  editor: [ensureBuilt],
  test: [ensureCodeServer, ensureBrowser, ensurePerfetto, ensureBuilt],
};

await runScript(async () => {
  const [option, purpose] = process.argv.slice(2);
  if (option !== undefined && (option !== '--for' || !Object.hasOwn(needs, purpose ?? ''))) throw new SetupError('usage: node scripts/setup.mjs [--for start|editor|test]');
  await ensureDependencies();
  for (const ensure of needs[purpose ?? 'nothing']) await ensure();
});
