/** A made-up catalogue of products, the same for the same seed. */
import { seededRandom, type Random } from '../random.ts';
import { DEPARTMENTS, OPTIONS, type Department, type ProductKind } from './catalogueParts.ts';

/** US dollars. */
export type Dollars = number;

export interface Product {
  /** Ten characters that begin with B, as the shop's model has them. */
  asin: string;
  title: string;
  /** The department. */
  category: string;
  /** What one searches for to find products of its kind. */
  query: string;
  /** As on the shelves, from the wide to the narrow, with › between. */
  productCategory: string;
  price: Dollars;
  attributes: readonly string[];
  options: Readonly<Record<string, readonly string[]>>;
  features: readonly string[];
  description: string;
  /** From 1 to 5. */
  rating: number;
}

export const CATALOGUE_SIZE = 10_000;
const ASIN_CHARACTERS = [...'0123456789ABCDEFGHJKLMNPQRSTUVWXYZ'];
const SYLLABLES = ['nor', 'vel', 'ka', 'tri', 'lum', 'bex', 'sol', 'mar', 'zen', 'rik', 'ola', 'fen', 'dal', 'qui', 'ost', 'pry', 'gal', 'hem'];

/** So many products, evenly of every kind, in an order of their own. */
export function makeCatalogue(seed: number, size = CATALOGUE_SIZE): Product[] {
  const random = seededRandom(seed);
  const kinds = DEPARTMENTS.flatMap((department) => department.kinds.map((kind) => ({ department, kind })));
  const used = new Set<string>();
  return Array.from({ length: size }, (_, index) => {
    const { department, kind } = kinds[index % kinds.length]!;
    return makeProduct(random, department, kind, newAsin(random, used));
  });
}

function newAsin(random: Random, used: Set<string>): string {
  for (;;) {
    const asin = `B0${Array.from({ length: 8 }, () => random.pick(ASIN_CHARACTERS)).join('')}`;
    if (used.has(asin)) continue;
    used.add(asin);
    return asin;
  }
}

function makeProduct(random: Random, department: Department, kind: ProductKind, asin: string): Product {
  const attributes = [...random.sample(kind.attributes, 1 + random.below(kind.attributes.length)), ...random.sample(department.attributes, 3 + random.below(3))];
  const brand = capitalize(random.sample(SYLLABLES, 2 + random.below(2)).join(''));
  const shown = random.sample(attributes, 2);
  const purpose = random.pick(department.purposes);
  const options = Object.fromEntries(kind.options.map((name) => [name, random.sample(OPTIONS[name], 3 + random.below(4))]));
  const [cheapest, dearest] = kind.price;
  return {
    asin,
    title: `${brand} ${capitalizeAll(kind.name)} ${capitalizeAll(purpose)}, ${shown.map(capitalizeAll).join(', ')}`,
    category: department.name,
    query: kind.name,
    productCategory: kind.shelves,
    // More cheap ones than dear ones, and prices as shops write them.
    price: Math.floor(cheapest * (dearest / cheapest) ** random.uniform()) + 0.99,
    attributes,
    options,
    features: attributes.map((attribute) => random.pick([`${capitalize(attribute)}, as buyers ask for it.`, `Featuring: ${attribute}.`, `${capitalize(attribute)}.`])),
    description: `${brand} makes ${kind.name} ${purpose}. Known for: ${attributes[0]!}, ${attributes.at(-1)!}. To be had by ${Object.keys(options).join(' and ')}.`,
    rating: Math.round((3 + 2 * random.uniform()) * 10) / 10,
  };
}

function capitalize(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function capitalizeAll(text: string): string {
  return text.split(' ').map(capitalize).join(' ');
}
