import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Environment } from '../../src/agents/agent.ts';
import { shopItem, webshop } from '../../src/benchmarks/webshop/benchmark.ts';
import { SearchIndex } from '../../src/benchmarks/webshop/bm25.ts';
import { makeCatalogue } from '../../src/benchmarks/webshop/catalogue.ts';
import { EXAMPLES } from '../../src/benchmarks/webshop/examples.ts';
import { tokenSetRatio } from '../../src/benchmarks/webshop/fuzzyMatch.ts';
import type { Goal } from '../../src/benchmarks/webshop/goals.ts';
import { readPage } from '../../src/benchmarks/webshop/pageText.ts';
import { rewardOf } from '../../src/benchmarks/webshop/reward.ts';
import { openShop, SHOPPERS } from '../../src/benchmarks/webshop/shop.ts';
import { startShopServer, type ShopServer } from '../../src/benchmarks/webshop/shopServer.ts';
import { bundledSite, remoteSite, type Site } from '../../src/benchmarks/webshop/site.ts';
import { shopEnvironment, type Purchase } from '../../src/benchmarks/webshop/tools.ts';

const never = new AbortController().signal;
const shop = openShop();

describe('the catalogue', () => {
  it('has 10,000 different products, the same for the same seed', () => {
    const catalogue = makeCatalogue(1);
    expect(catalogue).toHaveLength(10_000);
    expect(new Set(catalogue.map(({ asin }) => asin)).size).toBe(10_000);
    expect(new Set(catalogue.map(({ title }) => title)).size).toBeGreaterThan(9000);
    expect(makeCatalogue(1, 100)).toEqual(catalogue.slice(0, 100));
    expect(makeCatalogue(2, 1)[0]).not.toEqual(catalogue[0]);
    for (const { attributes, options, price } of catalogue) {
      expect(attributes.length).toBeGreaterThanOrEqual(4);
      expect(Object.keys(options).length).toBeGreaterThanOrEqual(1);
      expect(price).toBeGreaterThan(3);
    }
  });

  it('has goals that the product they were made from fulfils', () => {
    expect(shop.goals.length).toBeGreaterThanOrEqual(SHOPPERS);
    for (const goal of shop.goals) expect(shop.buy(goal, goal.product, goal.options).total, goal.instruction).toBe(1);
  });
});

describe('search', () => {
  it('gives what BM25 gives, by hand', () => {
    const index = new SearchIndex(['red shoes red', 'blue shoes', 'green hat for the garden']);
    // Lengths 3, 2, 3; both terms in documents 0 and 1 or 0 alone; k1 = 0.9, b = 0.4.
    const norm = (length: number) => 0.9 * (0.6 + (0.4 * length) / (8 / 3));
    const idf = (found: number) => Math.log(1 + (3 - found + 0.5) / (found + 0.5));
    const first = (idf(1) * 2) / (2 + norm(3)) + idf(2) / (1 + norm(3));
    const second = idf(2) / (1 + norm(2));
    expect(first).toBeGreaterThan(second);
    expect(index.search('red shoe', 10)).toEqual([0, 1]);
    expect(index.search('shoes', 10)).toEqual([1, 0]);
    expect(index.search('hats', 1)).toEqual([2]);
    expect(index.search('the', 10)).toEqual([]);
  });

  it('finds products of the kind that is wished for, and nearly always the product', () => {
    const goals = shop.goals.slice(0, 100);
    const found = goals.map(({ instruction }) => shop.search(instruction));
    expect(found.filter((products, index) => products.includes(goals[index]!.product)).length).toBeGreaterThanOrEqual(90);
    expect(found.filter(([first], index) => first!.query === goals[index]!.product.query).length).toBeGreaterThanOrEqual(95);
    expect(Math.max(...found.map(({ length }) => length))).toBe(50);
  });
});

