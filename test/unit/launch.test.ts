import { describe, expect, it } from 'vitest';
import { delimiter, join } from 'node:path';
import { PLACEHOLDER_KEY, launchEnvironment, type LaunchOptions } from '../../src/instrument/launch.ts';

const options: LaunchOptions = {
  base: {},
  sessionFile: '/run/s/session.json',
  routeUrl: 'http://127.0.0.1:4000/token',
  backend: 'sim',
  hooks: true,
  tracing: false,
  announce: null,
  instrumentDir: '/opt/agent cost/instrument',
};
const hook = join(options.instrumentDir, 'node/hook.cjs');
const folder = join(options.instrumentDir, 'python');
const set = (base: NodeJS.ProcessEnv, changes: Partial<LaunchOptions> = {}) => launchEnvironment({ ...options, ...changes, base });

describe('launchEnvironment', () => {
  it('sets all that a program with an empty environment needs, and nothing more', () => {
    expect(set({})).toEqual({
      AGENT_COST_SESSION: options.sessionFile,
      NODE_OPTIONS: `--require "${hook}"`,
      PYTHONPATH: folder,
      OPENAI_BASE_URL: 'http://127.0.0.1:4000/token/v1',
      OPENAI_API_BASE: 'http://127.0.0.1:4000/token/v1',
      OPENAI_API_KEY: PLACEHOLDER_KEY,
      ANTHROPIC_BASE_URL: 'http://127.0.0.1:4000/token',
      ANTHROPIC_API_KEY: PLACEHOLDER_KEY,
    });
  });

  it('leaves assistants that run in a shell their model', () => {
    expect(Object.keys(set({}, { forShell: true })).filter((name) => name.startsWith('ANTHROPIC'))).toEqual([]);
    expect(Object.keys(set({}, { backend: 'direct' })).filter((name) => name.startsWith('ANTHROPIC'))).toEqual([]);
  });

  it('puts itself before what was there, once', () => {
    const first = set({ NODE_OPTIONS: '--max-old-space-size=4096', PYTHONPATH: `/a${delimiter}/b` });
    expect(first['NODE_OPTIONS']).toBe(`--require "${hook}" --max-old-space-size=4096`);
    expect(first['PYTHONPATH']).toBe([folder, '/a', '/b'].join(delimiter));
    const second = set(first);
    expect(second['NODE_OPTIONS']).toBe(first['NODE_OPTIONS']);
    expect(second['PYTHONPATH']).toBe(first['PYTHONPATH']);
  });

  it('never lets Python take the working directory for a folder of modules', () => {
    expect(set({ PYTHONPATH: '' })['PYTHONPATH']).toBe(folder);
  });

  it('quotes backslashes and quotes as Node unquotes them', () => {
    const { NODE_OPTIONS } = set({}, { instrumentDir: '/o\\p/"t"' });
    expect(NODE_OPTIONS).toBe(`--require "${join('/o\\p/"t"', 'node/hook.cjs').replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`);
  });

  it('keeps the user’s key, and gives none to real servers', () => {
    expect(set({ OPENAI_API_KEY: 'sk-mine' })).not.toHaveProperty('OPENAI_API_KEY');
    expect(set({}, { backend: 'direct' })).not.toHaveProperty('OPENAI_API_KEY');
    expect(set({}, { backend: 'fixed' })).toHaveProperty('OPENAI_API_KEY', PLACEHOLDER_KEY);
  });

  it('keeps the address that direct calls are meant for, unless it is that of a session further out', () => {
    const own = { OPENAI_BASE_URL: 'http://gpu:8000/v1' };
    expect(set(own, { backend: 'direct' })).not.toHaveProperty('OPENAI_BASE_URL');
    expect(set(own, { backend: 'direct', hooks: false })).toHaveProperty('OPENAI_BASE_URL', `${options.routeUrl}/v1`);
    expect(set({ ...own, AGENT_COST_SESSION: '/other' }, { backend: 'direct' })).toHaveProperty('OPENAI_BASE_URL', `${options.routeUrl}/v1`);
    expect(set(own, { backend: 'fixed' })).toHaveProperty('OPENAI_BASE_URL', `${options.routeUrl}/v1`);
  });

  it('without hooks only routes, and silences those of a session further out', () => {
    expect(Object.keys(set({}, { hooks: false })).sort()).toEqual(['ANTHROPIC_API_KEY', 'ANTHROPIC_BASE_URL', 'OPENAI_API_BASE', 'OPENAI_API_KEY', 'OPENAI_BASE_URL']);
    expect(set({ AGENT_COST_SESSION: '/other' }, { hooks: false })['AGENT_COST_SESSION']).toBe('');
  });

  it('takes what a program traces, unless the user sends it elsewhere or wants none', () => {
    const ours = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4000/token/otlp', OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf' };
    expect(set({}, { tracing: true })).toMatchObject(ours);
    expect(Object.keys(set({})).filter((name) => name.startsWith('OTEL'))).toEqual([]);
    for (const own of [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318' }, { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://collector:4318/v1/traces' }, { OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' }, { OTEL_SDK_DISABLED: 'true' }])
      expect(Object.keys(set(own, { tracing: true })).filter((name) => name.startsWith('OTEL'))).toEqual([]);
    expect(set({ AGENT_COST_SESSION: '/other', OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1/other/otlp', OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf' }, { tracing: true })).toMatchObject(ours);
  });

  it('lets programs without a hook say whose they are, beside the user’s own headers', () => {
    expect(set({})).not.toHaveProperty('OPENAI_CUSTOM_HEADERS');
    expect(set({}, { announce: 'my run' })['OPENAI_CUSTOM_HEADERS']).toBe('x-agent-cost-program: my run');
    expect(set({ OPENAI_CUSTOM_HEADERS: 'x-team: a\nX-Agent-Cost-Program: old' }, { announce: 'new\r\nevil: 1' })['OPENAI_CUSTOM_HEADERS']).toBe('x-team: a\nx-agent-cost-program: new??evil: 1');
  });

  it('keeps corporate proxies away from loopback', () => {
    expect(set({ HTTP_PROXY: 'http://proxy:3128', NO_PROXY: 'intranet' })).toMatchObject({ NO_PROXY: 'intranet,127.0.0.1,localhost', no_proxy: 'intranet,127.0.0.1,localhost' });
    expect(set({ http_proxy: 'http://proxy:3128', no_proxy: '*' })).not.toHaveProperty('no_proxy');
    expect(set({})).not.toHaveProperty('NO_PROXY');
  });
});
