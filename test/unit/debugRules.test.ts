import { describe, expect, it } from 'vitest';
import { heldThreads, programEnvironment, runsPrograms, terminalVariables, type DebugMessage } from '../../src/host/debugRules.ts';
import { launchEnvironment } from '../../src/instrument/launch.ts';

const environmentOn = (base: NodeJS.ProcessEnv) =>
  launchEnvironment({ base, sessionFile: '/s/session.json', routeUrl: 'http://127.0.0.1:1/t', backend: 'sim', hooks: true, forShell: true, tracing: false, announce: null, instrumentDir: '/i' });

describe('a debug configuration', () => {
  it('is profiled where it starts a program in a language that can be', () => {
    const launch = (type: string, request = 'launch') => runsPrograms({ type, request });
    expect(['node', 'pwa-node', 'node-terminal', 'python', 'debugpy'].map((type) => launch(type))).toEqual([true, true, true, true, true]);
    expect([launch('node', 'attach'), launch('chrome'), launch('extensionHost'), launch('go')]).toEqual([false, false, false, false]);
  });

  it('keeps what the user set, in itself, in a file and in what is inherited', () => {
    const env = programEnvironment(
      { type: 'node', request: 'launch', env: { NODE_OPTIONS: '--enable-source-maps', DEBUG: 1, GONE: null } },
      { NODE_OPTIONS: '--from-file', PYTHONPATH: '/file', OPENAI_API_KEY: 'sk-file' },
      { NODE_OPTIONS: '--inherited', PYTHONPATH: '/inherited' },
      environmentOn,
    );
    expect(env).toMatchObject({ NODE_OPTIONS: '--require "/i/node/hook.cjs" --enable-source-maps', PYTHONPATH: '/i/python:/file', DEBUG: 1, GONE: null, AGENT_COST_SESSION: '/s/session.json' });
    expect(env).not.toHaveProperty('OPENAI_API_KEY');
    expect(programEnvironment({ type: 'node', request: 'launch' }, {}, { NODE_OPTIONS: '--inherited' }, environmentOn)['NODE_OPTIONS']).toBe('--require "/i/node/hook.cjs" --inherited');
  });
});

describe('terminals', () => {
  it('get lists before what they have, the rest in its place', () => {
    const variables = new Map(terminalVariables(environmentOn, { NODE_OPTIONS: '--inherited', OPENAI_API_KEY: 'sk-mine' }, ':').map(({ name, value, how }) => [name, [how, value]]));
    expect(variables.get('NODE_OPTIONS')).toEqual(['prepend', '--require "/i/node/hook.cjs" ']);
    expect(variables.get('PYTHONPATH')).toEqual(['prepend', '/i/python:']);
    expect(variables.get('OPENAI_BASE_URL')).toEqual(['replace', 'http://127.0.0.1:1/t/v1']);
    expect(variables.has('OPENAI_API_KEY')).toBe(false);
  });
});

describe('a debugger', () => {
  const after = (...messages: (DebugMessage & { to?: boolean })[]): (number | 'all')[] => {
    let held: ReadonlySet<number | 'all'> = new Set();
    for (const { to, ...message } of messages) held = heldThreads(held, to === true ? 'toAdapter' : 'fromAdapter', message);
    return [...held];
  };
  const stopped = (threadId?: number, allThreadsStopped?: boolean): DebugMessage => ({ type: 'event', event: 'stopped', body: { threadId, allThreadsStopped } });

  it('holds a program from where it stops to where it goes on', () => {
    expect(after(stopped(1))).toEqual([1]);
    expect(after(stopped(1, true))).toEqual(['all']);
    expect(after(stopped(1), { to: true, type: 'request', command: 'continue', arguments: { threadId: 1 } })).toEqual([]);
    // A step holds it again at its end.
    expect(after(stopped(1), { to: true, type: 'request', command: 'next', arguments: { threadId: 1 } }, stopped(1))).toEqual([1]);
    expect(after(stopped(1), { type: 'event', event: 'continued', body: { threadId: 1 } })).toEqual([]);
    expect(after(stopped(1), stopped(2), { type: 'event', event: 'continued', body: { threadId: 1, allThreadsContinued: false } })).toEqual([2]);
    expect(after(stopped(1), stopped(2), { to: true, type: 'request', command: 'continue', arguments: { threadId: 2, singleThread: true } })).toEqual([1]);
    expect(after(stopped(1), { type: 'event', event: 'terminated' })).toEqual([]);
    expect(after(stopped(1), { to: true, type: 'request', command: 'disconnect' })).toEqual([]);
    expect(after(stopped(1), { to: true, type: 'request', command: 'stackTrace' }, { type: 'response', command: 'stackTrace', success: true })).toEqual([1]);
  });
});
