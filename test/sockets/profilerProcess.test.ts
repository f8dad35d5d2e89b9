/** The profiler process as its parents use it: from start to a closed recording, through deaths on either side. */
import { createHash } from 'node:crypto';
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ProfilerError, type Profiler } from '../../src/profiler/client.ts';
import { isAlive } from '../../src/profiler/processes.ts';
import type { SessionFile } from '../../src/protocol/hook.ts';
import type { FromProfiler } from '../../src/protocol/profiler.ts';
import { ofType, ProfilerRuns, recorded } from './profilerFixture.ts';
import { asksForUsage, chunk, delta, event, jsonAnswer, LAST_CHUNK, startUpstream, STREAM_HEAD, until, usageEvent, type ScriptedUpstream, type Script } from './scriptedUpstream.ts';

const runs = new ProfilerRuns();
beforeAll(() => runs.build());
afterAll(() => runs.close());

let upstream: ScriptedUpstream | null = null;
afterEach(async () => {
  await upstream?.close();
  upstream = null;
});

const MODELS = { object: 'list', data: [{ id: 'smol', object: 'model', owned_by: 'vllm', max_model_len: 4096 }] };

/** A small vLLM: models, version, metrics, and answers of a few words. */
const vllm: Script = (request, socket) => {
  if (request.path.startsWith('/v1/models')) socket.write(jsonAnswer(200, MODELS));
  else if (request.path === '/version') socket.write(jsonAnswer(200, { version: '0.32.0' }));
  else if (request.path === '/metrics') socket.write(jsonAnswer(200, 'vllm:cache_config_info{block_size="16",enable_prefix_caching="True",num_gpu_blocks="1000"} 1.0\nvllm:num_requests_running{engine="0"} 1.0\nvllm:num_requests_waiting{engine="0"} 2.0\nvllm:kv_cache_usage_perc{engine="0"} 0.25\n'));
  else {
    const events = [event(delta('Hello')), event(delta(' you', 'stop')), ...(asksForUsage(request) ? [event(usageEvent(9, 2, null))] : []), event('[DONE]')];
    socket.write(STREAM_HEAD + events.map(chunk).join('') + LAST_CHUNK);
  }
};

async function startVllm(script: Script = vllm): Promise<{ kind: 'url'; url: string }> {
  upstream = await startUpstream(script);
  return { kind: 'url', url: upstream.url };
}

function post(profiler: Profiler, body: object = {}, init: RequestInit = {}): Promise<Response> {
  return fetch(`${profiler.ready.routeUrl}/v1/chat/completions`, { method: 'POST', body: JSON.stringify({ model: 'smol', stream: true, messages: [{ role: 'user', content: 'hi' }], ...body }), ...init });
}

/** A message's digest, as the format has it. */
function sha256Of(message: object): string {
  return createHash('sha256').update(JSON.stringify(message)).digest('hex').slice(0, 16);
}

