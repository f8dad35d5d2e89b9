/** What is drawn for a request: lengths, times, numbers of steps, and tokens that others share or do not. */
import { hashText, type Random } from '../simulator/answers/random.ts';
import type { Lengths } from './behaviour/schema.ts';

/** A lognormal with that mean. */
export function lognormalOfMean(random: Random, mean: number, sigma: number): number {
  return random.lognormal(mean / Math.exp(sigma ** 2 / 2), sigma);
}

/** A length in whole tokens, at least 1. */
export function drawLength(random: Random, { mean, sigma }: Lengths): number {
  return Math.max(1, Math.round(lognormalOfMean(random, mean.value, sigma.value)));
}

/** How often something happens before it ends, when each time is as likely as another to be the last: 0 and up, of that mean. */
export function drawGeometric(random: Random, mean: number): number {
  if (mean <= 0) return 0;
  return Math.floor(Math.log(1 - random.next()) / Math.log(mean / (mean + 1)));
}

/** Where ids of tokens that one request alone has begin; those that requests share are below. */
const OWN_FROM = 2 ** 30;

/** Hands out token ids. Equal beginnings of prompts are equal ids, so that the engine's block hashes find them. */
export class TokenSupply {
  #next = OWN_FROM;

  /** Tokens that nobody else has. Ids come again only after a thousand million. */
  own(count: number): number[] {
    const from = this.#next;
    this.#next = from + count >= 2 ** 31 ? OWN_FROM : from + count;
    return Array.from({ length: count }, (_, index) => from + index);
  }

  /** The tokens of a text that requests share, by its name: always the same, and a longer text begins as a shorter one does. */
  static shared(name: string, count: number): number[] {
    const from = hashText(name) % (OWN_FROM - 2 ** 20);
    return Array.from({ length: count }, (_, index) => from + index);
  }
}
