/**
 * Names shared with the profiler. The values are repeated here because `src/protocol/hook.ts` brings zod along, which has
 * no business in other people's processes; their types come from there, so that a difference does not compile.
 */
import type * as protocol from '../../protocol/hook.ts';

export type { CallTag, WrittenHookEvent as HookEvent, SessionFile } from '../../protocol/hook.ts';
export type { Site } from '../../profile/recordingFormat.ts';

export const SESSION_ENV: typeof protocol.SESSION_ENV = 'AGENT_COST_SESSION';
export const CALL_HEADER: typeof protocol.CALL_HEADER = 'x-agent-cost-call';
export const ORIGIN_HEADER: typeof protocol.ORIGIN_HEADER = 'x-agent-cost-origin';
export const CALL_TAG_LIMIT: typeof protocol.CALL_TAG_LIMIT = 6000;

/** The one name the hook leaves on `globalThis`: its own guard against loading twice, and where modules of interest report to. */
export const HOOK_SYMBOL = Symbol.for('agent-cost.hook');
