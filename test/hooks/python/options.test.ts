/** A program under the interpreter's options, and in the forms that a program comes in: as without the hook, each call told apart. */
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { environment, findPythons } from './pythons.ts';
import { Session, programs, python, type Outcome } from './runs.ts';
import { StandIn } from './standIn.ts';

const found = findPythons();
const environments = await Promise.all([...new Set([found[0]!, found.at(-1)!])].map((one) => environment(one, 'surroundings')));
const folder = join(programs, 'changed');
const program = join(folder, 'alone.py');

let bareServer: StandIn;
let server: StandIn;
let session: Session;
beforeEach(async () => {
  [bareServer, server] = await Promise.all([StandIn.start(), StandIn.start()]);
  session = new Session({ routeUrl: server.routeUrl });
});
afterEach(async () => {
  await Promise.all([bareServer.stop(), server.stop()]);
  session.remove();
});

const comparable = ({ stdout, stderr, exit }: Outcome): Outcome => {
  const plain = (text: string) => text.replace(/127\.0\.0\.1:\d+/g, 'HOST').replace(/ at 0x[0-9a-f]+/g, '').replace(/fd=\d+/g, 'fd=N').replace(/'HOST', \d+/g, "'HOST', PORT");
  return { stdout: plain(stdout), stderr: plain(stderr), exit };
};

/** Each call of the program came with the step that made it. */
function expectSteps(): void {
  expect(server.arrived.length).toBeGreaterThan(0);
  for (const { label, tag } of server.arrived) expect(tag?.frames.map((frame) => frame.function?.split('.')[0]), label).toContain(label.split('/')[1]);
}

const OPTIONS = ['-O', '-OO', '-B', '-u', '-s', '-bb', '-W error', '-W always', '-X dev', '-X utf8', '-X tracemalloc', '-X faulthandler', '-X frozen_modules=off', '-X no_debug_ranges'];

describe.each(environments)('$title', ({ executable }) => {
  /** Runs it bare and hooked at once. */
  async function both(args: string[]): Promise<{ bare: Outcome; hooked: Outcome }> {
    const [bare, hooked] = await Promise.all([
      python(executable, args, { PROGRAM_BASE_URL: `${bareServer.address}/v1` }),
      python(executable, args, { ...session.env(), PROGRAM_BASE_URL: `${server.address}/v1` }),
    ]);
    expect(server.arrived.map(({ label }) => label).sort()).toEqual(bareServer.arrived.map(({ label }) => label).sort());
    return { bare, hooked };
  }

  it.each(OPTIONS)('%s', async (options) => {
    const { bare, hooked } = await both([...options.split(' '), program]);
    expect(bare.exit, bare.stderr).toBe(0);
    expect(comparable(hooked)).toEqual(comparable(bare));
    expectSteps();
    expect(session.eventsByFile().flat().at(-1)?.type).toBe('bye');
  });

  it.each(['-E', '-I', '-S'])('is not there under %s', async (option) => {
    const { bare, hooked } = await both([option, program]);
    expect(comparable(hooked)).toEqual(comparable(bare));
    expect(server.arrived.every(({ tag }) => tag === null)).toBe(true);
    expect(session.eventFiles()).toEqual([]);
  });

  it('leaves what the program imports as it is under -X importtime', async () => {
    const { bare, hooked } = await both(['-X', 'importtime', program]);
    expect(hooked.stdout).toBe(bare.stdout);
    const imported = ({ stderr }: Outcome) => stderr.split('\n').flatMap((line) => /^import time:.*\| +(\S+)$/.exec(line)?.[1] ?? []);
    expect(imported(bare).length).toBeGreaterThan(100);
    expect(imported(bare).filter((name) => !imported(hooked).includes(name))).toEqual([]);
  });

  it.each([
    ['a module', ['-c', `import runpy, sys; sys.path.insert(0, ${JSON.stringify(folder)}); runpy.run_module("alone", run_name="__main__", alter_sys=True)`]],
    ['a text', ['-c', `exec(compile(open(${JSON.stringify(program)}).read(), ${JSON.stringify(program)}, "exec"), {"__file__": ${JSON.stringify(program)}, "__name__": "__main__"})`]],
    ['a path', ['-c', `import runpy; runpy.run_path(${JSON.stringify(program)}, run_name="__main__")`]],
    ['a file under pdb', ['-m', 'pdb', '-c', 'continue', '-c', 'quit', program]],
    ['a file under cProfile', ['-m', 'cProfile', '-o', '/dev/null', program]],
  ])('runs %s', async (_, args) => {
    const { bare, hooked } = await both(args);
    expect(comparable(hooked)).toEqual(comparable(bare));
    expectSteps();
  });

  it('runs an application in an archive', async () => {
    const source = join(session.folder, 'application');
    mkdirSync(source);
    copyFileSync(join(folder, 'agent.py'), join(source, 'agent.py'));
    writeFileSync(join(source, '__main__.py'), 'import agent\n\nagent.run("alone", agent.FEW_STEPS)\n');
    const archive = join(session.folder, 'application.pyz');
    expect(await python(executable, ['-m', 'zipapp', source, '-o', archive], {})).toMatchObject({ exit: 0 });
    const { bare, hooked } = await both([archive]);
    expect(bare.exit, bare.stderr).toBe(0);
    expect(comparable(hooked)).toEqual(comparable(bare));
    expectSteps();
    expect(server.arrived[0]?.tag?.frames.at(-1)?.file).toBe(join(archive, '__main__.py'));
  });
});
