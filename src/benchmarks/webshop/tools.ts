/** The agent's tools: search and click, on the page that it is on. */
import type { Environment, Observation, Tool } from '../../agents/agent.ts';
import { readPage, type ReadPage } from './pageText.ts';
import type { Page, Site } from './site.ts';

/** Ends the task. */
const BUY = 'buy now';

export interface Purchase {
  /** The product and the options that were chosen. */
  answer: string;
  /** From 0 to 1. */
  reward: number;
}

interface View extends ReadPage {
  path: string;
}

/**
 * One shopper at the shop.
 * @param bought hears of every purchase, in this environment and its branches
 */
export function shopEnvironment(site: Site, session: string, bought: (purchase: Purchase) => void): Environment {
  return new Shopper(site, session, bought, null).environment();
}

class Shopper {
  readonly #site: Site;
  readonly #session: string;
  readonly #bought: (purchase: Purchase) => void;
  /** Null before the first action: then it is the search page. */
  #view: View | null;
  /** One action after the other, also of an agent that asks for several at once. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(site: Site, session: string, bought: (purchase: Purchase) => void, view: View | null) {
    this.#site = site;
    this.#session = session;
    this.#bought = bought;
    this.#view = view;
  }

  environment(): Environment {
    const { search, click } = this.#tools();
    return { tools: [search, click], fork: () => new Shopper(this.#site, this.#session, this.#bought, this.#view).environment() };
  }

  #tools(): { search: Tool; click: Tool } {
    return {
      search: {
        name: 'search',
        description: "Search the shop's products by words. Possible on the search page only, which is the first one.",
        parameters: { type: 'object', properties: { keywords: { type: 'string', description: 'Words that describe the product.' } }, required: ['keywords'] },
        run: ({ keywords }, signal) => this.#inTurn(() => this.#search(keywords, signal)),
      },
      click: {
        name: 'click',
        description: 'Click a button, a product or an option of the page that you are on. All of them are shown in brackets.',
        parameters: { type: 'object', properties: { label: { type: 'string', description: 'What stands between the brackets, such as Buy Now.' } }, required: ['label'] },
        run: ({ label }, signal) => this.#inTurn(() => this.#click(label, signal)),
      },
    };
  }

  #inTurn(act: () => Promise<Observation>): Promise<Observation> {
    const done = this.#last.then(act);
    this.#last = done.catch(() => undefined);
    return done;
  }

  async #search(keywords: unknown, signal: AbortSignal): Promise<Observation> {
    if (typeof keywords !== 'string' || keywords.trim() === '') return { text: 'Say what to search for: search takes keywords.' };
    if (this.#view !== null && !this.#view.canSearch) return { text: 'You can search on the search page only. Click "Back to Search" first.' };
    return this.#show(await this.#site.search(this.#session, keywords.trim(), signal));
  }

  async #click(label: unknown, signal: AbortSignal): Promise<Observation> {
    if (typeof label !== 'string' && typeof label !== 'number') return { text: 'Say what to click: click takes a label from between brackets.' };
    const view = this.#view ?? this.#see(await this.#site.open(`/${encodeURIComponent(this.#session)}`, signal));
    this.#view = view;
    const wanted = String(label).trim().replace(/^\[+|\]+$/g, '').toLowerCase();
    const target = view.clickables.get(wanted);
    if (target === undefined) {
      const shown = [...view.clickables.keys()];
      return { text: shown.length === 0 ? 'There is nothing to click here. Search for a product.' : `There is no "${String(label)}" on this page. You can click: ${shown.join(', ')}.` };
    }
    const page = await this.#site.open(new URL(target, new URL(view.path, 'http://shop')).href.slice('http://shop'.length), signal);
    return wanted === BUY ? this.#buy(view, page) : this.#show(page);
  }

  #buy(before: View, page: Page): Observation {
    const { reward } = this.#see(page);
    if (reward === null) throw new Error(`The shop's page after buying (${page.path}) tells no score.`);
    const chosen = [...before.text.matchAll(/\[\[(.+?)\]\]/g)].map(([, option]) => option);
    const answer = [decodeURIComponent(before.path).split('/')[3] ?? '', ...chosen].join(' | ');
    this.#bought({ answer, reward });
    return { text: `You have bought ${answer}.`, outcome: { answer, reward } };
  }

  #see(page: Page): View {
    return { ...readPage(page.html, page.path), path: page.path };
  }

  #show(page: Page): Observation {
    const view = this.#see(page);
    this.#view = view;
    // The wish stands on every page, and in the task already.
    const told = new Set(['Instruction:', view.instruction, `Instruction: ${view.instruction}`, 'WebShop']);
    const lines = view.text.split('\n').filter((line) => !told.has(line) && !line.startsWith('Current Query:'));
    return { text: view.canSearch ? ['[Search]', ...lines].join('\n') : lines.join('\n') };
  }
}
