/** What shoppers want: made-up goals, each from a product that fulfils it, as WebShop's synthetic goals are. */
import { seededRandom, type Random } from '../random.ts';
import type { Dollars, Product } from './catalogue.ts';

export interface Goal {
  /** What the shopper says. */
  instruction: string;
  /** The product that it was made from; others may do as well. */
  product: Product;
  attributes: readonly string[];
  options: Readonly<Record<string, string>>;
  priceBelow: Dollars;
}

/** Prices that a shopper names: whole tens up to 990 dollars. */
const NAMED_PRICES: readonly Dollars[] = Array.from({ length: 99 }, (_, index) => 10 * (index + 1));
/** It is the higher of two of the next four above the product's price. */
const NEXT_PRICES = 4;

export function makeGoals(catalogue: readonly Product[], count: number, seed: number): Goal[] {
  const random = seededRandom(seed);
  return random.sample(catalogue, count).map((product) => makeGoal(random, product));
}

function makeGoal(random: Random, product: Product): Goal {
  const attributes = random.sample(product.attributes, 1 + random.below(3));
  const options = Object.fromEntries(Object.entries(product.options).map(([name, values]) => [name, random.pick(values)]));
  const above = NAMED_PRICES.filter((price) => price > product.price).slice(0, NEXT_PRICES);
  const priceBelow = Math.max(...random.sample(above, 2));
  const wish = random.pick(['i am looking for', 'i need', 'find me', 'i want to buy', 'please show me']);
  const withOptions = Object.entries(options).map(([name, value]) => `${name}: ${value}`).join(', and ');
  return {
    instruction: `${wish} ${attributes.join(', ')} ${product.query} with ${withOptions}, and price lower than ${priceBelow.toFixed(2)} dollars`,
    product,
    attributes,
    options,
    priceBelow,
  };
}