describe('a session', () => {
  it('on the embedded server records the GPU’s work on each call', async () => {
    const options = runs.options({});
    const profiler = await runs.start(options);
    expect(profiler.ready.backend).toMatchObject({ kind: 'sim', simulated: true });
    const answer = await post(profiler, { max_tokens: 4 });
    expect(await answer.text()).not.toContain('"usage"');
    await profiler.stop({ exitCode: 3, signal: null });
    const lines = recorded(options.out);
    const [call] = ofType(lines, 'call');
    const [end] = ofType(lines, 'callEnd');
    expect(end).toMatchObject({ status: 'ok', usageEvidence: 'simulated', usage: { completionTokens: 4, cachedTokens: 0 }, server: { evidence: 'simulated' } });
    const work = ofType(lines, 'gpu');
    expect(work.map(({ state }) => state)).toEqual(['prefill', 'decode']);
    for (const { shares, t, end: until_, watts } of work) {
      expect(shares).toEqual({ [call!.id]: 1 });
      expect(t).toBeGreaterThanOrEqual(call!.t);
      expect(until_).toBeLessThanOrEqual(end!.t);
      expect(watts).toBeGreaterThan(0);
    }
    expect(lines[0]).toMatchObject({ type: 'header', name: 'test', gpuProfile: { id: 'a100-40gb' }, priceProfile: { gpu: 'a100-40gb' } });
    expect(lines.at(-1)).toMatchObject({ type: 'end', exitCode: 3, signal: null });
  });

  it('keeps to itself: files for the owner alone, folder out of git, session folder gone afterwards', async () => {
    const options = runs.options({ out: join(runs.folder, 'private', '.agent-cost', 'a.agentcost') });
    const profiler = await runs.start(options);
    const mode = (path: string) => (statSync(path).mode & 0o777).toString(8);
    const { sessionFile } = profiler.ready;
    expect([mode(options.out), mode(dirname(options.out)), mode(sessionFile), mode(dirname(sessionFile))]).toEqual(['600', '700', '600', '700']);
    expect(readFileSync(join(dirname(options.out), '.gitignore'), 'utf8')).toBe('*\n');
    const session = JSON.parse(readFileSync(sessionFile, 'utf8')) as SessionFile;
    expect(session).toMatchObject({ version: 1, routeUrl: profiler.ready.routeUrl, eventsDir: dirname(sessionFile), backend: 'sim', fallbackUrl: null, profilerPid: profiler.pid });
    await profiler.stop({ exitCode: 0, signal: null });
    expect(existsSync(dirname(sessionFile))).toBe(false);
    await expect(fetch(`${profiler.ready.routeUrl}/v1/models`)).rejects.toThrow();
  });

  it('on a vLLM learns who it is, polls its load while calls run, and says what it does not tell', async () => {
    const backend = await startVllm(async (request, socket, number) => {
      if (request.path === '/v1/chat/completions') await until(() => upstream!.requests.filter(({ path }) => path === '/metrics').length >= 2, 'two polls');
      await vllm(request, socket, number);
    });
    const messages: FromProfiler[] = [];
    const options = runs.options({ backend, telemetry: { kind: 'auto' }, gpu: 'a100' });
    const profiler = await runs.start(options, (message) => messages.push(message));
    expect(profiler.ready.backend).toEqual({ kind: 'vllm', url: backend.url, version: '0.32.0', model: 'smol', gpu: 'NVIDIA A100 40GB SXM', simulated: false, server: { contextTokens: 4096, blockTokens: 16, kvTokens: 16_000, prefixCaching: true, promptTokenDetails: null } });
    await (await post(profiler)).text();
    await profiler.stop({ exitCode: 0, signal: null });
    const lines = recorded(options.out);
    expect(ofType(lines, 'sample')[0]).toMatchObject({ source: 'vllm', running: 1, waiting: 2, kvUse: 0.25, watts: null });
    expect(ofType(lines, 'callEnd')[0]).toMatchObject({ usage: { promptTokens: 9, cachedTokens: null }, usageEvidence: 'measured', server: null });
    const message = 'Cached tokens unknown: the server does not report them. Start vLLM with `--enable-prompt-tokens-details`.';
    expect(ofType(lines, 'warning')).toMatchObject([{ code: 'cachedTokensUnknown', message }]);
    expect(messages).toContainEqual({ type: 'warning', code: 'cachedTokensUnknown', message });
    expect(messages.at(-1)).toEqual({ type: 'closed', bytes: statSync(options.out).size });
  });

  it('on an SGLang with a key reads what it was started with, with that key, says once what it does not tell, and keeps its keys', async () => {
    const info = { version: '0.5.6', context_length: 32_768, page_size: 1, disable_radix_cache: true, enable_metrics: true, enable_cache_report: false, api_key: 'canary-key', admin_api_key: 'canary-key' };
    const asked: string[] = [];
    const backend = await startVllm(async (request, socket, number) => {
      asked.push(`${request.path} ${request.headers['authorization'] ?? 'without'}`);
      if (request.path.startsWith('/v1/models')) socket.write(jsonAnswer(200, { data: [{ id: 'smol', owned_by: 'sglang', max_model_len: 131_072 }] }));
      else if (request.path === '/server_info') socket.write(jsonAnswer(404, {}));
      else if (request.path === '/get_server_info') socket.write(jsonAnswer(200, info));
      else if (request.path === '/metrics') socket.write(jsonAnswer(200, 'sglang:num_running_reqs 1\nsglang:num_queue_reqs 0\nsglang:token_usage 0.5\nsglang:prompt_tokens_total 90\nsglang:cached_tokens_total 10\n'));
      else {
        await until(() => asked.filter((line) => line.startsWith('/metrics')).length >= 3, 'polls');
        await vllm(request, socket, number);
      }
    });
    process.env['AGENT_COST_BACKEND_KEY'] = 'canary-key';
    try {
      const messages: FromProfiler[] = [];
      const options = runs.options({ backend, telemetry: { kind: 'auto' } });
      const profiler = await runs.start(options, (message) => messages.push(message));
      expect(profiler.ready.backend).toMatchObject({ kind: 'sglang', version: '0.5.6', server: { contextTokens: 32_768, blockTokens: 1, prefixCaching: false, promptTokenDetails: false } });
      await (await post(profiler)).text();
      await profiler.stop({ exitCode: 0, signal: null });
      const lines = recorded(options.out);
      expect(ofType(lines, 'sample')[0]).toMatchObject({ source: 'sglang', running: 1, waiting: 0, kvUse: 0.5, counters: { promptTokens: 90, cachedTokens: 10, finished: null } });
      expect(messages.filter(({ type }) => type === 'warning')).toMatchObject([{ code: 'serverDataOff', message: expect.stringContaining('`--enable-cache-report`') as string }]);
      expect(asked.every((line) => line.endsWith(' Bearer canary-key'))).toBe(true);
      expect(readFileSync(options.out, 'utf8')).not.toContain('canary-key');
    } finally {
      delete process.env['AGENT_COST_BACKEND_KEY'];
    }
  });

  it('on a TGI takes queue and inference of a call from the head of its answer', async () => {
    const backend = await startVllm((request, socket) => {
      if (request.path.startsWith('/v1/models')) socket.write(jsonAnswer(200, { data: [{ id: 'smol', owned_by: 'smol' }] }));
      else if (request.path === '/info') socket.write(jsonAnswer(200, { model_id: 'smol', max_total_tokens: 4096, version: '3.3.6' }));
      else if (request.path === '/v1/chat/completions') {
        const body = JSON.stringify({ id: 'c', choices: [{ index: 0, message: { role: 'assistant', content: 'hi' }, finish_reason: 'stop' }], usage: { prompt_tokens: 9, completion_tokens: 1 } });
        socket.write(`HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nX-Queue-Time: 12\r\nX-Inference-Time: 34\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
      } else socket.write(jsonAnswer(404, {}));
    });
    const options = runs.options({ backend });
    const profiler = await runs.start(options);
    expect(profiler.ready.backend).toMatchObject({ kind: 'tgi', version: '3.3.6' });
    await (await post(profiler)).text();
    await profiler.stop({ exitCode: 0, signal: null });
    expect(ofType(recorded(options.out), 'callEnd')[0]).toMatchObject({ status: 'ok', server: { queueMs: 12, prefillMs: null, decodeMs: null, inferenceMs: 34, evidence: 'measured' } });
  });

  it.each<[telemetry: string, told: number]>([
    ['auto', 1],
    ['off', 0],
    ['page', 0],
  ])('on a vLLM without statistics says so, unless they are not wanted or had elsewhere (%s)', async (telemetry, told) => {
    const backend = await startVllm(async (request, socket, number) => {
      if (request.path === '/metrics') socket.write(jsonAnswer(200, 'python_info 1.0\n'));
      else if (request.path === '/elsewhere') socket.write(jsonAnswer(200, 'vllm:num_requests_running 0\n'));
      else await vllm(request, socket, number);
    });
    const messages: FromProfiler[] = [];
    const choice = telemetry === 'page' ? ({ kind: 'page', url: backend.url.replace('/v1', '/elsewhere'), dcgm: false } as const) : ({ kind: telemetry === 'off' ? 'off' : 'auto' } as const);
    const profiler = await runs.start(runs.options({ backend, telemetry: choice }), (message) => messages.push(message));
    await profiler.stop({ exitCode: 0, signal: null });
    expect(messages.filter((message) => message.type === 'warning' && message.code === 'serverMetricsOff')).toHaveLength(told);
  });

  it('on a server of unknown kind whose pages hang starts all the same', async () => {
    const backend = await startVllm(async (request, socket, number) => {
      if (request.path.startsWith('/v1/models')) socket.write(jsonAnswer(200, { data: [{ id: 'smol', owned_by: 'me' }] }));
      else if (request.path.startsWith('/v1/')) await vllm(request, socket, number);
    });
    const profiler = await runs.start(runs.options({ backend, telemetry: { kind: 'auto' } }));
    expect(profiler.ready.backend).toMatchObject({ kind: 'unknown', version: null, model: 'smol', server: null });
    expect((await post(profiler)).status).toBe(200);
    await profiler.stop({ exitCode: 0, signal: null });
  });

  it('writes no secret and, unless told to, no text', async () => {
    const backend = await startVllm();
    for (const capture of ['full', 'hashes', 'none'] as const) {
      const options = runs.options({ backend, capture });
      const profiler = await runs.start(options);
      const secret = Object.fromEntries(['authorization', 'proxy-authorization', 'api-key', 'x-api-key', 'x-goog-api-key', 'ocp-apim-subscription-key', 'cookie', 'x-anything'].map((name) => [name, 'Bearer canary-key']));
      // In the body, too: keys of tools that the server is to call, and of accounts.
      const fields = { api_key: 'canary-key', user: 'canary-key', metadata: { token: 'canary-key' }, tools: [{ type: 'mcp', server_label: 'x', headers: { Authorization: 'Bearer canary-key' } }] };
      await (await post(profiler, { messages: [{ role: 'user', content: 'canary-text' }], ...fields }, { headers: secret })).text();
      await (await fetch(`${profiler.ready.routeUrl}/v1/models?key=canary-key`)).text();
      await (await fetch(`${profiler.ready.routeUrl}/v1/files?api-key=canary-key`, { method: 'POST', body: JSON.stringify({ purpose: 'canary-key' }), headers: secret })).text();
      const session = dirname(profiler.ready.sessionFile);
      for (const name of readdirSync(session)) expect(readFileSync(join(session, name), 'utf8'), name).not.toContain('canary');
      await profiler.stop({ exitCode: 0, signal: null });
      for (const entry of readdirSync(dirname(options.out), { recursive: true, withFileTypes: true })) if (entry.isFile()) expect(readFileSync(join(entry.parentPath, entry.name), 'latin1'), entry.name).not.toContain('canary-key');
      const text = readFileSync(options.out, 'utf8');
      expect(text).not.toContain('canary-key');
      expect(text.includes('canary-text')).toBe(capture === 'full');
      expect(text.includes('Hello you')).toBe(capture === 'full');
      const [message] = ofType(recorded(options.out), 'call')[0]!.request.messages;
      expect(message).toMatchObject({ role: 'user', chars: 11 });
      expect(message!.hash === null).toBe(capture === 'none');
    }
  });

  it('redacts what its rules find in what is said, what is answered and how it was started, and in nothing that is sent on', async () => {
    const key = `sk-proj-${'a1B2'.repeat(8)}`;
    const said: string[] = [];
    const backend = await startVllm((request, socket, number) => {
      said.push(request.body.toString());
      return vllm(request, socket, number);
    });
    const options = runs.options({ backend, redact: ['secrets', 'email', 'greeting=(?i)hello (\\w+)'], command: ['agent', 'to=jane@example.com'] });
    const profiler = await runs.start(options);
    const history = { role: 'user', content: `Use ${key}, ask jane.doe@example.com` };
    for (let call = 0; call < 2; call++) expect(await (await post(profiler, { messages: [history, { role: 'user', content: 'plain' }] })).text()).toContain('"Hello"');
    await profiler.stop({ exitCode: 0, signal: null });
    expect(said.filter((body) => body.includes(key) && body.includes('jane.doe@example.com'))).toHaveLength(2);

    const text = readFileSync(options.out, 'utf8');
    for (const word of [key, 'jane', 'Hello you']) expect(text).not.toContain(word);
    const lines = recorded(options.out);
    expect(ofType(lines, 'header')[0]).toMatchObject({ redaction: ['secrets', 'email', 'greeting'], command: ['agent', 'to=[redacted: email]'] });
    const [first, second] = ofType(lines, 'call').map(({ request }) => request.messages);
    expect(first![0]).toMatchObject({ text: 'Use [redacted: secrets], ask [redacted: email]', chars: history.content.length });
    // The same conversation still is the same, by a digest that nobody can compute from a guess.
    expect(second).toEqual(first);
    expect(first![0]!.hash).not.toBe(sha256Of(history));
    expect(first![1]!.hash).toBe(sha256Of({ role: 'user', content: 'plain' }));
    expect(ofType(lines, 'callEnd').map((end) => end.text)).toEqual(['Hello [redacted: greeting]', 'Hello [redacted: greeting]']);
    expect(ofType(lines, 'warning').find(({ code }) => code === 'redacted')?.message).toBe('Redacted in recorded texts: secrets once, email 2 times, greeting 2 times. Lengths and tokens are those of the whole texts. Rules are chosen with `--redact`.');
  });

  it.each([
    [['mail'], /"mail" cannot be used: it is none of secrets, email, phone, card, ip; one of your own is written NAME=PATTERN/],
    [['x=(?=y)'], /"x=\(\?=y\)" cannot be used: .*no look-around/],
  ])('says what is wrong with the rules %j, and starts nothing', async (redact, message) => {
    await expect(runs.start(runs.options({ backend: await startVllm(), redact }))).rejects.toMatchObject({ code: 'badRedactionRule', message: expect.stringMatching(message) as string });
  });

  it('uses the key that it was given for the backend in place of the program’s', async () => {
    const backend = await startVllm((request, socket, number) => (request.headers['authorization'] === 'Bearer right' ? vllm(request, socket, number) : void socket.write(jsonAnswer(401, {}))));
    process.env['AGENT_COST_BACKEND_KEY'] = 'right';
    try {
      const profiler = await runs.start(runs.options({ backend }));
      expect((await post(profiler, {}, { headers: { authorization: 'Bearer wrong' } })).status).toBe(200);
      await profiler.stop({ exitCode: 0, signal: null });
    } finally {
      delete process.env['AGENT_COST_BACKEND_KEY'];
    }
  });

  it('joins what the hooks tell, whatever is wrong with some of it', async () => {
    const options = runs.options({});
    const profiler = await runs.start(options);
    const folder = dirname(profiler.ready.sessionFile);
    const generated = join(runs.folder, 'out.js');
    // One line of generated code that stands for line 5, column 3 of in.ts.
    writeFileSync(generated, 'run()\n//# sourceMappingURL=out.js.map\n');
    writeFileSync(`${generated}.map`, JSON.stringify({ version: 3, sources: ['in.ts'], names: [], mappings: 'AAIE' }));
    const now = Number(process.hrtime.bigint()) / 1e6;
    const events = join(folder, `events-${process.pid}-0.ndjson`);
    const hello = { type: 'hello', t: now, epochMs: Date.now(), pid: process.pid, ppid: null, runtime: 'node', runtimeVersion: '24', argv: ['node'], cwd: '/' };
    const span = {
      type: 'span', t: now + 1, id: 's1', kind: 'tool', name: 'search', parent: null, thread: 'main', frames: [{ file: generated, line: 1, column: 1, function: 'run' }],
      unattributed: null, source: 'http', detail: 'GET x', callId: null,
    };
    appendFileSync(events, `${JSON.stringify(hello)}\nnot json\n${JSON.stringify({ type: 'span', t: 1 })}\n${JSON.stringify(span).slice(0, 50)}`);
    await until(() => ofType(recorded(options.out), 'process').length === 1, 'the process line');
    appendFileSync(events, `${JSON.stringify(span).slice(50)}\n`);
    // A process whose monotonic clock starts elsewhere, as in a container or on another system.
    const shifted = join(folder, 'events-99999-w1.ndjson');
    appendFileSync(shifted, [{ ...hello, pid: 99999, t: 500 }, { ...span, id: 's2', t: 501 }].map((line) => `${JSON.stringify(line)}\n`).join(''));
    // Not followed by anything that would wake the reader: the stop must find it.
    appendFileSync(events, `${JSON.stringify({ type: 'spanEnd', t: now + 9, id: 's1', status: 'ok', error: null, resultBytes: 3 })}\n${JSON.stringify({ type: 'bye', t: now + 10, dropped: 4 })}\n`);
    await profiler.stop({ exitCode: 0, signal: null });
    const lines = recorded(options.out);
    const [first, second] = ofType(lines, 'span');
    expect(first).toMatchObject({ id: 's1', pid: process.pid, evidence: 'measured', frames: [{ file: join(runs.folder, 'in.ts'), line: 5, column: 3, function: 'run' }] });
    const [ours] = ofType(lines, 'process');
    expect(first!.t - ours!.t).toBeCloseTo(1, 3);
    expect(Math.abs(second!.t - first!.t)).toBeLessThan(1000);
    expect(ofType(lines, 'spanEnd')).toMatchObject([{ id: 's1', resultBytes: 3 }]);
    expect(ofType(lines, 'warning').map(({ code }) => code)).toEqual(['hookEventMalformed', 'hookEventsMalformed', 'hookEventsDropped']);
  });
});

describe('a backend that is no use', () => {
  async function failure(script: Script, changes: Partial<Parameters<typeof runs.options>[0]> = {}): Promise<ProfilerError> {
    const backend = await startVllm(script);
    try {
      const profiler = await runs.start(runs.options({ backend, ...changes }));
      await profiler.stop({ exitCode: 0, signal: null });
    } catch (error) {
      expect(error).toBeInstanceOf(ProfilerError);
      return error as ProfilerError;
    }
    throw new Error('it started');
  }

  it.each<[string, Script, string, RegExp]>([
    ['401', (_request, socket) => void socket.write(jsonAnswer(401, {})), 'backendUnauthorized', /answers 401 .* Set AGENT_COST_BACKEND_KEY/],
    ['404', (_request, socket) => void socket.write(jsonAnswer(404, {})), 'backendNotFound', /answers 404 .*\/v1/],
    ['a web page', (_request, socket) => void socket.write(jsonAnswer(200, '<html>')), 'backendGarbage', /no OpenAI-compatible server/],
    ['other JSON', (_request, socket) => void socket.write(jsonAnswer(200, { hello: 1 })), 'backendGarbage', /no OpenAI-compatible server/],
    ['a redirect', (_request, socket) => void socket.write(jsonAnswer(302, {}, 'location: http://127.0.0.1:9/\r\n')), 'backendGarbage', /status 302/],
    ['bytes', (_request, socket) => void socket.end('\0\0garbage'), 'backendUnreachable', /cannot be reached/],
  ])('%s is named, with the remedy', async (_name, script, code, message) => {
    const error = await failure(script);
    expect([error.code, error.message]).toEqual([code, expect.stringMatching(message)]);
    expect(error.message).toContain(upstream!.url);
  });

  it('is named when it is not there, and when it has another model', async () => {
    const gone = await startUpstream(vllm);
    await gone.close();
    await expect(runs.start(runs.options({ backend: { kind: 'url', url: gone.url } }))).rejects.toMatchObject({
      code: 'backendUnreachable',
      message: expect.stringMatching(new RegExp(`${gone.url}.*ECONNREFUSED.*Start the server`)) as string,
    });
    const error = await failure(vllm, { model: 'gpt' });
    expect([error.code, error.message]).toEqual(['backendModelNotFound', expect.stringMatching(/no model "gpt".*smol.*--model/)]);
  });

  it.each([429, 500])('but answers %i for now is warned of, and used', async (status) => {
    const backend = await startVllm((request, socket, number) => (request.path === '/v1/models' ? void socket.write(jsonAnswer(status, {})) : vllm(request, socket, number)));
    const messages: FromProfiler[] = [];
    const options = runs.options({ backend });
    const profiler = await runs.start(options, (message) => messages.push(message));
    expect((await post(profiler)).status).toBe(200);
    await profiler.stop({ exitCode: 0, signal: null });
    const [warning] = ofType(recorded(options.out), 'warning');
    expect(warning).toMatchObject({ code: 'backendTroubled', message: expect.stringContaining(`answers ${status}`) as string });
  });
});

describe('a start that cannot be', () => {
  it('names the port that is taken', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    const options = runs.options({ port });
    await expect(runs.start(options)).rejects.toMatchObject({ code: 'portTaken', message: expect.stringMatching(new RegExp(`Port ${port} is taken.*--port`)) as string });
    expect(existsSync(options.out)).toBe(false);
    server.close();
  });

  it('names the profiles that there are', async () => {
    await expect(runs.start(runs.options({ backend: { kind: 'sim', gpu: 'h1000', model: 'llama-3.1-8b-instruct' } }))).rejects.toMatchObject({ code: 'unknownGpu', message: expect.stringMatching(/"h1000".*a100-40gb/) as string });
    await expect(runs.start(runs.options({ backend: { kind: 'sim', gpu: 'a100-40gb', model: 'gpt' } }))).rejects.toMatchObject({ code: 'unknownModel', message: expect.stringMatching(/"gpt".*gpt-oss-20b/) as string });
    const broken = join(runs.folder, 'gpu.json');
    writeFileSync(broken, '{"kind":"gpu"}');
    await expect(runs.start(runs.options({ backend: { kind: 'direct', defaultUrl: 'http://127.0.0.1:9/v1' }, gpu: broken }))).rejects.toMatchObject({ code: 'unknownGpu', message: expect.stringContaining(broken) as string });
  });

  it('does not write over a recording', async () => {
    const options = runs.options({});
    mkdirSync(dirname(options.out), { recursive: true });
    writeFileSync(options.out, 'precious');
    await expect(runs.start(options)).rejects.toMatchObject({ code: 'outExists', message: expect.stringMatching(/exists already.*--out/) as string });
    expect(readFileSync(options.out, 'utf8')).toBe('precious');
  });

  it('says so when the bundle is not there', async () => {
    const script = runs.script;
    runs.script = join(runs.folder, 'missing.cjs');
    await expect(runs.start(runs.options({}))).rejects.toMatchObject({ code: 'notStarted' });
    runs.script = script;
  });
});

describe('deaths', () => {
  /** An upstream that answers the first call and keeps the second open. */
  const half: Script = (request, socket, number) => {
    if (request.path !== '/v1/chat/completions') return vllm(request, socket, number);
    if (upstream!.requests.filter(({ path }) => path === request.path).length === 1) return vllm(request, socket, number);
    socket.write(STREAM_HEAD + chunk(event(delta('on and on'))));
  };

  it('of the profiler by SIGKILL leave what had ended, whole', async () => {
    const backend = await startVllm(half);
    const options = runs.options({ backend });
    const profiler = await runs.start(options);
    await (await post(profiler)).text();
    const open = await post(profiler);
    await until(() => ofType(recorded(options.out), 'firstToken').length === 2 && ofType(recorded(options.out), 'callEnd').length === 1, 'the first call to be on disk');
    process.kill(profiler.pid, 'SIGKILL');
    await expect(open.text()).rejects.toThrow();
    await profiler.onClosed;
    const lines = recorded(options.out);
    expect(ofType(lines, 'call')).toHaveLength(2);
    expect(ofType(lines, 'callEnd')).toMatchObject([{ status: 'ok', text: 'Hello you' }]);
    expect(ofType(lines, 'end')).toEqual([]);
    // The next session sweeps up what the dead one could not.
    expect(existsSync(profiler.ready.sessionFile)).toBe(true);
    await (await runs.start(runs.options({}))).stop({ exitCode: 0, signal: null });
    expect(existsSync(profiler.ready.sessionFile)).toBe(false);
  });

  it('by SIGTERM and by stop close the recording, with calls in flight cut off', async () => {
    for (const how of ['SIGTERM', 'stop']) {
      const backend = await startVllm(half);
      const options = runs.options({ backend });
      const profiler = await runs.start(options);
      await (await post(profiler)).text();
      const open = await post(profiler);
      const broken = expect(open.text()).rejects.toThrow();
      await until(() => ofType(recorded(options.out), 'firstToken').length === 2, 'the second call');
      if (how === 'stop') await profiler.stop({ exitCode: null, signal: 'SIGINT' });
      else process.kill(profiler.pid, 'SIGTERM');
      expect(await profiler.onClosed).toEqual({ bytes: statSync(options.out).size, exitCode: 0 });
      await broken;
      const lines = recorded(options.out);
      expect([ofType(lines, 'call').length, ofType(lines, 'callEnd').length]).toEqual([2, 1]);
      expect(lines.at(-1)).toMatchObject({ type: 'end', signal: how === 'stop' ? 'SIGINT' : null });
      await upstream!.close();
    }
  });

  it('of the parent leave the programs served until they end', async () => {
    const backend = await startVllm();
    const options = runs.options({ backend });
    const parent = join(runs.folder, 'parent.cjs');
    writeFileSync(
      parent,
      `const child = require('node:child_process').spawn(process.execPath, [${JSON.stringify(runs.script)}], { detached: true, stdio: ['pipe', 'pipe', 'ignore'] });
       child.stdin.write(${JSON.stringify(`${JSON.stringify(options)}\n`)});
       child.stdout.once('data', (line) => process.stdout.write(line));
       console.error(child.pid);`,
    );
    const host = runs.spawn(process.execPath, [parent]);
    let said = '';
    let pidText = '';
    host.stdout!.on('data', (bytes: Buffer) => (said += bytes.toString()));
    host.stderr!.on('data', (bytes: Buffer) => (pidText += bytes.toString()));
    await until(() => said.endsWith('\n') && pidText.endsWith('\n'), 'the profiler to be ready');
    const pid = Number(pidText);
    runs.watch(pid);
    const ready = JSON.parse(said.split('\n')[0]!) as Extract<FromProfiler, { type: 'ready' }>;
    const program = runs.spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
    const hello = { type: 'hello', t: performance.now(), epochMs: Date.now(), pid: program.pid, ppid: null, runtime: 'node', runtimeVersion: '24', argv: [], cwd: '/' };
    appendFileSync(join(dirname(ready.sessionFile), `events-${program.pid}-0.ndjson`), `${JSON.stringify(hello)}\n`);
    await until(() => ofType(recorded(options.out), 'process').length === 1, 'the program to be known');
    host.kill('SIGKILL');
    await new Promise((resolve) => host.once('close', resolve));
    const answer = await fetch(`${ready.routeUrl}/v1/chat/completions`, { method: 'POST', body: '{"stream":true,"messages":[]}' });
    expect(await answer.text()).toContain('Hello');
    expect(isAlive(pid)).toBe(true);
    program.kill('SIGKILL');
    await until(() => !isAlive(pid), 'the profiler to end by itself');
    const lines = recorded(options.out);
    expect(ofType(lines, 'callEnd')).toMatchObject([{ status: 'ok' }]);
    expect(lines.at(-1)).toEqual({ type: 'end', t: expect.any(Number) as number, exitCode: null, signal: null });
    expect(existsSync(dirname(ready.sessionFile))).toBe(false);
  });

  it('of none: a parent that does not read delays no call', async () => {
    const backend = await startVllm();
    const options = runs.options({ backend });
    const child = runs.spawn(process.execPath, [runs.script]);
    child.stdin!.write(`${JSON.stringify(options)}\n`);
    let said = '';
    await new Promise<void>((resolve) => child.stdout!.on('data', (bytes: Buffer) => { said += bytes.toString(); if (said.includes('\n')) resolve(); }));
    child.stdout!.pause();
    child.stdout!.removeAllListeners('data');
    const { routeUrl } = JSON.parse(said.split('\n')[0]!) as { routeUrl: string };
    for (let n = 0; n < 300; n++) await (await fetch(`${routeUrl}/v1/chat/completions`, { method: 'POST', body: '{"stream":true,"messages":[]}' })).text();
    child.stdin!.end(`${JSON.stringify({ type: 'stop', exitCode: 0, signal: null })}\n`);
    child.stdout!.resume();
    await new Promise((resolve) => child.once('close', resolve));
    expect(ofType(recorded(options.out), 'callEnd')).toHaveLength(300);
  });
});

describe('a disk', () => {
  it('that is full costs the recording’s end, not the program, and is said', async () => {
    const backend = await startVllm();
    const options = runs.options({ backend });
    // A limit on the size of files acts as a full disk: writing fails beyond it.
    const child = runs.spawn('sh', ['-c', `ulimit -f 8; exec "${process.execPath}" "${runs.script}"`]);
    child.stdin!.write(`${JSON.stringify(options)}\n`);
    const messages: FromProfiler[] = [];
    let rest = '';
    child.stdout!.on('data', (bytes: Buffer) => {
      const parts = (rest + bytes.toString()).split('\n');
      rest = parts.pop()!;
      messages.push(...parts.map((line) => JSON.parse(line) as FromProfiler));
    });
    await until(() => messages.length > 0, 'the profiler to be ready');
    const { routeUrl } = messages[0] as Extract<FromProfiler, { type: 'ready' }>;
    const ask = async () => (await fetch(`${routeUrl}/v1/chat/completions`, { method: 'POST', body: JSON.stringify({ stream: true, messages: [{ role: 'user', content: 'x'.repeat(500) }] }) })).text();
    for (let n = 0; n < 40; n++) expect(await ask()).toContain('Hello');
    const codes = () => messages.flatMap((message) => (message.type === 'warning' ? [message.code] : []));
    await until(() => codes().includes('recordingStalled'), 'the loss to be said');
    expect(await ask()).toContain('Hello');
    child.stdin!.end(`${JSON.stringify({ type: 'stop', exitCode: 0, signal: null })}\n`);
    await new Promise((resolve) => child.once('close', resolve));
    expect(codes()).toContain('recordingIncomplete');
    expect(messages.find((message) => message.type === 'warning' && message.code === 'recordingStalled')).toMatchObject({ message: expect.stringContaining('the disk is full') as string });
    const lines = recorded(options.out);
    expect(lines[0]!.type).toBe('header');
    expect(ofType(lines, 'callEnd').length).toBeGreaterThan(0);
  });

  it('that takes no file is said, and the program served', async () => {
    // /sys takes no folders from anybody, root included.
    const options = runs.options({ out: '/sys/agent-cost/a.agentcost', backend: await startVllm() });
    const messages: FromProfiler[] = [];
    const profiler = await runs.start(options, (message) => messages.push(message));
    expect(await (await post(profiler)).text()).toContain('Hello');
    await profiler.stop({ exitCode: 0, signal: null });
    expect(messages).toContainEqual({ type: 'warning', code: 'recordingNotWritable', message: expect.stringMatching(/Nothing is recorded: .*\/sys.*--out/) as string });
    expect(messages.at(-1)).toEqual({ type: 'closed', bytes: 0 });
  });

  it('place that makes no sense ends the start', async () => {
    await expect(runs.start(runs.options({ out: '/dev/null/a.agentcost' }))).rejects.toMatchObject({ code: 'outNotWritable', message: expect.stringContaining('/dev/null/a.agentcost') as string });
  });
});
