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

/** What a run came to. */
export interface VirtualTotals {
  /** From the first arrival to the last answer. */
  wallMs: Milliseconds;
  /** What the GPU did; sums to `wallMs`. */
  gpuMs: Record<EngineStep['state'] | 'idle', Milliseconds>;
  /** All GPUs' mean power; null where a step's is not known, or it idled and idle power is not. */
  meanWatts: Watts | null;
}

export interface VirtualRun extends VirtualTotals {
  /** In the order given. */
  sessions: SessionResult[];
}

/**
 * Runs all sessions to their end.
 * @param idleWatts of all GPUs together
 * @throws RangeError when a call could never fit, or a session or a turn has nothing in it
 */
export function runSessions(engine: Engine, sessions: readonly Session[], idleWatts: Watts | null): VirtualRun {
  for (const session of sessions) check(session);
  const order = sessions.map((_, index) => index).sort((a, b) => sessions[a]!.arrival - sessions[b]!.arrival);
  const results: SessionResult[] = [];
  const totals = streamSessions(
    engine,
    order.map((index) => sessions[index]!),
    idleWatts,
    (result, nth) => (results[order[nth]!] = result),
  );
  return { sessions: results, ...totals };
}

/** A session that is under way. */
interface OpenSession {
  number: number;
  session: Session;
  turn: number;
  /** Calls of its turn that are not answered yet. */
  open: number;
  result: SessionResult;
}

interface Due {
  at: Milliseconds;
  of: OpenSession;
  call: number;
}

/**
 * Runs sessions one after the other as they arrive, however many there are: only those that are under way are held.
 * @param sessions in the order of their arrival
 * @param idleWatts of all GPUs together
 * @param onEnd is given each session's result when its last call is answered, and its number in `sessions`
 * @throws RangeError when a call could never fit, a session or a turn has nothing in it, or a session arrives before the one before it
 */
export function streamSessions(engine: Engine, sessions: Iterable<Session>, idleWatts: Watts | null, onEnd: (result: SessionResult, number: number) => void): VirtualTotals {
  const arrivals = inOrder(sessions)[Symbol.iterator]();
  let coming = arrivals.next();
  const begin = coming.done === true ? 0 : coming.value.arrival;
  let opened = 0;
  /** Calls that are still to be sent, the earliest first. */
  const due: Due[] = [];
  const asked = new Map<string, OpenSession>();
  const gpuMs: VirtualTotals['gpuMs'] = { prefill: 0, decode: 0, mixed: 0, idle: 0 };
  let millijoules: number | null = 0;
  let now = begin;

  const addCalls = (of: OpenSession, after: Milliseconds) => {
    const { calls, pauseMs, staggerMs = 0 } = of.session.turns[of.turn]!;
    of.open = calls.length;
    for (let call = 0; call < calls.length; call++) {
      const at = after + pauseMs + call * staggerMs;
      const behind = due.findIndex((other) => other.at > at);
      due.splice(behind < 0 ? due.length : behind, 0, { at, of, call });
    }
  };
  /** Sessions send nothing before they arrive, so that only those that arrive before the next call can change what that is. */
  const openArrived = () => {
    while (coming.done !== true && coming.value.arrival <= Math.max(now, due[0]?.at ?? coming.value.arrival)) {
      const session = coming.value;
      const of: OpenSession = { number: opened++, session, turn: 0, open: 0, result: { arrival: session.arrival, end: session.arrival, calls: [] } };
      coming = arrivals.next();
      addCalls(of, session.arrival);
    }
  };
  const submitDue = () => {
    openArrived();
    while (due.length > 0 && due[0]!.at <= now) {
      const { at, of, call } = due.shift()!;
      const id = `${of.number}.${of.turn}.${call}`;
      asked.set(id, of);
      engine.submit({ id, arrival: at, ...of.session.turns[of.turn]!.calls[call]! });
    }
  };
  const idleUntil = (time: Milliseconds) => {
    if (time > now) millijoules = idleWatts === null || millijoules === null ? null : millijoules + idleWatts * (time - now);
    gpuMs.idle += time - now;
    now = time;
  };
  const onFinished = (finished: FinishedRequest) => {
    const of = asked.get(finished.id)!;
    asked.delete(finished.id);
    of.result.calls.push(finished);
    of.result.end = finished.times.lastToken;
    of.open -= 1;
    if (of.open > 0) return;
    of.turn += 1;
    if (of.turn < of.session.turns.length) addCalls(of, of.result.end);
    else onEnd(of.result, of.number);
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
  return { wallMs, gpuMs, meanWatts: millijoules === null || wallMs === 0 ? null : millijoules / wallMs };
}

function check({ turns }: Session): void {
  if (turns.length === 0 || turns.some(({ calls }) => calls.length === 0)) throw new RangeError('a session needs at least one turn, and a turn at least one call');
}

function* inOrder(sessions: Iterable<Session>): Iterable<Session> {
  let before = -Infinity;
  for (const session of sessions) {
    check(session);
    if (session.arrival < before) throw new RangeError(`a session that arrives at ${session.arrival} ms comes after one that arrives at ${before} ms`);
    before = session.arrival;
    yield session;
  }
}
