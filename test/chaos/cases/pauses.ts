/** Processes that stand still for a while, as when a machine sleeps, and clocks that go back. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { readRecordingFile } from '../../../src/recorder/recordingFile.ts';
import type { ChaosCase } from '../case.ts';
import { signal } from '../processes.ts';
import { finish, momentText, setStage } from '../story.ts';

type Sleeper = 'profiler' | 'agent' | 'upstream' | 'everything';

function suspended(who: Sleeper): ChaosCase {
  return {
    name: `suspend-${who}`,
    title: `${who === 'everything' ? 'all processes stand' : `the ${who === 'upstream' ? 'model server' : who} stands`} still for a while: every answer arrives, everything is recorded`,
    async round(world, random, _round, options) {
      const stage = await setStage(world, random, options);
      const { profiler, upstream, agents } = stage;
      const all = { profiler: [profiler.pid], upstream: [upstream.running.pid], agent: agents.map(({ pid }) => pid) };
      const pids = who === 'everything' ? [...all.profiler, ...all.upstream, ...all.agent, profiler.host.pid] : all[who];
      await stage.atMoment();
      const stillMs = random.int(300, 1500);
      for (const pid of pids) signal(pid, 'SIGSTOP');
      await sleep(stillMs);
      for (const pid of pids) signal(pid, 'SIGCONT');
      return { told: `${momentText(stage.moment)}, ${stillMs} ms`, ...(await finish(stage)) };
    },
  };
}

/** The system's own clock is left alone: the profiler's threads are given one that jumps when a file appears. */
const clockBack: ChaosCase = {
  name: 'clock-back',
  title: 'the profiler’s wall clock is set back by hours: times of calls keep their order and length',
  async round(world, random, _round, options) {
    const flag = join(world.folder, 'clock-back');
    const hours = random.int(1, 100);
    const shim = join(world.folder, 'clock.cjs');
    writeFileSync(
      shim,
      `const { existsSync } = require('node:fs');
       let backMs = 0;
       setInterval(() => { if (existsSync(${JSON.stringify(flag)})) backMs = ${hours} * 3_600_000; }, 2).unref();
       const { now } = Date;
       const Real = Date;
       globalThis.Date = class extends Real { constructor(...parts) { if (parts.length === 0) super(now() - backMs); else super(...parts); } static now() { return now() - backMs; } };`,
    );
    const stage = await setStage(world, random, options, { profiler: { nodeArguments: ['--require', shim] } });
    await stage.atMoment();
    writeFileSync(flag, '');
    const found = await finish(stage);
    return { told: `${momentText(stage.moment)}, ${hours} h`, ...found, problems: [...found.problems, ...(await disorder(stage.profiler.out))] };
  },
};

/** Calls of a recording whose times make no sense. */
async function disorder(path: string): Promise<string[]> {
  const { calls, lastT } = await readRecordingFile(path);
  return calls.flatMap(({ start, firstTokenAt, end }) => {
    const times = [0, start.t, end?.headersAt ?? start.t, firstTokenAt ?? end?.headersAt ?? start.t, end?.t ?? start.t, lastT];
    return times.every((time, n) => n === 0 || time >= times[n - 1]!) ? [] : [`the times of ${start.id} are out of order: ${times.join(', ')}`];
  });
}

export const pauses: ChaosCase[] = [...(['profiler', 'agent', 'upstream', 'everything'] as const).map(suspended), clockBack];
