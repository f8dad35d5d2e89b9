/** Requests that a Python program answers: what it does for each is inside of that one. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { newestEnvironment } from './pythons.ts';
import { Session, program } from './runs.ts';
import { StandIn } from './standIn.ts';

const environment = await newestEnvironment('servers');
let server: StandIn;
let session: Session;
beforeAll(async () => {
  server = await StandIn.start();
});
afterAll(() => server.stop());
beforeEach(() => {
  session = new Session({ routeUrl: server.routeUrl });
});
afterEach(() => session.remove());

it('has the calls of each request that is answered inside of it, and says nothing of others', async () => {
  const env = { PROGRAM_BASE_URL: `${server.address}/v1` };
  const bare = await program(environment, 'servers.py', env);
  expect(bare.exit, bare.stderr).toBe(0);
  server.arrived.length = 0;
  const hooked = await program(environment, 'servers.py', { ...env, ...session.env() });
  // Servers write their log in the order in which requests end.
  expect({ exit: hooked.exit, stdout: hooked.stdout }).toEqual({ exit: bare.exit, stdout: bare.stdout });
  const spans = [...session.spans(), ...session.functions()];
  const served = spans.filter(({ start }) => start.kind === 'agent');
  expect(served.map(({ start }) => start.name).sort()).toEqual([...['a', 'b'].flatMap((name) => Array<string>(4).fill(`GET /ask/${name}`)), 'GET /fails', 'GET /mounted/ask/a', 'GET /mounted/ask/b']);
  for (const { start, ends } of served) {
    expect(start).toMatchObject({ source: 'http', parent: null, frames: [] });
    expect(ends.map(({ status, error }) => [status, error])).toEqual([start.name === 'GET /fails' ? ['error', 'RuntimeError: no answer'] : ['ok', null]]);
  }
  /** The request that is around what has this parent. */
  const home = (id: string | null): string | null => {
    const found = spans.find(({ start }) => start.id === id);
    return found === undefined ? null : found.start.kind === 'agent' ? found.start.id : home(found.start.parent);
  };
  const labels = ['fastapi', 'asynchronous', 'flask', 'django', 'aiohttp'].flatMap((name) => [`${name} a`, `${name} b`]);
  const homes = labels.map((label) => [1, 2].map((number) => home(server.call(`${label} ${number}`).tag?.parent ?? null)));
  for (const [first, second] of homes) expect(second).toBe(first);
  homes.push([home(server.call('fails').tag?.parent ?? null)]);
  expect(new Set(homes.map(([first]) => first))).toEqual(new Set(served.map(({ start }) => start.id)));
});
