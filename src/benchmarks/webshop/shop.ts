/** The shop itself: its products, its search and its shoppers. */
import { SearchIndex } from './bm25.ts';
import { makeCatalogue, type Product } from './catalogue.ts';
import { makeGoals, type Goal } from './goals.ts';
import { rewardOf, type Reward } from './reward.ts';

/** Products that a search finds, and that one page of results shows. */
const FOUND = 50;
export const ON_A_PAGE = 10;
const SEED = 1;
/** Shoppers with a wish each; the last ones are those of the examples. */
export const SHOPPERS = 500;
export const SHOPPERS_OF_EXAMPLES = 6;
/** So many of those were drawn with the others; the rest came later, by a seed of their own, so that nobody's wish has changed. */
const DRAWN_WITH_OTHERS = 2;
const LATER_SEED = 2;

export interface Shop {
  goals: readonly Goal[];
  product(asin: string): Product | undefined;
  search(words: string): Product[];
  /** What buying a product with these options is worth for a goal. */
  buy(goal: Goal, product: Product, options: Readonly<Record<string, string>>): Reward;
}

let made: Shop | undefined;

/** The shop of the bundled catalogue; made on the first use, in less than a second, and its index on the first search. */
export function openShop(): Shop {
  return (made ??= makeShop());
}

function makeShop(): Shop {
  const catalogue = makeCatalogue(SEED);
  let index: SearchIndex | undefined;
  const textOf = ({ title, description, features, options }: Product) => [title, description, ...features, ...Object.values(options).flat()].join(' ');
  const byAsin = new Map(catalogue.map((product) => [product.asin, product]));
  return {
    goals: [...makeGoals(catalogue, SHOPPERS + DRAWN_WITH_OTHERS, SEED), ...makeGoals(catalogue, SHOPPERS_OF_EXAMPLES - DRAWN_WITH_OTHERS, LATER_SEED)],
    product: (asin) => byAsin.get(asin),
    search: (words) => (index ??= new SearchIndex(catalogue.map(textOf))).search(words, FOUND).map((place) => catalogue[place]!),
    buy: (goal, product, options) => rewardOf(product, options, goal),
  };
}
