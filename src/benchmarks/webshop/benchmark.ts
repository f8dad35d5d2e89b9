/** WebShop (Yao et al., 2022): shopping for what somebody wants. */
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import type { Task } from '../../agents/agent.ts';
import type { Benchmark, BenchmarkItem, OpenedBenchmark } from '../benchmark.ts';
import { ownItems } from '../itemFile.ts';
import { EXAMPLES } from './examples.ts';
import { readPage } from './pageText.ts';
import { SHOPPERS, openShop } from './shop.ts';
import { startShopServer } from './shopServer.ts';
import { bundledSite, PAGE_MS, remoteSite, type Site } from './site.ts';
import { shopEnvironment } from './tools.ts';

/** Sessions of a server that are taken when no file names others. */
const SESSIONS_OF_A_SERVER = 50;
/** Told to a program beside the address of the server that stands in, whose shoppers it knows without asking. */
const BUNDLED = 'bundled';

const INSTRUCTIONS = `You shop for somebody in an online shop. Find the product that fits the wish best, choose the options that are wished for, and buy it.

- search finds products by words. It is possible on the search page only, which is the first one.
- click presses what stands in brackets: a product's number to open its page, an option to choose it, "Description" and "Features" to learn more, "< Prev" and "Next >" to turn pages, "Back to Search" to search anew, "Buy Now" to buy the product with the options chosen.

Search for the kind of product with what matters most of it. Look at the price, choose every option that the wish names (what is chosen stands in double brackets), and then buy. Buying ends the task: without it nothing counts.`;

const ANSWER_FORM = 'The answer is given by clicking "Buy Now" on the page of the right product, with the right options chosen.';

export const webshop: Benchmark = {
  name: 'webshop',
  title: 'WebShop',
  metric: 'reward',
  agents: ['react', 'reflexion', 'lats', 'llmcompiler'],
  async open({ file }) {
    const { WEBSHOP_URL: url, WEBSHOP_CATALOGUE: catalogue } = process.env;
    if (url === undefined || catalogue === BUNDLED) return openBundled(file, url === undefined ? bundledSite() : remoteSite(url));
    const site = remoteSite(url);
    const sessions = file === null ? fixedSessions(SESSIONS_OF_A_SERVER) : await readSessions(file);
    const items: BenchmarkItem[] = [];
    // In series: each may have the server load its catalogue.
    for (const session of sessions) items.push(shopItem(session, await wishOf(site, session), site));
    return { items, source: { name: file ?? `the shoppers fixed_0 to fixed_${sessions.length - 1} of ${url}`, sha256: null, licence: null, published: false }, notes: [] };
  },
  async startStandIns() {
    const server = await startShopServer();
    return {
      environment: { WEBSHOP_URL: server.url, WEBSHOP_CATALOGUE: BUNDLED },
      notes: [`A shop of our own with a made-up catalogue stands in for WebShop; each of its pages takes ${PAGE_MS} ms, as WebShop's did in the paper.`],
      close: () => server.close(),
    };
  },
};

function openBundled(file: string | null, site: Site): OpenedBenchmark {
  if (file !== null) throw new Error(`Sessions from ${file} belong to a WebShop server: name it in WEBSHOP_URL. The bundled shop has shoppers of its own.`);
  const { goals } = openShop();
  return {
    items: fixedSessions(SHOPPERS).map((session, number) => shopItem(session, goals[number]!.instruction, site)),
    source: ownItems('made-up shoppers in a made-up catalogue'),
    notes: ['The catalogue is made up, and easier to search than the real one: rewards are not comparable with published ones.'],
  };
}

function fixedSessions(count: number): string[] {
  return Array.from({ length: count }, (_, number) => `fixed_${number}`);
}

async function readSessions(file: string): Promise<string[]> {
  try {
    return z.object({ session_ids: z.array(z.string().min(1)).min(1) }).parse(JSON.parse(await readFile(file, 'utf8'))).session_ids;
  } catch (error) {
    const problem = error instanceof z.ZodError ? z.prettifyError(error) : error instanceof Error ? error.message : String(error);
    throw new Error(`Sessions cannot be read from ${file}: ${problem}. It should hold {"session_ids": ["…"]}.`, { cause: error });
  }
}

async function wishOf(site: Site, session: string): Promise<string> {
  const { html, path } = await site.open(`/${encodeURIComponent(session)}`, new AbortController().signal);
  const { instruction } = readPage(html, path);
  if (instruction === '') throw new Error(`The first page of session "${session}" has no instruction: is WEBSHOP_URL a WebShop?`);
  return instruction;
}

/** The task of one shopper. Scores are of what was bought in this process. */
export function shopItem(session: string, wish: string, site: Site): BenchmarkItem {
  const rewards = new Map<string, number>();
  const rewardOf = (answer: string) => rewards.get(answer) ?? 0;
  const task: Task = {
    id: session,
    question: wish,
    instructions: INSTRUCTIONS,
    answerForm: ANSWER_FORM,
    openEnvironment: () => shopEnvironment(site, session, ({ answer, reward }) => rewards.set(answer, reward)),
    examples: EXAMPLES,
    reward: (answer) => Promise.resolve(rewardOf(answer)),
  };
  return {
    task,
    score(answer) {
      const value = answer === null ? 0 : rewardOf(answer);
      return Promise.resolve({ value, parts: { reward: value, success: value === 1 ? 1 : 0 } });
    },
  };
}
