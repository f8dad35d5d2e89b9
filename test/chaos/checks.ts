/** What must hold after a round, whatever happened in it. Each check tells what is wrong, in words. */
import { readdirSync } from 'node:fs';
import { connect } from 'node:net';
import { readRecordingFile } from '../../src/recorder/recordingFile.ts';
import { reportOf } from '../cli/agentCost.ts';
import { isThere, processesOf, until } from './processes.ts';
import type { Agent, Note, ReadyProfiler, World } from './world.ts';

export interface Happened {
  /** When the profiler was told to end, or killed; Infinity: it served to the end. */
  profilerEndsAt: number;
  /** When it was seen to be gone. */
  profilerGoneAt: number;
  /** It was killed: what ended just before may be lost, within `lossMs`. */
  killed: boolean;
  /** How long before a kill a call may have ended and still not be on disk. */
  lossMs: number;
  /** Agents that were killed. */
  victims?: Agent[];
  /** Stretches in which calls may fail although the upstream answered them, with why. */
  excuse?: (call: EndedCall) => boolean;
  /** Calls that need not be recorded. */
  unrecorded?: (call: EndedCall) => boolean;
  /** When the recording ended, where that is not the profiler’s end. */
  recordingEndsAt?: number;
  /** The recording ends before the run does: whether it is shown as complete depends on what was written last. */
  brokenOff?: boolean;
  /** There can be none. */
  noRecording?: boolean;
}

export interface EndedCall {
  id: string;
  agent: string;
  began: number;
  /** Null: it had not ended when its agent was killed. */
  ended: number | null;
  ok: boolean;
  error: string | null;
}

export interface Findings {
  problems: string[];
  calls: number;
  failed: number;
  recorded: number;
  incomplete: number;
  /** How long before the kill the oldest call that is missing had ended. */
  lostMs: number;
}

/** The calls of an agent as it saw them. */
export function callsOf(agent: Pick<Agent, 'name' | 'notes'>): EndedCall[] {
  const calls = new Map<string, EndedCall>();
  for (const note of agent.notes()) {
    if (note.e === 'begin') calls.set(note.id, { id: note.id, agent: agent.name, began: note.t, ended: null, ok: false, error: null });
    const call = calls.get(note.id);
    if (note.e === 'end' && call !== undefined) Object.assign(call, { ended: note.t, ok: note.ok === true, error: note.error ?? null });
  }
  return [...calls.values()];
}

/** Agents got what the upstream gave, and the recording has what had ended. */
export async function checkRound(world: World, profiler: ReadyProfiler, happened: Happened): Promise<Findings> {
  const upstream = world.upstreamNotes();
  const calls = world.agents.flatMap(callsOf);
  const problems = [...checkAgents(world, calls, upstream, happened)];
  const recording = happened.noRecording === true ? { problems: [], recorded: 0, incomplete: 0, lostMs: 0 } : await checkRecording(profiler.out, calls, upstream, happened);
  return {
    problems: [...problems, ...recording.problems, ...(await checkLeftovers(world, profiler))],
    calls: calls.length,
    failed: calls.filter(({ ok }) => !ok).length,
    recorded: recording.recorded,
    incomplete: recording.incomplete,
    lostMs: recording.lostMs,
  };
}

function* checkAgents(world: World, calls: EndedCall[], upstream: Note[], { profilerEndsAt, profilerGoneAt, victims = [], excuse }: Happened): Iterable<string> {
  const arrived = new Set(upstream.filter(({ e }) => e === 'in').map(({ id }) => id));
  const answered = new Set(upstream.filter(({ e }) => e === 'out').map(({ id }) => id));
  const victimNames = new Set(victims.map(({ name }) => name));
  for (const agent of world.agents) {
    if (victimNames.has(agent.name)) continue;
    if (agent.notes().at(-1)?.e !== 'done') yield `${agent.name} did not reach its end: ${agent.stderr().slice(-500)}`;
    const asked = callsOf(agent).length;
    if (asked !== agent.asked.length) yield `${agent.name} made ${asked} of its ${agent.asked.length} calls`;
  }
  for (const call of calls) {
    if (call.ok || victimNames.has(call.agent)) continue;
    // On its way through the profiler when that died. One that the model server never saw is asked again by the hook, past the profiler.
    const cutOff = call.began < profilerGoneAt && (call.ended ?? Infinity) >= profilerEndsAt && arrived.has(call.id);
    if (cutOff || excuse?.(call) === true) continue;
    if (call.began >= profilerEndsAt) yield `${call.id} began ${Math.round(call.began - profilerEndsAt)} ms after the profiler’s end and failed: ${call.error}`;
    else if (answered.has(call.id)) yield `${call.id} was answered by the model server, and its agent got: ${call.error}`;
    else yield `${call.id} failed, and nothing was done to it: ${call.error}`;
  }
}

