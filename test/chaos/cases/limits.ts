/** A profiler that runs out of what a process may have. */
import { readRecordingFile } from '../../../src/recorder/recordingFile.ts';
import type { ChaosCase } from '../case.ts';
import { drawPlan } from '../plans.ts';
import { now } from '../processes.ts';
import { agentsEnd, finish, profilerEnds, setStage } from '../story.ts';

const fileHandles: ChaosCase = {
  name: 'file-handles',
  title: 'the profiler may not open as many connections as are wanted at once: what the model server answers arrives, and all is well afterwards',
  async round(world, random, _round, options) {
    const handles = random.int(40, 70);
    const stage = await setStage(world, random, options, { profiler: { shell: `ulimit -n ${handles}` }, lanes: 40, calls: 3, maxPauseMs: 5 });
    await agentsEnd(stage.agents);
    const after = now();
    const later = await world.startAgent('Node', drawPlan(random, 'later', { lanes: 2 }), stage.profiler);
    const isAnswered = (id: string) => world.upstreamNotes().some((note) => note.e === 'out' && note.id === id);
    // Calls that found no room are not recorded: they went past the profiler, which is told, or failed.
    const found = await finish({ ...stage, agents: [...stage.agents, later] }, { excuse: ({ id, began }) => began < after && !isAnswered(id), unrecorded: ({ began }) => began < after });
    const { warnings } = await readRecordingFile(stage.profiler.out);
    const untold = found.recorded < found.calls && !warnings.some(({ code }) => code === 'calls-past-profiler');
    return { told: `${handles} handles, ${found.calls - found.recorded} calls found none, ${found.failed} failed`, ...found, problems: [...found.problems, ...(untold ? ['it is not told that calls are not measured'] : [])] };
  },
};

const memory: ChaosCase = {
  name: 'out-of-memory',
  title: 'the profiler’s heap is too small for what is asked: agents have their answers, with it or without it',
  async round(world, random, _round, options) {
    const megabytes = random.int(22, 60);
    const stage = await setStage(world, random, options, { profiler: { nodeArguments: [`--max-old-space-size=${megabytes}`] }, lanes: 8, calls: 6, padding: 120_000, languages: ['Node'] });
    await agentsEnd(stage.agents);
    await profilerEnds(stage.profiler);
    const said = stage.profiler.host.lines.map((line) => JSON.parse(line) as { type: string; code?: string; exitCode?: number | null; t: number });
    const recorderGone = said.find(({ code }) => code === 'recorderFailed')?.t;
    const closed = said.find(({ type }) => type === 'closed');
    const gone = closed?.exitCode === 0 ? undefined : closed?.t;
    const told = `${megabytes} MB: ${gone !== undefined ? 'the profiler died' : recorderGone !== undefined ? 'the recorder died' : 'it was enough'}`;
    const endsAt = gone ?? recorderGone;
    // It swelled for a while before it died, and did little else meanwhile.
    const found = await finish(stage, endsAt === undefined ? {} : { killed: true, lossMs: Infinity, recordingEndsAt: endsAt, ...(gone === undefined ? {} : { profilerEndsAt: -Infinity, profilerGoneAt: gone }) });
    return { told, ...found };
  },
};

export const limits = [fileHandles, memory];
