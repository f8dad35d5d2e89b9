/** Runs an engine in virtual time under clients that wait for their answers: as fast as it can be computed, and the same each time. */
import type { Milliseconds, Watts } from '../profile/units.ts';
import type { Engine } from './engine/engine.ts';
import type { EngineStep, FinishedRequest } from './engine/engineStep.ts';

/** What a client asks at once, and how long it does something else before. */
export interface Turn {
  /** Tools and thinking, since the last of the turn before was answered. */
  pauseMs: Milliseconds;
  /** Between one of its calls and the next: a client does not send them at the very same time. 0 unless said. */
  staggerMs?: Milliseconds;
  calls: readonly { promptTokens: readonly number[]; outputTokens: readonly number[] }[];
}

/** One client: its turns follow each other, each when the one before is answered. */
export interface Session {
  arrival: Milliseconds;
  turns: readonly Turn[];
}

export interface SessionResult {
  arrival: Milliseconds;
  /** When its last call was answered. */
  end: Milliseconds;
  calls: FinishedRequest[];
}

export interface VirtualRun {
  /** In the order given. */
  sessions: SessionResult[];
  /** From the first arrival to the last answer. */
  wallMs: Milliseconds;
  /** What the GPU did; sums to `wallMs`. */
  gpuMs: Record<EngineStep['state'] | 'idle', Milliseconds>;
  /** All GPUs' mean power; null where a step's is not known, or it idled and idle power is not. */
  meanWatts: Watts | null;
}

interface Due {
  at: Milliseconds;
  session: number;
  turn: number;
  call: number;
}

/**
 * Runs all sessions to their end.
 * @param idleWatts of all GPUs together
 * @throws RangeError when a call could never fit, or a session or a turn has nothing in it
 */
export function runSessions(engine: Engine, sessions: readonly Session[], idleWatts: Watts | null): VirtualRun {
  if (sessions.some(({ turns }) => turns.length === 0 || turns.some(({ calls }) => calls.length === 0))) throw new RangeError('a session needs at least one turn, and a turn at least one call');
  const results = sessions.map(({ arrival }): SessionResult => ({ arrival, end: arrival, calls: [] }));
  const open = sessions.map(() => 0);
  const due = sessions.flatMap(({ arrival }, session) => callsOf(session, 0, arrival)).sort((a, b) => a.at - b.at);
  const begin = Math.min(...sessions.map(({ arrival }) => arrival));
  const gpuMs: VirtualRun['gpuMs'] = { prefill: 0, decode: 0, mixed: 0, idle: 0 };
  const turnOf = new Map<string, Due>();
  let millijoules: number | null = 0;
  let now = begin;

  function callsOf(session: number, turn: number, after: Milliseconds): Due[] {
    const { calls, pauseMs, staggerMs = 0 } = sessions[session]!.turns[turn]!;
    open[session] = calls.length;
    return calls.map((_, call) => ({ at: after + pauseMs + call * staggerMs, session, turn, call }));
  }
  const submitDue = () => {
    while (due.length > 0 && due[0]!.at <= now) {
      const one = due.shift()!;
      const id = `${one.session}.${one.turn}.${one.call}`;
      turnOf.set(id, one);
      engine.submit({ id, arrival: one.at, ...sessions[one.session]!.turns[one.turn]!.calls[one.call]! });
    }
  };
  const idleUntil = (time: Milliseconds) => {
    if (time > now) millijoules = idleWatts === null || millijoules === null ? null : millijoules + idleWatts * (time - now);
    gpuMs.idle += time - now;
    now = time;
  };
  const onFinished = (finished: FinishedRequest) => {
    const { session, turn } = turnOf.get(finished.id)!;
    turnOf.delete(finished.id);
    const result = results[session]!;
    result.calls.push(finished);
    result.end = finished.times.lastToken;
    open[session]! -= 1;
    if (open[session]! > 0 || turn + 1 === sessions[session]!.turns.length) return;
    for (const one of callsOf(session, turn + 1, result.end)) {
      const after = due.findIndex((other) => other.at > one.at);
      due.splice(after < 0 ? due.length : after, 0, one);
    }
  };

  for (;;) {
    submitDue();
    const start = engine.nextStart(now);
    if (start === null) {
      if (due.length === 0) break;
      idleUntil(due[0]!.at);
      continue;
    }
    const step = engine.step(start);
    if (step === null) throw new Error(`The engine has work and starts none of it at ${start} ms.`);
    gpuMs[step.state] += step.end - step.start;
    millijoules = step.watts === null || millijoules === null ? null : millijoules + step.watts * (step.end - step.start);
    now = step.end;
    for (const finished of step.finished) onFinished(finished);
  }
  const wallMs = now - begin;
  return { sessions: results, wallMs, gpuMs, meanWatts: millijoules === null || wallMs === 0 ? null : millijoules / wallMs };
}
