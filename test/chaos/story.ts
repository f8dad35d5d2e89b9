/** The course that most rounds take: everything is started, agents ask, something happens at a moment drawn by the seed, and all end. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../differential/random.ts';
import type { Moment } from './asked.ts';
import type { RoundOptions } from './case.ts';
import { checkRound, type Findings, type Happened } from './checks.ts';
import { drawPlan, type PlanOptions } from './plans.ts';
import { isThere, now, PATIENCE_MS, signal, until, type Running } from './processes.ts';
import type { Agent, ReadyProfiler, UpstreamOptions, World } from './world.ts';

export interface Stage {
  world: World;
  random: Random;
  options: RoundOptions;
  profiler: ReadyProfiler;
  upstream: { running: Running; url: string; port: number };
  agents: Agent[];
  /** What is going to happen, as told in the table. */
  moment: Moment;
  /** Resolves at the moment, and a drawn while after it. */
  atMoment: () => Promise<void>;
}

export interface StageOptions extends PlanOptions {
  /** What the profiler is started with. */
  profiler?: Parameters<World['startProfiler']>[1];
  /** The moment is drawn among these; all where left out. */
  moments?: readonly Moment['at'][];
  /** Share of the calls before which the moment lies. */
  before?: number;
  languages?: RoundOptions['languages'];
  upstream?: Omit<UpstreamOptions, 'moment'>;
}

/** Starts all that a round needs; agents begin at once. */
export async function setStage(world: World, random: Random, options: RoundOptions, { profiler: profilerOptions, moments = ['received', 'chunk', 'answered'], before = 0.8, languages = options.languages, upstream: upstreamOptions, ...plan }: StageOptions = {}): Promise<Stage> {
  const plans = languages.map((language) => ({ language, lanes: drawPlan(random, language.toLowerCase(), plan) }));
  const calls = plans.flatMap(({ lanes }) => lanes.flat()).length;
  const moment: Moment = { at: random.of(moments), count: random.int(1, Math.max(1, Math.floor(calls * before))) };
  const afterMs = random.int(0, 15);
  const upstream = await world.startUpstream({ moment, ...upstreamOptions });
  const profiler = await world.startProfiler(upstream.url, profilerOptions);
  const agents = await Promise.all(plans.map(({ language, lanes }) => world.startAgent(language, lanes, profiler)));
  world.go();
  const atMoment = async () => {
    await until(() => upstream.running.lines.includes('moment') || agents.every((agent) => agent.isOver()), 'the moment');
    await sleep(afterMs);
  };
  return { world, random, options, profiler, upstream, agents, moment, atMoment };
}

export function momentText({ at, count }: Moment): string {
  return at === 'received' ? `request ${count}` : at === 'chunk' ? `chunk ${count}` : `answer ${count}`;
}

export async function agentsEnd(agents: Agent[], patienceMs = PATIENCE_MS): Promise<void> {
  await until(() => agents.every((agent) => agent.isOver()), 'the agents to end', patienceMs);
}

/** Ends the recording as the editor does, if that is still there, and waits for the profiler's end. */
export async function profilerEnds({ host }: ReadyProfiler): Promise<void> {
  if (!host.isOver()) host.child.stdin!.write('stop\n');
  await until(() => host.isOver(), 'the profiler to end', PATIENCE_MS);
}

/** The end of a round in which nothing is to stay amiss: agents end, then the recording, then everything is looked at. */
export async function finish(stage: Stage, happened: Partial<Happened> = {}): Promise<Findings> {
  const { world, agents, profiler, upstream, options } = stage;
  await agentsEnd(agents);
  await profilerEnds(profiler);
  upstream.running.child.kill();
  await upstream.running.ended;
  return checkRound(world, profiler, { profilerEndsAt: Infinity, profilerGoneAt: Infinity, killed: false, lossMs: options.lossMs, ...happened });
}


/** Kills the profiler, or tells it to end. @returns when, and when it was gone */
export async function endProfiler({ pid }: ReadyProfiler, how: 'SIGKILL' | 'SIGTERM'): Promise<Pick<Happened, 'profilerEndsAt' | 'profilerGoneAt' | 'killed'>> {
  const profilerEndsAt = now();
  signal(pid, how);
  await until(() => !isThere(pid), 'the profiler to be gone');
  return { profilerEndsAt, profilerGoneAt: now(), killed: how === 'SIGKILL' };
}
