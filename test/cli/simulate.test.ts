/** The embedded server as a program of its own, and the hardware that it can be told to be. */
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import OpenAI from 'openai';
import { describe, expect, it } from 'vitest';
import { findGpu, parseProfile } from '../../src/simulator/catalog.ts';
import { agentCost, newFolder, repository, type Ended } from './agentCost.ts';

/** Has a simulated server do something, and ends it as Ctrl-C does. */
async function serving(args: string[], work: (url: string) => Promise<void>, env: NodeJS.ProcessEnv = {}): Promise<Ended> {
  let failed: unknown = null;
  let worked = false;
  let child: { kill(signal: NodeJS.Signals): boolean } | null = null;
  const ended = await agentCost(['simulate', '--port', '0', ...args], {
    cwd: newFolder(),
    env,
    onStart: (started) => (child = started),
    onStdout: (sofar) => {
      if (worked || !sofar.endsWith('\n')) return;
      worked = true;
      void work(sofar.trim())
        .catch((error: unknown) => (failed = error))
        .finally(() => child?.kill('SIGINT'));
    },
  });
  if (failed !== null) throw failed as Error;
  return ended;
}

describe('simulate', () => {
  it('serves any client of a vLLM, says what it is, and stops when asked', async () => {
    const { code, stdout, stderr } = await serving(['--gpu', 'h100', '--model', 'llama-3.1-70b', '--tp', '4', '--engine', 'vllm-v0', '--no-prefix-caching'], async (url) => {
      const client = new OpenAI({ baseURL: url, apiKey: 'none', maxRetries: 0 });
      const { data } = await client.models.list();
      expect(data.map(({ id }) => id)).toEqual(['meta-llama/Llama-3.1-70B-Instruct']);
      const ask = () => client.chat.completions.create({ model: data[0]!.id, messages: [{ role: 'user', content: 'Say something. '.repeat(40) }], max_tokens: 8 });
      const [first, second] = [await ask(), await ask()];
      expect(second.choices[0]?.message.content).toBe(first.choices[0]?.message.content);
      expect(second.usage).toMatchObject({ completion_tokens: 8, prompt_tokens_details: { cached_tokens: 0 } });
      const metrics = await (await fetch(url.replace(/\/v1$/, '/metrics'))).text();
      expect(metrics).toMatch(/^vllm:generation_tokens_total\{.*\} 16(?:\.0)?$/m);
    });
    expect(code, stderr).toBe(0);
    expect(stdout).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/v1\n$/);
    expect(stderr).toContain('simulated: meta-llama/Llama-3.1-70B-Instruct on 4 × NVIDIA H100 80GB SXM, vLLM V0, as of 0.6, fcfs, prefix caching off');
  });

  it('keeps prefixes unless told otherwise', async () => {
    await serving([], async (url) => {
      const client = new OpenAI({ baseURL: url, apiKey: 'none', maxRetries: 0 });
      const ask = () => client.chat.completions.create({ model: 'any', messages: [{ role: 'user', content: 'Say something. '.repeat(40) }], max_tokens: 4 });
      await ask();
      expect((await ask()).usage?.prompt_tokens_details?.cached_tokens).toBeGreaterThan(0);
    });
  });

  it('writes answers as long as a workload\'s, to the token, and refuses one that it does not know', async () => {
    const cwd = newFolder();
    const measured = (value: number) => ({ value, source: 'measured here' });
    writeFileSync(join(cwd, 'terse.json'), JSON.stringify({ kind: 'workload', id: 'terse', name: 'Terse', aliases: [], answerTokens: { mean: measured(12), sigma: measured(0) } }));
    const { stderr } = await serving(['--workload', join(cwd, 'terse.json')], async (url) => {
      const client = new OpenAI({ baseURL: url, apiKey: 'none', maxRetries: 0 });
      const chat = await client.chat.completions.create({ model: 'any', messages: [{ role: 'user', content: 'Say something.' }] });
      const text = await client.completions.create({ model: 'any', prompt: 'Say something.', max_tokens: 100 });
      for (const { usage, choices } of [chat, text]) expect([usage?.completion_tokens, choices[0]?.finish_reason]).toEqual([12, 'stop']);
    });
    expect(stderr).toContain('lengths of answers: Terse, lognormal, 12 tokens on average, deviation of the logarithm 0');
    const { code, stderr: refused } = await agentCost(['simulate', '--port', '0', '--workload', 'sharegtp'], { cwd });
    expect([code, refused]).toEqual([2, expect.stringContaining('There is no workload profile "sharegtp". Did you mean sharegpt?')]);
  });

  it('counts with the tokenizer of a folder, and with one that lies in Hugging Face’s cache, and says so', async () => {
    const folder = join(repository, 'test/fixtures/tokenizer/bytes');
    const { messages, ids } = (JSON.parse(readFileSync(join(folder, 'expected.json'), 'utf8')) as { conversations: { messages: OpenAI.ChatCompletionMessageParam[]; ids: number[] }[] }).conversations[0]!;
    const promptTokens = async (url: string) => (await new OpenAI({ baseURL: url, apiKey: 'none' }).chat.completions.create({ model: 'any', messages, max_tokens: 1 })).usage?.prompt_tokens;
    const counted: unknown[] = [];
    const count = async (url: string) => void counted.push(await promptTokens(url));
    const named = await serving(['--tokenizer', folder], count);
    const cache = newFolder();
    cpSync(folder, join(cache, 'models--meta-llama--Llama-3.1-8B-Instruct/snapshots/main'), { recursive: true });
    const cached = await serving([], count, { HF_HUB_CACHE: cache });
    const estimated = await serving(['--tokenizer', 'estimate'], count, { HF_HUB_CACHE: cache });
    expect(counted.slice(0, 2)).toEqual([ids.length, ids.length]);
    expect(counted[2]).not.toBe(ids.length);
    expect(named.stderr).toContain(`tokens: by the tokenizer of ${folder}\n`);
    expect(cached.stderr).toContain('tokens: by the tokenizer of meta-llama/Llama-3.1-8B-Instruct\n');
    expect(estimated.stderr).toContain('tokens: estimated; --tokenizer takes');
    writeFileSync(join(cache, 'models--meta-llama--Llama-3.1-8B-Instruct/snapshots/main/tokenizer.json'), '{');
    const run = await agentCost(['run', '--tokenizer', folder, '--', 'node', '-e', ''], { cwd: newFolder() });
    expect([run.code, run.stderr]).toEqual([0, expect.stringContaining(`simulated, tokens by the tokenizer of ${folder}`)]);
    const elsewhere = await agentCost(['run', '--backend', 'direct', '--tokenizer', folder, '--', 'node', '-e', ''], { cwd: newFolder() });
    expect([elsewhere.code, elsewhere.stderr]).toEqual([2, expect.stringContaining('--tokenizer is for the embedded server')]);
    const broken = await serving([], async (url) => void (await fetch(`${url}/models`)), { HF_HUB_CACHE: cache });
    expect(broken.stderr).toMatch(/^Tokens are estimated: .*tokenizer\.json is not JSON/m);
  });

  it('goes by priority when told to, and says when the exchange of several GPUs is not in its times', async () => {
    const gpu = JSON.parse(readFileSync(join(repository, 'profiles/gpu/h100-80gb.json'), 'utf8')) as object;
    const cwd = newFolder();
    writeFileSync(join(cwd, 'unlinked.json'), JSON.stringify({ ...gpu, id: 'unlinked', linkGBps: undefined }));
    const { stderr } = await serving(['--scheduling-policy', 'priority', '--tp', '2', '--gpu', join(cwd, 'unlinked.json')], async (url) => {
      const client = new OpenAI({ baseURL: url, apiKey: 'none', maxRetries: 0 });
      const answer = await client.completions.create({ model: 'any', prompt: 'Say something.', max_tokens: 2, ...{ priority: -1 } });
      expect(answer.usage?.completion_tokens).toBe(2);
    });
    expect(stderr).toContain('vLLM V1, the only one from 0.11 on, priority, prefix caching on');
    expect(stderr).toMatch(/The GPUs' exchange \(all-reduce\) is not in its times/);
  });

  it.each([
    [['--gpu', 'mi300x'], /AMD Instinct MI300X 192GB has no prefillMfu/],
    [['--gpu', 'h100', '--model', 'llama-3.1-70b'], /does not fit on 1 × NVIDIA H100 80GB SXM\. It takes 2/],
    [['--gpu', 'gpu-of-mine'], /no GPU profile "gpu-of-mine"/],
    [['--engine', 'vllm-v2'], /no engine profile "vllm-v2"\. Did you mean vllm-v1 or vllm-v0\?/],
    [['--engine', join(repository, 'profiles/gpu/l4-24gb.json')], /l4-24gb\.json describes a gpu, not an engine/],
    [['--gpu', join(repository, 'profiles/engine/vllm-v0.json')], /vllm-v0\.json describes an engine, not a GPU/],
    [['--engine', 'vllm-v0', '--scheduling-policy', 'priority'], /vLLM V0, as of 0\.6 is simulated without priorities\. .*choose --engine vllm-v1/],
    [['--tokenizer', 'nowhere'], /--tokenizer: There is no .*nowhere\. Name a model's tokenizer\.json/],
    [['--tp', 'two'], /--tp takes a whole number from 1 to 64, not "two"/],
  ])('says what is wrong with %j', async (args, says) => {
    const { code, stdout, stderr } = await agentCost(['simulate', '--port', '0', ...args], { cwd: newFolder() });
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(says);
    expect(stderr.trim().split('\n')).toHaveLength(1);
  });

  it('names the port that is taken', async () => {
    await serving([], async (url) => {
      const { port } = new URL(url);
      const { code, stderr } = await agentCost(['simulate', '--port', port], { cwd: newFolder() });
      expect(code).toBe(2);
      expect(stderr).toContain(`Port ${port} is taken`);
    });
  });
});

describe('profiles', () => {
  it('lists them all, with what is not computed for want of a value', async () => {
    const { code, stdout } = await agentCost(['profiles'], { cwd: newFolder() });
    expect(code).toBe(0);
    expect(stdout).toMatch(/^gpu +mi300x-192gb +AMD Instinct MI300X 192GB +simulation \(no prefillMfu, decodeBandwidthEfficiency\); energy of calls \(no prefillWatts, decodeWatts\); several GPUs' exchange \(no linkGBps, linkEfficiency, allReduceUs\)$/m);
    expect(stdout).toMatch(/^gpu +l4-24gb +NVIDIA L4 24GB +energy of calls \(no prefillWatts, decodeWatts\); idle energy \(no idleWatts\); several GPUs' exchange \(no linkGBps, linkEfficiency, allReduceUs\)$/m);
    expect(stdout).toMatch(/^gpu +h100-80gb +NVIDIA H100 80GB SXM$/m);
    expect(stdout).toMatch(/^engine +vllm-v0 +vLLM V0, as of 0\.6$/m);
    const { stdout: json } = await agentCost(['profiles', 'list', '--json'], { cwd: newFolder() });
    expect((JSON.parse(json) as { id: string }[]).map(({ id }) => id)).toContain('smollm2-135m-instruct');
  });

  it('shows where each value was read', async () => {
    const { stdout } = await agentCost(['profiles', 'show', 'H100'], { cwd: newFolder() });
    expect(stdout).toMatch(/^NVIDIA H100 80GB SXM \(gpu profile h100-80gb\)$/m);
    expect(stdout).toMatch(/^prefillMfu +0\.45 +BLIS inference-sim/m);
    const { code, stderr } = await agentCost(['profiles', 'show', 'nothing'], { cwd: newFolder() });
    expect([code, stderr]).toEqual([2, expect.stringContaining('no profile "nothing"')]);
    const prices = await agentCost(['profiles', 'show', 'openai'], { cwd: newFolder() });
    expect(prices.stdout).toMatch(/^calls to api\.openai\.com; read 2026-\d\d-\d\d: https:/m);
    expect(prices.stdout).toMatch(/^gpt-4o-mini +0\.15 +0\.075 +0\.6/m);
    const nested = await agentCost(['profiles', 'show', 'gpt-oss:20b'], { cwd: newFolder() });
    expect(nested.stdout).toMatch(/^experts\.perToken +4 +config\.json of openai\/gpt-oss-20b/m);
    const { stdout: json } = await agentCost(['profiles', 'show', 'h100', '--json'], { cwd: newFolder() });
    expect(parseProfile(json)).toEqual(findGpu('h100'));
  });

  it('asks what was meant by a name that it does not know', async () => {
    for (const [args, meant] of [
      [['profiles', 'show', 'h10'], 'h100-80gb'],
      [['simulate', '--gpu', 'rtx4900'], 'rtx-4090-24gb'],
      [['simulate', '--model', 'llama-8b'], 'llama-3.1-8b-instruct'],
    ] as const) {
      const { code, stderr } = await agentCost([...args], { cwd: newFolder() });
      expect([code, stderr]).toEqual([2, expect.stringMatching(new RegExp(`Did you mean .*${meant.replaceAll('.', '\\.')}`))]);
    }
  });

  it('keeps profiles of one’s own, which are then found by name', async () => {
    const cwd = newFolder();
    const env = { XDG_CONFIG_HOME: join(cwd, 'config') };
    const gpu = { ...findGpu('h100')!, id: 'mine', name: 'Mine', aliases: [], idleWatts: undefined };
    writeFileSync(join(cwd, 'gpu.json'), JSON.stringify(gpu));
    writeFileSync(join(cwd, 'wrong.json'), '{}');
    const added = await agentCost(['profiles', 'add', 'gpu.json'], { cwd, env });
    expect([added.code, added.stdout]).toEqual([0, expect.stringMatching(/^mine \(gpu\) is now one of your profiles: .*mine\.json\. Not computed with it: idle energy \(no idleWatts\); money \(no price of its hours\)\.$/m)]);
    const refused = await agentCost(['profiles', 'add', 'wrong.json'], { cwd, env });
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining('wrong.json is not a valid profile: kind: must be "gpu"')]);
    expect((await agentCost(['profiles', 'list', '--kind', 'gpu'], { cwd, env })).stdout).toMatch(/^gpu +mine +Mine \(yours\)/m);
    await serving(['--gpu', 'mine'], async (url) => expect((await fetch(`${url}/models`)).status).toBe(200), env);
    const again = await agentCost(['profiles', 'add', 'gpu.json'], { cwd, env });
    expect(again.stdout).toContain('It is used instead of Mine.');
    writeFileSync(join(cwd, 'config/agent-cost/profiles/broken.json'), '{');
    const listed = await agentCost(['profiles'], { cwd, env });
    expect([listed.code, listed.stderr]).toEqual([0, expect.stringContaining('broken.json is not a valid profile: not JSON')]);
  });

  it('checks a file of one\'s own, which then can be simulated', async () => {
    const cwd = newFolder();
    const gpu = { ...(JSON.parse(readFileSync(join(repository, 'profiles/gpu/l4-24gb.json'), 'utf8')) as object), id: 'mine', name: 'Mine', aliases: [] };
    const measured = (value: number) => ({ value, source: 'measured here' });
    writeFileSync(join(cwd, 'mine.json'), JSON.stringify({ ...gpu, prefillMfu: measured(0.5), decodeBandwidthEfficiency: measured(0.7) }));
    writeFileSync(join(cwd, 'wrong.json'), JSON.stringify({ ...gpu, memoryGB: 24 }));
    const right = await agentCost(['profiles', 'check', 'mine.json'], { cwd });
    expect([right.code, right.stdout]).toEqual([0, expect.stringContaining('mine.json is a gpu profile, mine. Not computed with it: energy of calls')]);
    const wrong = await agentCost(['profiles', 'check', 'wrong.json'], { cwd });
    expect([wrong.code, wrong.stderr]).toEqual([1, expect.stringMatching(/wrong\.json is not a valid profile: memoryGB: /)]);
    await serving(['--gpu', join(cwd, 'mine.json')], async (url) => expect((await fetch(`${url}/models`)).status).toBe(200));
  });
});
