/**
 * Entry of the Node hook. Loaded before the user's program in every Node process of a session, and in its workers; decides
 * whether to act, and never lets an error of its own out.
 */
import { syncBuiltinESMExports } from 'node:module';
import { isMainThread, parentPort } from 'node:worker_threads';
import { isBystander } from './bystanders.ts';
import { hideFromStack } from './callSites.ts';
import { HOOK_SYMBOL } from './contract.ts';
import { hookFetch } from './fetchHook.ts';
import { CpuSampler } from './cpuSampler.ts';
import { watchBundledSdks } from './bundledSdks.ts';
import { FunctionRuns } from './functionRuns.ts';
import { hideProbes } from './functionText.ts';
import { observeHttp2 } from './http2Hook.ts';
import { hookHttp } from './httpHook.ts';
import { watchImport, watchRequire, type Found } from './moduleHook.ts';
import { whenSdkIsBundled } from './ownModules.ts';
import { watchGetBuiltin, whenAskedFor } from './lazyBuiltins.ts';
import { hookProcesses } from './processHook.ts';
import { Runtime } from './runtime.ts';
import { observeServers } from './serverHook.ts';
import { readSession } from './session.ts';
import { observeUndici } from './undiciHook.ts';
import { watchScripts } from './vmHook.ts';
import { Waits } from './waits.ts';
import { Watchers } from './watchers.ts';

function start(): void {
  if (HOOK_SYMBOL in globalThis) return;
  const session = readSession(process.env);
  if (session === null || isBystander(process.argv, process.versions)) return;
  // Node's threads for loader hooks run no program, but on Node 20 they read its modules.
  if (!isMainThread && parentPort === null) {
    Object.defineProperty(globalThis, HOOK_SYMBOL, { value: {} });
    watchImport();
    return;
  }

  const runtime = new Runtime(session);
  const watchers = new Watchers(runtime);
  const found: Found = (...args) => watchers.found(...args);
  const functions = new FunctionRuns(runtime);
  const waits = new Waits(runtime);
  const sampler = new CpuSampler(runtime, runtime.flights);
  runtime.onModelCall = () => {
    functions.begin();
    waits.begin();
  };
  const enterOf: FunctionRuns['enterOf'] = (file, rows, isBundle, hasMap) => functions.enterOf(file, rows, isBundle, hasMap);
  Object.defineProperty(globalThis, HOOK_SYMBOL, { value: { found, enterOf } });
  for (const part of [
    hideProbes,
    watchRequire,
    watchImport,
    () => whenSdkIsBundled(() => watchBundledSdks((sdk, key, client) => void watchers.found(sdk, key, '', client))),
    watchScripts,
    () => hookFetch(runtime),
    watchGetBuiltin,
    () => whenAskedFor(['http', 'https'], () => hookHttp(runtime)),
    () => observeUndici(runtime),
    () => observeHttp2(runtime),
    () => observeServers(runtime),
    // The cluster module starts its workers with it.
    () => whenAskedFor(['child_process', 'cluster'], () => hookProcesses(runtime)),
    () => waits.watch(),
    // For `import { request } from 'node:http'`.
    syncBuiltinESMExports,
  ])
    attempt(part);
  runtime.hello();
  process.on('exit', () => {
    sampler.stop();
    runtime.bye();
  });
  process.on('uncaughtExceptionMonitor', (error) => {
    functions.thrown.caught(error);
    hideFromStack(error);
  });
}

/** One part that does not fit this Node leaves the others, and the host, at work. */
function attempt(part: () => void): void {
  try {
    part();
  } catch {
    // See above.
  }
}

attempt(start);