describe('the reward', () => {
  const product = shop.goals[0]!.product;
  const other = makeCatalogue(1).find(({ category }) => category !== product.category)!;
  const goal: Goal = { ...shop.goals[0]!, attributes: product.attributes.slice(0, 2), options: Object.fromEntries(Object.entries(product.options).map(([name, values]) => [name, values[0]!])) };
  const parts = 2 + Object.keys(goal.options).length + 1;

  it('is the share of attributes, options and price', () => {
    expect(rewardOf(product, goal.options, goal).total).toBe(1);
    expect(rewardOf(product, {}, goal)).toMatchObject({ total: 3 / parts, type: 1, attributes: 1, options: 0, price: 1 });
    expect(rewardOf(product, goal.options, { ...goal, priceBelow: 1 })).toMatchObject({ total: (parts - 1) / parts, price: 0 });
    expect(rewardOf(product, goal.options, { ...goal, attributes: [product.attributes[0]!, 'made of moonlight'] })).toMatchObject({ total: (parts - 1) / parts, attributes: 0.5 });
  });

  it('is less for another kind of thing', () => {
    const unlike = { ...other, title: 'Another Thing' };
    expect(rewardOf(unlike, {}, goal)).toMatchObject({ type: 0, total: 0 });
    // A word in common of more than five is little; the same kind of shelf, or the same search, is enough.
    const near = { ...goal, product: { ...product, title: 'Alpha Beta Gamma Delta Epsilon Zeta' } };
    expect(rewardOf({ ...other, title: 'Alpha' }, {}, near).type).toBe(0.5);
    expect(rewardOf({ ...product, title: 'Alpha' }, {}, near).type).toBe(1);
  });

  it('takes colours by their main name, and sizes to the letter', () => {
    const wish: Goal = { ...goal, options: { color: 'green', size: 'large' } };
    const plain = { ...product, title: 'x', features: [], description: '' };
    expect(rewardOf(plain, { color: 'dark green', size: 'large' }, wish).options).toBe(1);
    expect(rewardOf(plain, { color: 'green', size: 'x-large' }, wish).options).toBe(0.5);
  });

  it('compares words as token_set_ratio does', () => {
    // From the documentation of the original (fuzz.token_set_ratio).
    expect(tokenSetRatio('fuzzy was a bear', 'fuzzy fuzzy was a bear')).toBe(100);
    expect(tokenSetRatio('new york mets', 'new york yankees')).toBeLessThan(86);
    expect(tokenSetRatio('Pack of 2', 'pack of 2!')).toBe(100);
    expect(tokenSetRatio('', 'a')).toBe(0);
    expect(tokenSetRatio('abcd', 'abce')).toBe(75);
  });
});