async function checkRecording(out: string, calls: EndedCall[], upstream: Note[], happened: Happened) {
  const { recordingEndsAt: endsAt = happened.profilerEndsAt, killed, lossMs, unrecorded, brokenOff } = happened;
  const problems: string[] = [];
  // As a user opens it, then as it is.
  const report = await reportOf(out);
  const profile = await readRecordingFile(out);
  const byId = new Map<string, (typeof profile.calls)[number]>();
  for (const call of profile.calls) {
    const id = call.start.request.messages.at(-1)?.text?.split(' ', 1)[0];
    if (id !== undefined) byId.set(id, call);
  }
  const answered = new Set(upstream.filter(({ e }) => e === 'out').map(({ id }) => id));
  let lostMs = 0;
  for (const call of calls) {
    const recorded = byId.get(call.id);
    if (recorded?.end?.status === 'ok' && !answered.has(call.id)) problems.push(`${call.id} is recorded as answered, which it was not`);
    if (call.ended === null || call.ended >= endsAt || unrecorded?.(call) === true) continue;
    if (recorded === undefined || recorded.end === null) {
      const before = endsAt - call.ended;
      if (killed && before <= lossMs) lostMs = Math.max(lostMs, before);
      else problems.push(`${call.id} had ended${endsAt === Infinity ? '' : ` ${Math.round(before)} ms before the recording`} and is ${recorded === undefined ? 'not recorded' : 'recorded without its end'}`);
    } else if (call.ok && recorded.end.status !== 'ok') problems.push(`${call.id} was answered, and is recorded as ${recorded.end.status}`);
    else if (!call.ok && recorded.end.status === 'ok') problems.push(`${call.id} failed (${call.error}), and is recorded as ok`);
  }
  const open = profile.calls.filter(({ end }) => end === null).length;
  const incomplete = report.spans.filter(({ kind, status }) => kind === 'llm' && status === 'incomplete').length;
  if (incomplete !== open) problems.push(`${open} calls have no end, and ${incomplete} are shown as incomplete`);
  if (brokenOff !== true && report.run.complete === killed) problems.push(`the run is shown as ${killed ? 'complete' : 'incomplete'}`);
  return { problems, recorded: profile.calls.length - open, incomplete, lostMs };
}

/** No process, no port and no file among the temporary ones stays, once the next session has swept up after one that was killed. */
async function checkLeftovers(world: World, { pid, routeUrl }: ReadyProfiler): Promise<string[]> {
  const problems: string[] = [];
  const settled = await until(() => processesOf(world).length === 0, '', 20_000).then(() => true, () => false);
  if (!settled) problems.push(...processesOf(world).map(({ pid: left, command }) => `process ${left} stays: ${command}`));
  if (isThere(pid)) problems.push(`the profiler (process ${pid}) stays`);
  if (world.inside.length === 0 && (await isOpen(Number(new URL(routeUrl).port)))) problems.push(`port ${new URL(routeUrl).port} stays open`);
  if (readdirSync(world.temporary).length > 0) await sweep(world);
  for (const name of readdirSync(world.temporary)) problems.push(`${name} stays among the temporary files`);
  return problems;
}

/** A further session, which begins by sweeping up. */
async function sweep(world: World): Promise<void> {
  const { running, url } = await world.startUpstream();
  const next = await world.startProfiler(url, { out: `${world.folder}/swept.agentcost` });
  next.host.child.stdin!.write('stop\n');
  await next.host.ended;
  running.child.kill();
  await running.ended;
}

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const tell = (open: boolean) => {
      socket.destroy();
      resolve(open);
    };
    socket.once('connect', () => tell(true)).once('error', () => tell(false));
  });
}
