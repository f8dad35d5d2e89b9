/** Disks that are full, read-only, or stand still: the agent notices nothing, and the recording says what it lacks. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, truncateSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { readRecordingFile } from '../../../src/recorder/recordingFile.ts';
import type { ChaosCase } from '../case.ts';
import { enterNamespaces, namespacesMissing, runInside, seenFromOutside } from '../namespaces.ts';
import { now } from '../processes.ts';
import { agentsEnd, finish, momentText, profilerEnds, setStage } from '../story.ts';
import type { World } from '../world.ts';

async function warningsOf(path: string): Promise<string[]> {
  return (await readRecordingFile(path)).warnings.map(({ code }) => code);
}

/** What a round finds when it must say that the recording is incomplete. */
function saysSo(codes: string[]): string[] {
  return codes.includes('recordingIncomplete') || codes.includes('recordingStalled') ? [] : [`the recording does not say that something is missing; its warnings are ${codes.join(', ') || 'none'}`];
}

/** A disk in memory that only the round's own processes see, mounted with these options; its folder. */
async function ownDisk(world: World, options: string): Promise<string> {
  const disk = join(world.folder, 'disk');
  mkdirSync(disk);
  await enterNamespaces(world, `mount -t tmpfs -o ${options} none ${disk}`);
  return disk;
}

const diskFull: ChaosCase = {
  name: 'disk-full',
  title: 'the disk is full for a while: agents go on, what waits is written once there is room',
  missing: namespacesMissing,
  async round(world, random, _round, options) {
    const disk = await ownDisk(world, 'size=2m');
    const stage = await setStage(world, random, options, { profiler: { out: join(disk, 'a.agentcost') }, before: 0.4, calls: 12, padding: 300 });
    await stage.atMoment();
    runInside(world, `head -c 4m /dev/zero > ${disk}/ballast 2>/dev/null || true`);
    const full = now();
    await sleep(random.int(20, 700));
    runInside(world, `rm ${disk}/ballast`);
    const { profiler } = stage;
    // As the agents and the recorder see it, the disk is where it was; it is read from outside.
    const found = await finish({ ...stage, profiler: { ...profiler, out: seenFromOutside(world, profiler.out) } });
    return { told: `${momentText(stage.moment)}, full for ${Math.round(now() - full)} ms at most`, ...found };
  },
};

const fullForGood: ChaosCase = {
  name: 'disk-full-to-the-end',
  title: 'the disk is full and stays so beyond the end: every call’s figures are in the recording, which is complete and says what it lacks',
  missing: namespacesMissing,
  async round(world, random, _round, options) {
    const disk = await ownDisk(world, 'size=3m');
    const stage = await setStage(world, random, options, { profiler: { out: join(disk, 'a.agentcost') }, before: 0.4, calls: 16, padding: 60_000 });
    await stage.atMoment();
    runInside(world, `head -c 4m /dev/zero > ${disk}/ballast 2>/dev/null || true`);
    const out = seenFromOutside(world, stage.profiler.out);
    // Whose text was left out is told by its figures alone.
    const found = await finish({ ...stage, profiler: { ...stage.profiler, out } }, { unrecorded: () => true });
    const { calls, end, warnings } = await readRecordingFile(out);
    const answered = world.upstreamNotes().filter(({ e }) => e === 'out').length;
    const whole = calls.filter((call) => call.end?.status === 'ok' && call.end.usage !== null).length;
    const problems = [...found.problems, ...saysSo(warnings.map(({ code }) => code))];
    if (whole !== answered) problems.push(`${answered} calls were answered, and ${whole} are recorded with their tokens`);
    if (end === null) problems.push('the recording has no end');
    const withoutText = calls.filter((call) => call.end !== null && call.start.request.messages.some(({ text }) => text === null)).length;
    problems.push(...readdirSync(dirname(out)).filter((name) => !/^(a(\.2)?\.agentcost|sources|ballast|\.gitignore)$/.test(name)).map((name) => `${name} stays beside the recording`));
    return { told: `${momentText(stage.moment)}, ${withoutText} of ${calls.length} prompts left out`, ...found, recorded: whole, problems };
  },
};