describe.each(['in this process', 'behind a server'])('the shop %s', (where) => {
  let server: ShopServer;
  let site: Site;
  const bought: Purchase[] = [];
  beforeAll(async () => {
    server = await startShopServer({ latencyMs: 0 });
    site = where === 'behind a server' ? remoteSite(server.url) : bundledSite(0);
  });
  afterEach(() => bought.splice(0));
  afterAll(() => server.close());

  const goal = shop.goals[3]!;
  const words = [...goal.attributes, goal.product.query, ...Object.values(goal.options)].join(' ');
  const open = () => shopEnvironment(site, 'fixed_3', (purchase) => bought.push(purchase));
  const act = async (environment: Environment, tool: string, argument: unknown) => {
    const found = environment.tools.find(({ name }) => name === tool)!;
    return found.run({ [tool === 'search' ? 'keywords' : 'label']: argument }, never);
  };

  it('is searched, looked at and bought from', async () => {
    const environment = open();
    let { text } = await act(environment, 'search', words);
    expect(text).toMatch(/^Results\nPage 1 \(1-10\) of 50 total results\n\[Back to Search\]\n\[Next >\]\n\[B0/);
    ({ text } = await act(environment, 'click', 'Next >'));
    expect(text).toContain('Page 2 (11-20)');
    ({ text } = await act(environment, 'click', '[< Prev]'));
    const asin = /\[(B0\w{8})\]/.exec(text)![1]!;
    const product = shop.product(asin)!;
    ({ text } = await act(environment, 'click', asin));
    expect(text).toContain(`${product.title}\nPrice: $${product.price.toFixed(2)}`);
    ({ text } = await act(environment, 'click', 'features'));
    expect(text).toContain(product.features[0]);
    ({ text } = await act(environment, 'click', 'description'));
    expect(text).toContain('There is no "description" on this page. You can click: back to search, < prev.');
    await act(environment, 'click', '< Prev');
    const [name, values] = Object.entries(product.options)[0]!;
    ({ text } = await act(environment, 'click', values[1]!.toUpperCase()));
    expect(text).toContain(`${name}\n[${values[0]!}]\n[[${values[1]!}]]`);
    const { outcome } = await act(environment, 'click', 'Buy Now');
    const { total } = shop.buy(goal, product, { [name]: values[1]! });
    expect(outcome).toEqual({ answer: `${asin} | ${values[1]!}`, reward: total });
    expect(bought).toEqual([outcome]);
  });

  it('tells what cannot be done', async () => {
    const environment = open();
    expect((await act(environment, 'click', 'Buy Now')).text).toContain('There is nothing to click here');
    expect((await act(environment, 'search', '')).text).toContain('search takes keywords');
    expect((await act(environment, 'click', undefined)).text).toContain('click takes a label');
    expect((await act(environment, 'search', 'qqqq')).text).toContain('of 0 total results');
    expect((await act(environment, 'search', 'shoes')).text).toContain('Click "Back to Search" first');
    expect((await act(environment, 'click', 'back to search')).text).toBe('[Search]');
    expect((await act(environment, 'search', 'shoes / "socks" & 100%')).text).toContain('total results');
  });

  it('has branches that do not disturb each other', async () => {
    const environment = open();
    const { text } = await act(environment, 'search', words);
    const [first, second] = [...text.matchAll(/\[(B0\w{8})\]/g)].map(([, asin]) => asin!);
    const branch = environment.fork();
    await Promise.all([act(environment, 'click', first), act(branch, 'click', second)]);
    expect((await act(environment, 'click', 'Buy Now')).outcome!.answer).toBe(first);
    expect((await act(branch, 'click', 'Buy Now')).outcome!.answer).toBe(second);
  });

  it('takes several actions at once in their order', async () => {
    const environment = open();
    const [, clicked] = await Promise.all([act(environment, 'search', words), act(environment, 'click', 'Next >')]);
    expect(clicked.text).toContain('Page 2');
  });
});

describe('the client of a WebShop', () => {
  it('reads the elements of its pages', () => {
    // As WebShop's item page has them, cut short: https://github.com/princeton-nlp/WebShop, web_agent_site/templates.
    const html = `<html><head><title>x</title><script>var a = "<b>";</script></head><body><!-- <button>old</button> -->
      <div id="instruction-text"><h4 style="padding:2px 10px;">Instruction: i need it &amp; fast</h4><h4>Current Query: ['it']</h4></div>
      <form method="post" action="/abc" style="float:left"><button type="submit" class="btn btn-success">Back to Search</button></form>
      <h4>color</h4><input type="radio" id="radio_color0" name="color" value="red | blue" data-url="/item_page/abc/B0/x/1/%7B%27color%27:%20%27red%20%7C%20blue%27%7D"><label for="radio_color0">red | blue</label>
      <a class="product-link" href="/item_page/abc/B012345678/x/1/%7B%7D">B012345678</a></body></html>`;
    const page = readPage(html, "/item_page/abc/B0/x/1/%7B'color':%20'red%20%7C%20blue'%7D");
    expect(page.instruction).toBe('i need it & fast');
    expect([...page.clickables]).toEqual([
      ['back to search', '/abc'],
      ['red | blue', '/item_page/abc/B0/x/1/%7B%27color%27:%20%27red%20%7C%20blue%27%7D'],
      ['b012345678', '/item_page/abc/B012345678/x/1/%7B%7D'],
    ]);
    expect(page.text).toBe("Instruction: i need it & fast\nCurrent Query: ['it']\n[Back to Search]\ncolor\n[[red | blue]]\n[B012345678]");
    expect(page.reward).toBeNull();
    expect(readPage('<h3   id="reward">Your score (min 0.0, max 1.0)<pre>0.6666</pre></h3>', '/done').reward).toBe(0.6666);
  });

  it('says which shop cannot be used', async () => {
    await expect(remoteSite('http://127.0.0.1:9').open('/', never)).rejects.toThrow(/The shop at http:\/\/127\.0\.0\.1:9 cannot be used: .*WEBSHOP_URL/);
    const server = await startShopServer({ latencyMs: 0 });
    try {
      await expect(remoteSite(server.url).open('/item_page/fixed_0/nothing/x/1/%7B%7D', never)).rejects.toThrow('it answered 404');
      await expect(remoteSite(server.url).open('/fixed_99999', never)).rejects.toThrow('it answered 404');
    } finally {
      await server.close();
    }
  });
});

describe('the benchmark', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'agent-cost-webshop-'));
  });
  afterEach(() => {
    delete process.env.WEBSHOP_URL;
    delete process.env.WEBSHOP_CATALOGUE;
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('has 500 shoppers, in this process or on what stands in for the server', async () => {
    const { items } = await webshop.open({ file: null });
    expect(items).toHaveLength(SHOPPERS);
    const standIns = await webshop.startStandIns!();
    try {
      Object.assign(process.env, standIns.environment);
      const opened = await webshop.open({ file: null });
      expect(opened.items.map(({ task }) => task.question)).toEqual(items.map(({ task }) => task.question));
      expect(opened.notes.join()).toContain('not comparable with published ones');
    } finally {
      await standIns.close();
    }
  });

  it('takes sessions from a file to a server, and asks it what they wish', async () => {
    const server = await startShopServer({ latencyMs: 0 });
    try {
      process.env.WEBSHOP_URL = server.url;
      const file = join(folder, 'sessions.json');
      await writeFile(file, '{"session_ids": ["noibk", "fixed_7"]}');
      const { items } = await webshop.open({ file });
      expect(items.map(({ task }) => task.id)).toEqual(['noibk', 'fixed_7']);
      expect(items[1]!.task.question).toBe(shop.goals[7]!.instruction);
      await writeFile(file, '{"sessions": []}');
      await expect(webshop.open({ file })).rejects.toThrow(/sessions\.json.*session_ids/s);
    } finally {
      await server.close();
    }
    delete process.env.WEBSHOP_URL;
    await expect(webshop.open({ file: 'sessions.json' })).rejects.toThrow('name it in WEBSHOP_URL');
  });

  it('scores what was bought, and nothing that was only said', async () => {
    const item = shopItem('fixed_3', 'wish', bundledSite(0));
    expect(await item.score('B000000000 | red', never)).toEqual({ value: 0, parts: { reward: 0, success: 0 } });
    const { asin } = shop.search(shop.goals[3]!.instruction)[0]!;
    const [search, click] = item.task.openEnvironment().tools;
    await search!.run({ keywords: shop.goals[3]!.instruction }, never);
    await click!.run({ label: asin }, never);
    const { outcome } = await click!.run({ label: 'Buy Now' }, never);
    expect((await item.score(outcome!.answer, never)).value).toBe(outcome!.reward);
    expect(await item.task.reward!(outcome!.answer, never)).toBe(outcome!.reward);
    expect((await item.score(null, never)).value).toBe(0);
  });

  it('shows examples that happen so, and earn everything', async () => {
    for (const [index, { steps, question, answer }] of EXAMPLES.entries()) {
      const number = SHOPPERS + index;
      expect(question).toBe(shop.goals[number]!.instruction);
      const bought: Purchase[] = [];
      const { tools } = shopEnvironment(bundledSite(0), `fixed_${number}`, (purchase) => bought.push(purchase));
      for (const { call, observation } of steps.flatMap(({ actions }) => actions)) {
        expect((await tools.find(({ name }) => name === call.tool)!.run(call.arguments, never)).text).toBe(observation);
      }
      expect(bought).toEqual([{ answer, reward: 1 }]);
    }
  });
});
