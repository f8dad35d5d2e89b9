import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { copyFileSync, cpSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { closedUrl } from '../../fixtures/freePort.ts';
import { HookedRuns, bareEnvironment, comparable, programs, root, runProgram } from './harness.ts';
import { ModelServer } from './modelServer.ts';
import { NODE_MAJORS, findNode, type NodeMajor } from './nodes.ts';

const runs = new HookedRuns();
const nodes = new Map<NodeMajor, string>();
let server: ModelServer;
let refusing: string;

beforeAll(async () => {
  await runs.build();
  server = await ModelServer.start();
  refusing = await closedUrl();
  for (const major of NODE_MAJORS) nodes.set(major, await findNode(major));
}, 600_000);
afterAll(async () => {
  await server.close();
  runs.remove();
});

const ENDINGS = readdirSync(join(programs, 'ending')).filter((name) => name !== 'thrower.cjs');

describe.each(NODE_MAJORS)('Node %i', (major) => {
  it.each(ENDINGS)('%s prints and ends as it does without the hook', async (name) => {
    const node = nodes.get(major) ?? '';
    const extra = { CLOSED_URL: refusing };
    const bare = await runProgram(node, [join('ending', name)], { ...bareEnvironment(), ...extra, OPENAI_BASE_URL: `${server.url}/v1` });
    const environment = { ...runs.environment(`${server.url}/TOKEN`), ...extra };
    const hooked = await runProgram(node, [join('ending', name)], environment);
    expect(comparable(hooked)).toEqual(comparable(bare));
    expect(runs.events(environment).map(({ type }) => type)).toEqual(expect.arrayContaining(['hello', 'bye']));
  });

  it('says nothing of itself where it stands in the program’s own folder', async () => {
    const environment = runs.environment(`${server.url}/TOKEN`);
    writeFileSync(join(runs.folder, 'program.cjs'), "function own() { return 'own'; }\nconsole.log(own());\n");
    const { stdout, stderr, code } = await runProgram(nodes.get(major) ?? '', ['program.cjs'], environment, runs.folder);
    expect({ stdout, stderr, code }).toEqual({ stdout: 'own\n', stderr: '', code: 0 });
  });

  const LOOK = `console.log(Object.getOwnPropertySymbols(globalThis).map(String).filter((name) => name.includes('agent')).join(), fetch.toString().includes('exposeLazy') || fetch.toString().includes('undici'))`;

  it.each(['unset', 'missing', 'not JSON', 'another version', 'a folder'])('does nothing when the session file is %s', async (kind) => {
    const environment: Record<string, string> = runs.environment(`${server.url}/TOKEN`);
    const file = environment['AGENT_COST_SESSION'] ?? '';
    if (kind === 'unset') delete environment['AGENT_COST_SESSION'];
    else if (kind === 'not JSON') writeFileSync(file, '{"version":1');
    else if (kind === 'another version') writeFileSync(file, JSON.stringify({ version: 2, id: 'x', routeUrl: server.url, eventsDir: dirname(file), backend: 'sim', fallbackUrl: null, profilerPid: 1 }));
    else rmSync(file);
    if (kind === 'a folder') mkdirSync(file);
    const outcome = await runProgram(nodes.get(major) ?? '', ['-e', LOOK], environment);
    expect(outcome).toEqual({ stdout: ' true\n', stderr: '', code: 0 });
    expect(readdirSync(dirname(file)).filter((name) => name.startsWith('events'))).toEqual([]);
  });

  it('is active once when two copies of it are loaded', async () => {
    const copy = join(runs.folder, 'instrument/node/copy.cjs');
    copyFileSync(join(runs.folder, 'instrument/node/hook.cjs'), copy);
    const environment = runs.environment(`${server.url}/TOKEN`);
    environment['NODE_OPTIONS'] += ` --require "${copy.replace(/[\\"]/g, '\\$&')}"`;
    server.seen.length = 0;
    await runProgram(nodes.get(major) ?? '', ['child.cjs'], environment);
    expect(runs.events(environment).map(({ type }) => type)).toEqual(['hello', 'bye']);
    expect(server.calls.map(({ tag }) => tag?.id.endsWith('-0-1'))).toEqual([true]);
  });

  it('loses events, and nothing else, when it cannot write them', async () => {
    const environment = runs.environment(`${server.url}/TOKEN`, { eventsDir: join(runs.folder, 'no such folder') });
    const outcome = await runProgram(nodes.get(major) ?? '', ['-e', `require('child_process').execSync('echo hi', { stdio: 'inherit' }); process.exitCode = 5`], environment);
    expect(outcome).toEqual({ stdout: 'hi\n', stderr: '', code: 5 });
  });

  it('stays out of package managers and language servers, and goes into what they start', async () => {
    const project = join(runs.folder, `project-${major}`);
    mkdirSync(project, { recursive: true });
    cpSync(join(programs, 'child.cjs'), join(project, 'child.cjs'));
    symlinkSync(join(root, 'node_modules'), join(project, 'node_modules'));
    writeFileSync(join(project, 'package.json'), JSON.stringify({ name: 'p', version: '1.0.0', scripts: { start: 'node child.cjs' } }));
    for (const name of ['npm-cli.js', 'tsserver.js', 'yaml-language-server.js'])
      writeFileSync(join(project, name), `require('child_process').execFileSync(process.execPath, ['child.cjs'], { stdio: 'inherit' });`);
    const environment = runs.environment(`${server.url}/TOKEN`);
    server.seen.length = 0;
    for (const name of ['npm-cli.js', 'tsserver.js', 'yaml-language-server.js']) expect(await runProgram(nodes.get(major) ?? '', [name], environment, project)).toMatchObject({ code: 0 });
    const hellos = runs.events(environment).flatMap((event) => (event.type === 'hello' ? [event.argv[1]] : []));
    expect(hellos).toEqual(Array.from({ length: 3 }, () => join(project, 'child.cjs')));
    expect(server.calls).toHaveLength(3);
  });
});

it('reaches a program that npm starts', async () => {
  const project = join(runs.folder, 'project-npm');
  mkdirSync(project, { recursive: true });
  cpSync(join(programs, 'child.cjs'), join(project, 'child.cjs'));
  writeFileSync(join(project, 'package.json'), JSON.stringify({ name: 'p', version: '1.0.0', scripts: { start: 'node child.cjs' } }));
  const environment = runs.environment(`${server.url}/TOKEN`);
  const outcome = await runProgram('npm', ['start', '--silent'], { ...environment, npm_config_update_notifier: 'false' }, project);
  expect(outcome.code, outcome.stderr).toBe(0);
  const hellos = runs.events(environment).flatMap((event) => (event.type === 'hello' ? [event.argv[1]] : []));
  expect(hellos).toEqual([join(project, 'child.cjs')]);
});
