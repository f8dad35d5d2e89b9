/**
 * The shop's pages as HTML, at the addresses and with the elements of WebShop's own
 * (https://github.com/princeton-nlp/WebShop, web_agent_site/app.py and templates), so that one client reads both.
 */
import type { Product } from './catalogue.ts';
import type { Goal } from './goals.ts';
import { ON_A_PAGE, type Shop } from './shop.ts';

/** An address that leads nowhere. */
export class NoSuchPage extends Error {}

const SUB_PAGES = ['Description', 'Features', 'Reviews'] as const;
type SubPage = (typeof SUB_PAGES)[number];
type Options = Readonly<Record<string, string>>;

/** Where a session stands: all of it is in the address. */
interface Place {
  session: string;
  keywords: string;
  page: number;
}

/** The address of the first page of results. */
export function resultsPath(session: string, keywords: string, page = 1): string {
  return `/search_results/${[session, keywords, String(page)].map(encodeURIComponent).join('/')}`;
}

/**
 * The page at an address.
 * @throws NoSuchPage
 */
export function renderPage(shop: Shop, path: string): string {
  const [kind = '', ...rest] = path.split('/').slice(1).map(decodeURIComponent);
  const goal = goalOf(shop, rest[0] ?? kind);
  if (rest.length === 0) return searchPage(goal, kind);
  const [session = '', ...more] = rest;
  if (kind === 'search_results' && more.length === 2) return resultsPage(shop, goal, { session, keywords: more[0]!, page: Number(more[1]) });
  const product = shop.product(more[0] ?? '');
  if (product === undefined) throw new NoSuchPage(`There is no product "${more[0] ?? ''}".`);
  const place = { session, keywords: more[1] ?? '', page: Number(more[2]) };
  if (kind === 'item_page' && more.length === 4) return itemPage(goal, place, product, readOptions(product, more[3]!));
  if (kind === 'item_sub_page' && more.length === 5) return subPage(goal, place, product, more[3] as SubPage, readOptions(product, more[4]!));
  if (kind === 'done' && more.length === 2) return donePage(shop, goal, product, readOptions(product, more[1]!));
  throw new NoSuchPage(`There is nothing at ${path}.`);
}

/** WebShop gives session `fixed_7` its goal 7; others get one by their name here, by chance there. */
function goalOf(shop: Shop, session: string): Goal {
  const fixed = /fixed.*_(\d+)$/.exec(session);
  const number = fixed === null ? [...session].reduce((sum, character) => (31 * sum + character.codePointAt(0)!) % shop.goals.length, 0) : Number(fixed[1]);
  const goal = shop.goals[number];
  if (goal === undefined) throw new NoSuchPage(`There are ${shop.goals.length} shoppers, from fixed_0 on; "${session}" is none of them.`);
  return goal;
}

function readOptions(product: Product, text: string): Options {
  let options: unknown;
  try {
    options = JSON.parse(text);
  } catch {
    throw new NoSuchPage(`"${text}" are no options.`);
  }
  const entries = Object.entries(options as Record<string, unknown>).filter(([name, value]) => product.options[name]?.includes(value as string));
  return Object.fromEntries(entries) as Options;
}

function itemPath({ session, keywords, page }: Place, { asin }: Product, options: Options, sub?: SubPage): string {
  const parts = [session, asin, keywords, String(page), ...(sub === undefined ? [] : [sub]), JSON.stringify(options)];
  return `/${sub === undefined ? 'item_page' : 'item_sub_page'}/${parts.map(encodeURIComponent).join('/')}`;
}

const text = (value: string) => value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&#34;').replaceAll("'", '&#39;');
const button = (label: string, path: string) => `<form method="post" action="${text(path)}"><button type="submit" class="btn btn-primary">${text(label)}</button></form>`;
const page = (goal: Goal, body: string) => `<!DOCTYPE html>
<html><head><title>WebShop</title></head><body>
<div id="instruction-text"><h4>Instruction: <br>${text(goal.instruction)}</h4></div>
${body}
</body></html>`;

function searchPage(goal: Goal, session: string): string {
  const form = `<form method="post" action="/${encodeURIComponent(session)}"><input id="search_input" type="text" name="search_query"><button class="btn btn-success" type="submit">Search</button></form>`;
  return page(goal, form);
}

function resultsPage(shop: Shop, goal: Goal, place: Place): string {
  const found = shop.search(place.keywords);
  if (!Number.isInteger(place.page) || place.page < 1) throw new NoSuchPage(`"${place.page}" is no page of results.`);
  const shown = found.slice((place.page - 1) * ON_A_PAGE, place.page * ON_A_PAGE);
  const turn = (label: string, to: number) => button(label, resultsPath(place.session, place.keywords, to));
  const products = shown.map(
    (product) =>
      `<div><h4><a class="product-link" href="${text(itemPath(place, product, {}))}">${product.asin}</a></h4><h4 class="product-title">${text(product.title)}</h4><h5 class="product-price">$${product.price.toFixed(2)}</h5></div>`,
  );
  return page(
    goal,
    `<h1>Results</h1><p>Page ${place.page} (${(place.page - 1) * ON_A_PAGE + 1}-${place.page * ON_A_PAGE}) of ${found.length} total results</p>
${button('Back to Search', `/${encodeURIComponent(place.session)}`)}${place.page > 1 ? turn('< Prev', place.page - 1) : ''}${place.page * ON_A_PAGE < found.length ? turn('Next >', place.page + 1) : ''}
${products.join('\n')}`,
  );
}

function itemPage(goal: Goal, place: Place, product: Product, options: Options): string {
  const choices = Object.entries(product.options).map(([name, values]) => {
    const radios = values.map((value, index) => {
      const id = text(`radio_${name}${index}`);
      const path = itemPath(place, product, { ...options, [name]: value });
      return `<input type="radio" id="${id}" name="${text(name)}" value="${text(value)}" data-url="${text(path)}"><label for="${id}">${text(value)}</label>`;
    });
    return `<div><h4>${text(name)}</h4>${radios.join('\n')}</div>`;
  });
  return page(
    goal,
    `${button('Back to Search', `/${encodeURIComponent(place.session)}`)}${button('< Prev', resultsPath(place.session, place.keywords, place.page))}
${choices.join('\n')}
<h2>${text(product.title)}</h2><h4>Price: $${product.price.toFixed(2)}</h4><h4>Rating: ${product.rating}</h4>
${SUB_PAGES.map((sub) => button(sub, itemPath(place, product, options, sub))).join('')}
${button('Buy Now', `/done/${[place.session, product.asin, JSON.stringify(options)].map(encodeURIComponent).join('/')}`)}`,
  );
}

function subPage(goal: Goal, place: Place, product: Product, sub: SubPage, options: Options): string {
  const content: Record<SubPage, string> = {
    Description: `<p>${text(product.description)}</p>`,
    Features: `<ul>${product.features.map((feature) => `<li>${text(feature)}</li>`).join('')}</ul>`,
    Reviews: '<p>No reviews.</p>',
  };
  if (!SUB_PAGES.includes(sub)) throw new NoSuchPage(`There is no "${sub}" of a product.`);
  return page(goal, `${button('Back to Search', `/${encodeURIComponent(place.session)}`)}${button('< Prev', itemPath(place, product, options))}\n${content[sub]}`);
}

function donePage(shop: Shop, goal: Goal, product: Product, options: Options): string {
  return page(goal, `<h1>Thank you for shopping with us!</h1><h3 id="reward">Your score (min 0.0, max 1.0)<pre>${shop.buy(goal, product, options).total}</pre></h3>`);
}
