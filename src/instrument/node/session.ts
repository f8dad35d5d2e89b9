/** The session file: the lease without which the hook does nothing. */
import { readFileSync } from 'node:fs';
import { SESSION_ENV, type SessionFile } from './contract.ts';

const BACKENDS: readonly string[] = ['sim', 'fixed', 'direct'] satisfies SessionFile['backend'][];

/** The running session, or null when there is none, it cannot be read, or it is not one that this hook understands. */
export function readSession(env: NodeJS.ProcessEnv): SessionFile | null {
  const file = env[SESSION_ENV];
  if (!file) return null;
  try {
    return checkSession(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    // No lease, no hook: the program runs as if we were not there.
    return null;
  }
}

function checkSession(value: unknown): SessionFile | null {
  if (typeof value !== 'object' || value === null) return null;
  const { version, id, routeUrl, eventsDir, backend, fallbackUrl, profilerPid } = value as Record<string, unknown>;
  if (version !== 1 || typeof id !== 'string' || typeof eventsDir !== 'string') return null;
  if (typeof routeUrl !== 'string' || new URL(routeUrl).protocol !== 'http:') return null;
  if (typeof backend !== 'string' || !BACKENDS.includes(backend)) return null;
  if (fallbackUrl !== null && typeof fallbackUrl !== 'string') return null;
  if (typeof profilerPid !== 'number' || !Number.isInteger(profilerPid)) return null;
  return { version, id, routeUrl: routeUrl.replace(/\/+$/, ''), eventsDir, backend: backend as SessionFile['backend'], fallbackUrl, profilerPid };
}
