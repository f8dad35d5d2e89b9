/**
 * Child processes that ask models themselves: agents that the program starts in processes of their own. No model asked for them as a
 * tool, and what they take is their calls' and tools' time.
 */
import type { ProcessLine } from '../profile/recordingFormat.ts';
import type { Milliseconds } from '../profile/units.ts';
import type { Draft } from './drafts.ts';
import type { Above } from './draftTree.ts';

/** The processes' clocks are placed beside each other with about this error. */
const CLOCK_SKEW: Milliseconds = 5;

/** Has the spans of such processes be no tools. `tools`: all that were seen by hooks, those that a model asked for with who asked; `above` finds the tool around one. */
export function settleAgentProcesses(tools: readonly Draft[], calls: readonly Draft[], processes: readonly ProcessLine[], above: Above): void {
  const started = tools.filter((draft) => draft.hook?.start.source === 'process' && draft.span.kind === 'tool').sort((a, b) => a.start - b.start);
  if (started.length === 0) return;
  // Each of a process's threads has a line as well, after its own.
  const byPid = new Map<number | null, ProcessLine>();
  for (const line of processes) if (!byPid.has(line.pid)) byPid.set(line.pid, line);
  const asking = new Set(calls.map(({ span }) => span.pid));
  for (const pid of [...asking]) for (let at = byPid.get(pid)?.ppid; at !== undefined && !asking.has(at); at = byPid.get(at)?.ppid) asking.add(at);
  const taken = new Set<Draft>();
  for (const child of byPid.values()) {
    if (!asking.has(child.pid)) continue;
    const open = started.filter((draft) => !taken.has(draft) && draft.span.pid === child.ppid && draft.start <= child.t + CLOCK_SKEW && draft.end >= child.t);
    const named = open.filter((draft) => isOf(draft, child));
    const process = named[0] ?? (open.length === 1 ? open[0] : undefined);
    if (process === undefined) continue;
    taken.add(process);
    if (process.issuer !== null || above(process) !== undefined) continue;
    process.span.kind = 'other';
    process.span.tool = null;
  }
}

/** `node agent.js` is of the process whose arguments name `agent.js`. */
function isOf({ hook }: Draft, { argv }: ProcessLine): boolean {
  const script = hook?.start.detail?.split(' ').at(-1) ?? '';
  return script !== '' && argv.slice(1).some((word) => word === script || word.endsWith(`/${script}`));
}
