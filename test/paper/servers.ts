/** The paper's two servers, simulated. One set of constants for each: those of the profiles that ship. */
import { startServer } from '../../src/experiments/servers.ts';
import { runSessions, type Session, type VirtualRun } from '../../src/simulator/virtualTime.ts';
import type { PaperModel } from '../../src/experiments/paper/published.ts';

/** Runs sessions on a server that was just started. */
export function serve(name: PaperModel, sessions: readonly Session[], prefixCaching = true): VirtualRun {
  const { engine, idleWatts } = startServer(name, prefixCaching);
  return runSessions(engine, sessions, idleWatts);
}
