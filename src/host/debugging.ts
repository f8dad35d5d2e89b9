/**
 * Programs that are started by a debugger (F5, "Debug Python File", the test explorer) while a profiling session is on: they
 * get the session's environment, merged with what the user and the debugger set, and the time in which they are held at a
 * breakpoint is told to the profiler.
 */
import { readFile } from 'node:fs/promises';
import { parseEnv } from 'node:util';
import { debug, type DebugAdapterTracker, type DebugConfiguration, type DebugSession, type Disposable, type LogOutputChannel } from 'vscode';
import { SESSION_ENV } from '../protocol/hook.ts';
import { DisposableList } from './disposables.ts';
import { heldThreads, programEnvironment, runsPrograms, type DebugMessage } from './debugRules.ts';
import type { Session } from './sessions.ts';

/** What a session needs to follow debuggers. Disposed with it. */
export function followDebuggers(session: Session, log: LogOutputChannel): Disposable {
  const disposables = new DisposableList();
  disposables.add(
    debug.registerDebugConfigurationProvider('*', {
      // After the debugger's own: what it sets is there to be merged with.
      resolveDebugConfigurationWithSubstitutedVariables: async (_folder, configuration) => profiled(configuration, session, log),
    }),
  );
  const held = new Map<string, ReadonlySet<number | 'all'>>();
  const tell = (): void => session.setHeld([...held.values()].some((threads) => threads.size > 0));
  disposables.add(
    debug.registerDebugAdapterTrackerFactory('*', {
      createDebugAdapterTracker(debugSession): DebugAdapterTracker | undefined {
        if (!belongsTo(debugSession, session)) return undefined;
        const follow = (direction: 'toAdapter' | 'fromAdapter') => (message: DebugMessage) => {
          held.set(debugSession.id, heldThreads(held.get(debugSession.id) ?? new Set(), direction, message));
          tell();
        };
        const forget = (): void => {
          held.delete(debugSession.id);
          tell();
        };
        return { onWillReceiveMessage: follow('toAdapter'), onDidSendMessage: follow('fromAdapter'), onExit: forget, onWillStopSession: forget };
      },
    }),
  );
  return disposables;
}

async function profiled(configuration: DebugConfiguration, session: Session, log: LogOutputChannel): Promise<DebugConfiguration> {
  try {
    if (!runsPrograms(configuration)) return configuration;
    const fromFiles = await readEnvFiles(configuration['envFile']);
    const env = programEnvironment(configuration, fromFiles, process.env, (base) => session.environmentOn(base));
    log.info(`${configuration.name} is started by a debugger and profiled`);
    return { ...configuration, env };
  } catch (error) {
    // The program is debugged all the same.
    log.error('a debug configuration was left as it is', error instanceof Error ? error : String(error));
    return configuration;
  }
}

/** Variables of the files that the debugger will read itself; later files win, as in the debuggers. */
async function readEnvFiles(names: unknown): Promise<NodeJS.ProcessEnv> {
  const read: NodeJS.ProcessEnv = {};
  for (const name of typeof names === 'string' ? [names] : Array.isArray(names) ? names : []) {
    if (typeof name !== 'string') continue;
    try {
      Object.assign(read, parseEnv(await readFile(name, 'utf8')));
    } catch {
      // The debugger says so itself, if it minds.
    }
  }
  return read;
}

/** js-debug has sessions within sessions: the one that runs the program has a parent, which has the configuration. */
function belongsTo(debugSession: DebugSession, session: Session): boolean {
  for (let each: DebugSession | undefined = debugSession; each !== undefined; each = each.parentSession) {
    const env = each.configuration['env'] as Record<string, unknown> | undefined;
    if (env?.[SESSION_ENV] === session.environment[SESSION_ENV]) return true;
  }
  return false;
}
