import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startWikiServer, type WikiServer } from '../../src/benchmarks/hotpotqa/wikiServer.ts';
import { findGpu, findModel } from '../../src/simulator/catalog.ts';
import { startEmbeddedServer, type EmbeddedServer } from '../../src/simulator/embeddedServer.ts';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
/** The Node that the agent is meant for: it runs TypeScript as it is. */
const node24 = join(dirname(createRequire(import.meta.url).resolve('node/package.json')), 'bin', 'node');

let server: EmbeddedServer;
let wiki: WikiServer;
beforeAll(async () => {
  server = await startEmbeddedServer({ gpu: findGpu('h100')!, model: findModel('smollm2-135m')! });
  wiki = await startWikiServer({ latencyMs: () => 5 });
});
afterAll(() => Promise.all([server.close(), wiki.close()]));

function runAgent(args: string[], environment: Record<string, string> = {}) {
  return new Promise<{ code: number | null; stdout: string; stderr: string }>((resolve, reject) => {
    const env = { ...process.env, OPENAI_BASE_URL: server.url, OPENAI_API_KEY: 'none', WIKI_API_URL: wiki.url, ...environment };
    const child = spawn(node24, ['src/agents/main.ts', '--agent', 'react', ...args], { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
}

describe.each(['cot', 'react', 'reflexion', 'lats', 'llmcompiler'])('the bundled agent %s', (agent) => {
  it.each(['text', 'native'])('solves every bundled question on the embedded server (tool calls: %s)', async (toolCalling) => {
    const { code, stdout, stderr } = await runAgent(['--agent', agent, '--n', '5', '--tool-calling', toolCalling]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const results = stdout.split('\n').flatMap((line) => /^=> .* score 1\.00 .* (\d+) model calls, (\d+) tool calls$/.exec(line)?.slice(1).map(Number) ?? []);
    // Two facts for each question, three for the third.
    const facts = [2, 2, 3, 2, 2];
    const expected: Record<string, (facts: number) => [number, number]> = {
      cot: () => [1, 0],
      react: (count) => [count + 1, count],
      reflexion: (count) => [count + 1, count],
      // Five children and their five values for each fact, five for the answer.
      lats: (count) => [10 * count + 5, 5 * count],
      llmcompiler: (count) => [2, count],
    };
    expect(results).toEqual(facts.flatMap(expected[agent]!));
  });
});

describe('the bundled ReAct agent', () => {
  it('answers every bundled question on the embedded server, in 3 or 4 steps', async () => {
    const { code, stdout, stderr } = await runAgent(['--n', '5']);
    expect(stderr).toBe('');
    expect(code).toBe(0);
    const results = stdout.split('\n').filter((line) => line.startsWith('=> '));
    expect(results).toHaveLength(5);
    for (const line of results) expect(line).toMatch(/score 1\.00 {3}em 1\.00 {3}f1 1\.00 {3}[34] steps, [34] model calls, [23] tool calls$/);
    expect(stdout).toMatch(/^Thought: /m);
    expect(stdout).toMatch(/^Action: search\[/m);
    expect(stdout).toMatch(/^Observation: /m);
    expect(stdout).toContain('5 tasks   score 1.00');
  });

  it('sends about 1,000 tokens at first', async () => {
    const before = await promptTokens();
    await runAgent(['--n', '1', '--model', 'whatever']);
    const calls = 3;
    // Three calls of one question: the first prompt and two that grew.
    expect((await promptTokens()) - before).toBeGreaterThan(calls * 950);
    expect((await promptTokens()) - before).toBeLessThan(calls * 1500);
  });

  it('does not answer what the encyclopedia did not say', async () => {
    const empty = await startWikiServer({ latencyMs: () => 5, pages: [] });
    const { code, stdout } = await runAgent(['--n', '1'], { WIKI_API_URL: empty.url });
    await empty.close();
    expect(code).toBe(0);
    expect(stdout).toContain('=> unknown');
  });

  it('says clearly that the encyclopedia cannot be reached', async () => {
    const closed = await startWikiServer();
    await closed.close();
    const { code, stderr } = await runAgent(['--n', '1'], { WIKI_API_URL: closed.url });
    expect(code).toBe(1);
    expect(stderr).toContain(`The encyclopedia at ${closed.url} cannot be used: `);
    expect(stderr).toContain('set WIKI_API_URL');
  });

  it('refuses a count that is none', async () => {
    const { code, stderr } = await runAgent(['--n', 'some']);
    expect(code).toBe(1);
    expect(stderr).toContain('--n takes a whole number from 1 on, not "some"');
  });
});

async function promptTokens(): Promise<number> {
  const page = await (await fetch(`${server.url.replace('/v1', '')}/metrics`)).text();
  return Number(/^vllm:prompt_tokens_total\{[^}]*\} (\d+)$/m.exec(page)![1]);
}

describe('the small encyclopedia', () => {
  const query = async (parameters: Record<string, string>) => (await (await fetch(`${wiki.url}?${new URLSearchParams({ action: 'query', format: 'json', formatversion: '2', ...parameters }).toString()}`)).json()) as Record<string, unknown>;

  it('searches, with the matches marked', async () => {
    const answer = (await query({ list: 'search', srsearch: 'Opera House architect', srlimit: '2' })) as { query: { search: { title: string; snippet: string }[] } };
    expect(answer.query.search).toHaveLength(2);
    expect(answer.query.search[0]!.title).toBe('Sydney Opera House');
    expect(answer.query.search[0]!.snippet).toContain('<span class="searchmatch">Opera</span>');
    expect(await query({ list: 'search', srsearch: 'xyzzy' })).toMatchObject({ query: { search: [] } });
  });

  it('gives extracts, follows redirects and spellings, and says what is missing', async () => {
    expect(await query({ prop: 'extracts', titles: 'jorn utzon' })).toMatchObject({ query: { redirects: [{ to: 'Jørn Utzon' }], pages: [{ title: 'Jørn Utzon', extract: expect.stringContaining('Copenhagen') as string }] } });
    expect(await query({ prop: 'extracts', titles: 'Nobody' })).toMatchObject({ query: { pages: [{ title: 'Nobody', missing: true }] } });
  });

  it('answers what it does not know as the real API does', async () => {
    expect(await query({ action: 'edit' })).toMatchObject({ error: { code: 'badvalue' } });
    expect(await query({ list: 'search' })).toMatchObject({ error: { code: 'missingparam' } });
    expect((await fetch(wiki.url.replace('/w/api.php', '/wiki/Main_Page'))).status).toBe(404);
  });
});
