/** Processes that are killed, or told to end, in the middle of everything. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SessionFile } from '../../../src/protocol/hook.ts';
import type { ChaosCase } from '../case.ts';
import { drawPlan } from '../plans.ts';
import { isThere, now, signal, start, until } from '../processes.ts';
import { endProfiler, finish, momentText, setStage } from '../story.ts';
import type { World } from '../world.ts';

const KILLS = ['SIGKILL', 'SIGTERM'] as const;
type Kill = (typeof KILLS)[number];
const short = (kill: Kill) => (kill === 'SIGKILL' ? 'kill -9' : 'SIGTERM');

function profilerDies(kill: Kill): ChaosCase {
  return {
    name: kill === 'SIGKILL' ? 'profiler-kill' : 'profiler-term',
    title: `${short(kill)} of the profiler: agents go on without it, what had ended is recorded`,
    async round(world, random, _round, options) {
      const stage = await setStage(world, random, options);
      await stage.atMoment();
      const ends = await endProfiler(stage.profiler, kill);
      return { told: momentText(stage.moment), ...(await finish(stage, ends)) };
    },
  };
}

function agentDies(kill: Kill): ChaosCase {
  return {
    name: kill === 'SIGKILL' ? 'agent-kill' : 'agent-term',
    title: `${short(kill)} of one of the agents: the others’ calls and the recording are whole`,
    async round(world, random, round, options) {
      const stage = await setStage(world, random, options, { languages: options.languages.length === 1 ? ['Node', 'Node'] : options.languages });
      const victim = stage.agents[round % stage.agents.length]!;
      await stage.atMoment();
      signal(victim.pid, kill);
      return { told: `${victim.language}, ${momentText(stage.moment)}`, ...(await finish(stage, { victims: [victim] })) };
    },
  };
}

function upstreamDies(kill: Kill): ChaosCase {
  return {
    name: kill === 'SIGKILL' ? 'upstream-kill' : 'upstream-term',
    title: `${short(kill)} of the model server, which comes back: what it answered arrives, the rest is recorded as failed`,
    async round(world, random, _round, options) {
      const stage = await setStage(world, random, options, { before: 0.5 });
      await stage.atMoment();
      const from = now();
      signal(stage.upstream.running.pid, kill);
      await stage.upstream.running.ended;
      const { running, url, port } = await world.startUpstream({ port: stage.upstream.port });
      const back = now();
      // Whoever asks it from now on has answers.
      const later = await world.startAgent('Node', drawPlan(random, 'later', { calls: 4 }), stage.profiler);
      const found = await finish(
        { ...stage, agents: [...stage.agents, later], upstream: { running, url, port } },
        // What it had not answered when it died, and what was asked while it was not there.
        { excuse: ({ id, began, ended }) => began < back && (ended ?? Infinity) >= from && !wasAnswered(world, id) },
      );
      return { told: momentText(stage.moment), ...found };
    },
  };
}

function wasAnswered(world: World, id: string): boolean {
  return world.upstreamNotes().some((note) => note.e === 'out' && note.id === id);
}

function hostDies(kill: Kill): ChaosCase {
  return {
    name: kill === 'SIGKILL' ? 'host-kill' : 'host-term',
    title: `${short(kill)} of what started the profiler (the editor): agents are served to their end, then it ends by itself`,
    async round(world, random, _round, options) {
      const stage = await setStage(world, random, options);
      await stage.atMoment();
      signal(stage.profiler.host.pid, kill);
      await until(() => !isThere(stage.profiler.pid), 'the profiler to end by itself');
      return { told: momentText(stage.moment), ...(await finish(stage)) };
    },
  };
}

/** `agent-cost run` as the parent of both. */
function commandDies(kill: Kill): ChaosCase {
  return {
    name: kill === 'SIGKILL' ? 'command-kill' : 'command-term',
    title: `${short(kill)} of agent-cost run: ${kill === 'SIGKILL' ? 'the agent is served to its end' : 'the agent is ended, too, and what it had done is recorded'}`,
    async round(world, random, round, options) {
      const language = options.languages[round % options.languages.length]!;
      const lanes = drawPlan(random, language.toLowerCase());
      const moment = { at: 'received', count: random.int(1, 18) } as const;
      const upstream = await world.startUpstream({ moment });
      const { name, command, notes } = world.agentCommand(language, lanes);
      const out = join(world.folder, 'run', 'a.agentcost');
      const cli = start(world, [process.execPath, join(import.meta.dirname, '../../../dist/cli.cjs'), 'run', '--backend', upstream.url, '--out', out, '--', ...command]);
      await until(() => notes().length > 0 || cli.isOver(), `${name} to be up`);
      if (cli.isOver()) throw new Error(`agent-cost run did not start: ${cli.stderr()}`);
      const session = await sessionOf(world);
      world.go();
      await until(() => upstream.running.lines.includes('moment'), 'the moment');
      signal(cli.pid, kill);
      const agent = { ...cli, name, language, asked: lanes.flat(), notes };
      world.agents.push(agent);
      // The killed parent's pipes stay open in its program.
      await until(() => !isThere(cli.pid), 'agent-cost run to end');
      await until(() => !isThere(session.pid), 'the profiler to end');
      const stage = { world, random, options, upstream, agents: [agent], moment, atMoment: async () => undefined, profiler: { ...session, host: cli, out } };
      return { told: `${language}, ${momentText(moment)}`, ...(await finish(stage, kill === 'SIGTERM' ? { victims: [agent] } : {})) };
    },
  };
}

/** The session that a command has started. */
async function sessionOf(world: World): Promise<{ pid: number; routeUrl: string; sessionFile: string }> {
  const folder = readdirSync(world.temporary).find((name) => existsSync(join(world.temporary, name, 'session.json')));
  if (folder === undefined) throw new Error('the command has no session');
  const sessionFile = join(world.temporary, folder, 'session.json');
  const { routeUrl, profilerPid } = JSON.parse(readFileSync(sessionFile, 'utf8')) as SessionFile;
  return { pid: profilerPid, routeUrl, sessionFile };
}

export const deaths: ChaosCase[] = [profilerDies, agentDies, upstreamDies, hostDies, commandDies].flatMap((make) => KILLS.map(make));
