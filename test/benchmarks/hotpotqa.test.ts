import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { hotpotItem, hotpotqa } from '../../src/benchmarks/hotpotqa/benchmark.ts';
import { EXAMPLES } from '../../src/benchmarks/hotpotqa/examples.ts';
import { MediaWiki } from '../../src/benchmarks/hotpotqa/mediaWiki.ts';
import { wikiEnvironment } from '../../src/benchmarks/hotpotqa/tools.ts';
import { startWikiServer, type WikiServer } from '../../src/benchmarks/hotpotqa/wikiServer.ts';

const never = new AbortController().signal;

interface Asked {
  url: URL;
  headers: Record<string, string | string[] | undefined>;
}
let asked: Asked[] = [];
/** What the next requests get; then a good answer. */
let answers: { status?: number; headers?: Record<string, string>; body?: unknown }[] = [];
let server: Server;
let url: string;

beforeAll(async () => {
  server = createServer((request, response) => {
    asked.push({ url: new URL(request.url!, 'http://here'), headers: request.headers });
    const { status = 200, headers = {}, body = { query: { search: [] } } } = answers.shift() ?? {};
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/w/api.php`;
});
afterEach(() => {
  asked = [];
  answers = [];
});
afterAll(() => server.close());

describe('the MediaWiki client', () => {
  it('says who asks, and steps back where the databases lag', async () => {
    await new MediaWiki({ url, userAgent: 'tests/1 (me@example.org)' }).query({ list: 'search', srsearch: 'x' }, never);
    expect(asked[0]!.headers['user-agent']).toBe('tests/1 (me@example.org)');
    expect(asked[0]!.headers['accept-encoding']).toContain('gzip');
    expect(Object.fromEntries(asked[0]!.url.searchParams)).toEqual({ action: 'query', format: 'json', formatversion: '2', maxlag: '5', list: 'search', srsearch: 'x' });
  });

  it('tries again after a busy server, a rate limit and a lag', async () => {
    answers = [
      { status: 503 },
      { status: 429, headers: { 'retry-after': '0' } },
      { headers: { 'retry-after': '0' }, body: { error: { code: 'maxlag', info: 'Waiting for a database: 6 seconds lagged.' } } },
      { body: { query: { search: [{ title: 'found' }] } } },
    ];
    expect(await new MediaWiki({ url, backoffMs: 1 }).query({ list: 'search' }, never)).toEqual({ query: { search: [{ title: 'found' }] } });
    expect(asked).toHaveLength(4);
  });

  it('gives up on what does not pass, and says what was wrong and what to do', async () => {
    answers = [{ body: { error: { code: 'badvalue', info: 'Unrecognized value.' } } }];
    await expect(new MediaWiki({ url, backoffMs: 1 }).query({ list: 'x' }, never)).rejects.toThrow(/"badvalue": Unrecognized value\. Check the network, or set WIKI_API_URL/);
    expect(asked).toHaveLength(1);
    answers = Array.from({ length: 9 }, () => ({ status: 500 }));
    await expect(new MediaWiki({ url, backoffMs: 1 }).query({ list: 'y' }, never)).rejects.toThrow(/it answered 500/);
    expect(asked).toHaveLength(5);
  });

  it('asks nothing twice where it keeps answers, and no failed thing is kept', async () => {
    const wiki = new MediaWiki({ url, cache: true, backoffMs: 1 });
    answers = [{ status: 404 }, { body: { query: 1 } }];
    await expect(wiki.query({ titles: 'A' }, never)).rejects.toThrow('404');
    expect(await wiki.query({ titles: 'A' }, never)).toEqual({ query: 1 });
    expect(await wiki.query({ titles: 'A' }, never)).toEqual({ query: 1 });
    await wiki.query({ titles: 'B' }, never);
    expect(asked).toHaveLength(3);
  });

  it('does not keep those of this machine unless asked to, lest a measured latency be none', async () => {
    const wiki = new MediaWiki({ url });
    await wiki.query({ titles: 'A' }, never);
    await wiki.query({ titles: 'A' }, never);
    expect(asked).toHaveLength(2);
  });

  it('ends at once when the run is aborted', async () => {
    answers = Array.from({ length: 9 }, () => ({ status: 503, headers: { 'retry-after': '30' } }));
    const abort = new AbortController();
    const query = new MediaWiki({ url }).query({ titles: 'A' }, abort.signal);
    setTimeout(() => abort.abort(new Error('enough')), 20);
    await expect(query).rejects.toThrow();
  });
});

describe('the tools on the bundled encyclopedia', () => {
  let wikiServer: WikiServer;
  beforeAll(async () => {
    wikiServer = await startWikiServer({ latencyMs: () => 0 });
  });
  afterAll(() => wikiServer.close());

  const tool = (name: string) => wikiEnvironment(new MediaWiki({ url: wikiServer.url })).tools.find((candidate) => candidate.name === name)!;

  it('search and look up', async () => {
    expect((await tool('search').run({ query: 'Sydney Opera House architect' }, never)).text).toMatch(/^Sydney Opera House: /);
    expect((await tool('lookup').run({ title: 'Jørn Utzon', keyword: 'born' }, never)).text).toContain('born in Copenhagen');
    expect((await tool('lookup').run({ title: 'Atlantis' }, never)).text).toBe('There is no article "Atlantis". Try search.');
  });

  it('tell the model what they want when it gives something else', async () => {
    expect((await tool('search').run({}, never)).text).toContain('search takes a query');
    expect((await tool('search').run({ query: { words: [] } }, never)).text).toContain('search takes a query');
    expect((await tool('lookup').run({ keyword: 'born' }, never)).text).toContain('lookup takes a title');
  });
});

describe('the benchmark', () => {
  it('makes tasks of the bundled questions', async () => {
    const { items, source } = await hotpotqa.open({ file: null });
    expect(items.length).toBeGreaterThanOrEqual(5);
    expect(source).toMatchObject({ published: false, sha256: null });
    expect(new Set(items.map(({ task }) => task.id)).size).toBe(items.length);
  });

  it('scores exact match and F1, and gives agents that reflect the first', async () => {
    const item = hotpotItem({ question: 'Q?', answer: 'Greater Caucasus' }, 0, new MediaWiki({ url }));
    expect(await item.score('Caucasus', never)).toEqual({ value: 0, parts: { em: 0, f1: 2 / 3 } });
    expect(await item.score('the Greater Caucasus.', never)).toEqual({ value: 1, parts: { em: 1, f1: 1 } });
    expect((await item.score(null, never)).value).toBe(0);
    expect(await item.task.reward!('greater caucasus', never)).toBe(1);
  });

  it('has examples that its tools understand', () => {
    const { tools } = wikiEnvironment(new MediaWiki({ url }));
    for (const example of EXAMPLES) {
      for (const { tool, arguments: args } of [...example.plan, ...example.steps.flatMap(({ actions }) => actions.map(({ call }) => call))]) {
        const { properties, required } = tools.find(({ name }) => name === tool)!.parameters;
        expect(Object.keys(properties)).toEqual(expect.arrayContaining(Object.keys(args)));
        expect(Object.keys(args)).toEqual(expect.arrayContaining(required));
      }
    }
  });

  it('starts an encyclopedia and says where it is', async () => {
    const standIns = await hotpotqa.startStandIns!();
    try {
      expect(standIns.environment.WIKI_API_URL).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/w\/api\.php$/);
      expect((await fetch(standIns.environment.WIKI_API_URL!.replace('/w/api.php', '/'))).status).toBe(404);
    } finally {
      await standIns.close();
    }
  });
});
