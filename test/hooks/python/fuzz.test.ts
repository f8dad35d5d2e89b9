/**
 * Programs that do to Python and its libraries what mocks, tracers, sandboxes and import hooks do to them, alone and in random
 * mixtures: each prints and ends as it does without the hook, and makes the same calls, which are told apart or left alone.
 *
 * The changes are functions of `changed/late.py` (libraries are there already) and `changed/early.py` (they are yet to come); each runs
 * in a fork of one process, so that all of them import the libraries once.
 */
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { environment, findPythons, type Environment } from './pythons.ts';
import { Session, programs, python } from './runs.ts';
import { StandIn, type Arrived } from './standIn.ts';

const found = findPythons();
// On the oldest and the newest interpreter.
const environments = await Promise.all([...new Set([found[0]!, found.at(-1)!])].map((one) => environment(one, 'surroundings')));
const folder = join(programs, 'changed');
/** Changes in a mixture. */
const TOGETHER = 5;

type Kind = 'early' | 'late';
/** What a change makes of the agent's steps (`all`, or names): calls that go unseen, and those whose line cannot be known. */
interface Change {
  name: string;
  unseen: Set<string>;
  lost: Set<string>;
}

function changesOf(kind: Kind): Change[] {
  const marks = (text: string, mark: string) => new Set(new RegExp(`# ${mark}: ([\\w ]+)`).exec(text)?.[1]?.trim().split(' '));
  return [...readFileSync(join(folder, `${kind}.py`), 'utf8').matchAll(/^def (\w+)\(\):(.*)$/gm)].map(([, name, rest]) => ({ name: name!, unseen: marks(rest!, 'unseen'), lost: marks(rest!, 'lost') }));
}

/** Changes that one process makes, in order. */
interface Case {
  name: string;
  changes: Change[];
}

function caseOf(changes: Change[]): Case {
  return { name: changes.map(({ name }) => name).join('+'), changes };
}

/** How the process of one case ended, and what it printed. */
type Ended = [status: number | string, stdout: string, stderr: string];

interface Both<Value> {
  bare: Value;
  hooked: Value;
}

class Runs {
  readonly session: Session;
  private readonly servers: Both<StandIn>;
  private readonly outcomes: Both<Record<string, Ended>>;

  private constructor(servers: Both<StandIn>, outcomes: Both<Record<string, Ended>>, session: Session) {
    this.servers = servers;
    this.outcomes = outcomes;
    this.session = session;
  }

  /** Runs the agent under each case, by its name, bare and hooked at once. */
  static async of({ executable }: Environment, kind: Kind, cases: string[]): Promise<Runs> {
    const servers = { bare: await StandIn.start(), hooked: await StandIn.start() };
    const session = new Session({ routeUrl: servers.hooked.routeUrl });
    const run = async (how: keyof Both<Ended>) => {
      const output = join(session.folder, how);
      mkdirSync(output);
      const outcome = await python(executable, [join(folder, 'fork.py'), kind, cases.join(','), output], {
        PROGRAM_BASE_URL: `${servers[how].address}/v1`,
        ...(how === 'hooked' ? session.env() : {}),
      });
      expect(outcome).toMatchObject({ exit: 0, stderr: '' });
      return JSON.parse(outcome.stdout) as Record<string, Ended>;
    };
    const [bare, hooked] = await Promise.all([run('bare'), run('hooked')]);
    return new Runs(servers, { bare, hooked }, session);
  }

  async end(): Promise<void> {
    await Promise.all([this.servers.bare.stop(), this.servers.hooked.stop()]);
    this.session.remove();
  }

  private calls(how: keyof Both<Ended>, name: string): Arrived[] {
    return this.servers[how].arrived.filter(({ label }) => label.startsWith(`${name}/`));
  }

  /** The case cannot be told from its bare run, and its calls are known, but for what its changes make impossible. */
  expectSame({ name, changes }: Case): void {
    const [bare, hooked] = [this.outcomes.bare[name], this.outcomes.hooked[name]];
    expect(bare, 'the bare run').toBeDefined();
    expect(bare![0], 'the bare run').not.toBe('hangs');
    expect(hooked!.map(comparable)).toEqual(bare!.map(comparable));
    const labels = (how: keyof Both<Ended>) => this.calls(how, name).map(({ label }) => label).sort();
    if (!changes.some(({ name: one }) => one === 'thread_outlives_it')) expect(labels('hooked')).toEqual(labels('bare'));
    for (const { label, tag } of this.calls('hooked', name)) {
      const step = label.slice(name.length + 1);
      const marked = (mark: 'unseen' | 'lost') => changes.some((one) => one[mark].has('all') || one[mark].has(step));
      if (tag === null) expect(marked('unseen'), `${label} is not told apart`).toBe(true);
      else if (!marked('lost')) expect(tag.frames.map((frame) => frame.function?.split('.')[0]), label).toContain(step);
    }
  }
}

/** Without what differs from one run to the next. */
function comparable(part: string | number): string | number {
  return typeof part === 'number' ? part : part.replace(/ at 0x[0-9a-f]+/g, '').replace(/127\.0\.0\.1:\d+/g, 'HOST').replace(/subprocess \d+/g, 'subprocess PID');
}

const late = changesOf('late');
// The same mixtures each time: what fails here is to fail again. Each change is in one of them.
const [order] = fc.sample(fc.shuffledSubarray(late, { minLength: late.length }), { numRuns: 1, seed: 20261127 });
const mixtures = Array.from({ length: Math.ceil(late.length / TOGETHER) }, (_, index) => caseOf(order!.slice(index * TOGETHER, (index + 1) * TOGETHER)));

describe.each(environments)('$title', (environment) => {
  // What is there already is looked at one by one on the newest interpreter, and in mixtures on both.
  const alone = environment === environments.at(-1) ? late.map((change) => caseOf([change])) : [];

  describe.each<[Kind, Case[]]>([
    ['late', [...alone, ...mixtures]],
    ['early', changesOf('early').map((change) => caseOf([change]))],
  ])('changed %s', (kind, cases) => {
    let runs: Runs;
    beforeAll(async () => {
      runs = await Runs.of(environment, kind, cases.map(({ name }) => name));
    }, 300_000);
    afterAll(() => runs.end());

    it.each(cases)('$name', (one) => runs.expectSame(one));

    it('writes events that are whole, and loses none', () => {
      const files = runs.session.eventsByFile();
      expect(files.length).toBeGreaterThan(cases.length / 2);
      const dropped = files.flat().flatMap((event) => (event.type === 'bye' ? [event.dropped] : []));
      expect(dropped.filter((count) => count > 0)).toEqual([]);
    });
  });
});