const fileLimit: ChaosCase = {
  name: 'disk-stays-full',
  title: 'no more can be written from some byte on (a limit on the file’s size): agents go on, and the recording says so',
  async round(world, random, _round, options) {
    // In blocks of 512 bytes or 1 KiB, as the shell counts.
    const blocks = random.int(24, 60);
    const stage = await setStage(world, random, options, { profiler: { shell: `ulimit -f ${blocks}` }, calls: 16, padding: 400 });
    await agentsEnd(stage.agents);
    // Which calls were written is the disk’s to say; that the rest is missing is the recording’s, or the one who wrote it tells its parent.
    const found = await finish(stage, { unrecorded: () => true, brokenOff: true });
    const told = [...(await warningsOf(stage.profiler.out)), ...stage.profiler.host.lines.filter((line) => line.includes('"warning"')).map((line) => (JSON.parse(line) as { code: string }).code)];
    return { told: `${blocks} blocks`, ...found, problems: [...found.problems, ...saysSo(told)] };
  },
};

const readOnly: ChaosCase = {
  name: 'disk-read-only',
  title: 'the recording’s folder is on a disk that is read-only: nothing is recorded, which is said, and agents run as ever',
  missing: namespacesMissing,
  async round(world, random, _round, options) {
    const disk = await ownDisk(world, 'ro');
    const stage = await setStage(world, random, options, { profiler: { out: join(disk, 'sub', 'a.agentcost') } });
    const found = await finish(stage, { noRecording: true });
    const said = stage.profiler.host.lines.some((line) => line.includes('recordingNotWritable') && line.includes('read-only'));
    return { told: '', ...found, problems: [...found.problems, ...(said ? [] : ['it does not say that the disk is read-only'])] };
  },
};

/** A file system of its own, which the kernel holds still: every write waits. */
const stalls: ChaosCase = {
  name: 'disk-stalls',
  title: 'the disk stands still for a while (a frozen file system): no answer waits for it, and everything is recorded afterwards',
  missing: () => {
    if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'freezing a file system takes Linux and root';
    const tools = ['mkfs.ext4', 'fsfreeze', 'losetup'].filter((tool) => spawnSync('which', [tool]).status !== 0);
    if (tools.length > 0) return `there is no ${tools.join(', ')}`;
    return existsSync('/dev/loop-control') ? null : 'there are no loop devices';
  },
  async round(world, random, _round, options) {
    const disk = join(world.folder, 'disk');
    mountImage(world, disk);
    try {
      const stage = await setStage(world, random, options, { profiler: { out: join(disk, 'a.agentcost') }, calls: 12, before: 0.4 });
      await stage.atMoment();
      run('fsfreeze', '-f', disk);
      const frozen = now();
      try {
        // Frozen until the agents have ended: whoever waited for the disk would wait for ever.
        await agentsEnd(stage.agents);
      } finally {
        run('fsfreeze', '-u', disk);
      }
      const ms = Math.round(now() - frozen);
      await profilerEnds(stage.profiler);
      return { told: `${momentText(stage.moment)}, frozen for ${ms} ms`, ...(await finish(stage)) };
    } finally {
      spawnSync('umount', ['-l', disk]);
    }
  },
};

function mountImage(world: World, disk: string): void {
  const image = join(world.folder, 'disk.img');
  mkdirSync(disk);
  writeFileSync(image, '');
  truncateSync(image, 16 * 1024 * 1024);
  run('mkfs.ext4', '-q', image);
  run('mount', '-o', 'loop', image, disk);
}

function run(program: string, ...args: string[]): void {
  const ran = spawnSync(program, args, { encoding: 'utf8' });
  if (ran.status !== 0) throw new Error(`${program} ${args.join(' ')}: ${ran.stderr}`);
}

export const disks = [diskFull, fullForGood, fileLimit, readOnly, stalls];
