/**
 * WebShop's reward (Yao et al., 2022, "WebShop: Towards Scalable Real-World Web Interaction with Grounded Language
 * Agents", section 3.1, and the rules of its own code, https://github.com/princeton-nlp/WebShop, engine/goal.py): how much of what
 * was asked for the bought product has, times how near it is to the kind of product that was asked for.
 */
import type { Product } from './catalogue.ts';
import { DEPARTMENTS, OPTIONS } from './catalogueParts.ts';
import { tokenSetRatio } from './fuzzyMatch.ts';
import type { Goal } from './goals.ts';

export interface Reward {
  /** From 0 to 1. */
  total: number;
  /** How near its kind is: 0, 0.1, 0.5 or 1. */
  type: number;
  /** Shares of the attributes and options asked for, and whether the price fits; options null when none were asked for. */
  attributes: number;
  options: number | null;
  price: 0 | 1;
}

/** Above this, two texts say the same. */
const SAME = 85;
/** Options that must be equal to the letter. */
const EXACT_OPTIONS = new Set(['size']);

export function rewardOf(bought: Product, chosen: Readonly<Record<string, string>>, goal: Goal): Reward {
  const wanted = Object.values(goal.options);
  const attributeHits = goal.attributes.filter((attribute) => hasAttribute(bought, attribute)).length;
  const optionHits = Math.min(wanted.length, Object.entries(chosen).filter(([name, value]) => isWanted(bought, name, value, wanted)).length);
  const price = bought.price <= goal.priceBelow ? 1 : 0;
  const type = typeReward(bought, goal.product);
  return {
    total: (type * (attributeHits + optionHits + price)) / (goal.attributes.length + wanted.length + 1),
    type,
    attributes: attributeHits / goal.attributes.length,
    options: wanted.length === 0 ? null : optionHits / wanted.length,
    price,
  };
}

function hasAttribute(bought: Product, wanted: string): boolean {
  return bought.attributes.some((attribute) => tokenSetRatio(attribute, wanted) > SAME) || isToldBy(bought, wanted);
}

function isWanted(bought: Product, name: string, value: string, wanted: readonly string[]): boolean {
  const [chosen, ...goals] = [value, ...wanted].map(plainColor) as [string, ...string[]];
  const isAmong = EXACT_OPTIONS.has(name.toLowerCase()) ? goals.includes(chosen) : goals.some((goal) => tokenSetRatio(goal, chosen) > SAME);
  return isAmong || isToldBy(bought, chosen);
}

function isToldBy({ title, features, description }: Product, text: string): boolean {
  return [title, features.join(' '), description].some((told) => told.toLowerCase().includes(text));
}

/** "dark green" is green; what names no colour stays as it is. */
function plainColor(value: string): string {
  return [...OPTIONS.color].filter((color) => !color.includes(' ')).sort().find((color) => value.includes(color)) ?? value;
}

function typeReward(bought: Product, asked: Product): number {
  const shelves = (product: Product) => product.productCategory.split('›').map((shelf) => shelf.trim());
  const commonShelves = new Set(shelves(bought).filter((shelf) => shelves(asked).includes(shelf))).size;
  const nouns = nounsOf(asked.title);
  const boughtNouns = nounsOf(bought.title);
  const titleScore = nouns.size === 0 ? 0.2 : [...nouns].filter((noun) => boughtNouns.has(noun)).length / nouns.size;
  if (titleScore === 0) return 0;
  if (titleScore < 0.1) return 0.1;
  return bought.query === asked.query || commonShelves >= 2 || titleScore > 0.2 ? 1 : 0.5;
}

const NO_NOUNS = new Set(['for', 'with', 'and', 'of', 'in', 'the', ...DEPARTMENTS.flatMap(({ attributes, kinds }) => [attributes, ...kinds.map((kind) => kind.attributes)].flat(2)).flatMap((attribute) => attribute.split(' '))]);
const KIND_NOUNS = new Set(DEPARTMENTS.flatMap(({ kinds }) => kinds.flatMap(({ name }) => name.split(' '))));

/** Words of a title that are not of an attribute. WebShop asks a part-of-speech tagger for its nouns and names. */
function nounsOf(title: string): Set<string> {
  const words = title.toLowerCase().match(/[a-z]+/g) ?? [];
  return new Set(words.filter((word) => KIND_NOUNS.has(word) || !NO_NOUNS.has(word)));
}
