/**
 * Full-text search by BM25 (Robertson and Zaragoza, 2009, "The Probabilistic Relevance Framework: BM25 and Beyond"), in the
 * form and with the parameters of the engine that WebShop searches with: Lucene's formula, k1 and b as Pyserini sets them.
 */

/** https://github.com/castorini/pyserini: k1 = 0.9, b = 0.4 unless set otherwise. */
const K1 = 0.9;
const B = 0.4;
/** Words that Lucene's English analysis leaves out. */
const STOP_WORDS = new Set('a an and are as at be but by for if in into is it no not of on or such that the their then there these they this to was will with'.split(' '));

interface Posting {
  document: number;
  count: number;
}

export class SearchIndex {
  readonly #postings = new Map<string, Posting[]>();
  readonly #lengths: number[];
  readonly #meanLength: number;

  constructor(documents: readonly string[]) {
    this.#lengths = documents.map((text, document) => {
      const terms = termsOf(text);
      const counts = new Map<string, number>();
      for (const term of terms) counts.set(term, (counts.get(term) ?? 0) + 1);
      for (const [term, count] of counts) {
        const postings = this.#postings.get(term);
        if (postings === undefined) this.#postings.set(term, [{ document, count }]);
        else postings.push({ document, count });
      }
      return terms.length;
    });
    this.#meanLength = this.#lengths.reduce((sum, length) => sum + length, 0) / documents.length;
  }

  /** Numbers of the documents that fit best, best first; of equal ones the first. */
  search(query: string, limit: number): number[] {
    const scores = new Map<number, number>();
    for (const term of termsOf(query)) {
      const postings = this.#postings.get(term) ?? [];
      const rarity = Math.log(1 + (this.#lengths.length - postings.length + 0.5) / (postings.length + 0.5));
      for (const { document, count } of postings) {
        const length = K1 * (1 - B + (B * this.#lengths[document]!) / this.#meanLength);
        scores.set(document, (scores.get(document) ?? 0) + (rarity * count) / (count + length));
      }
    }
    return [...scores]
      .sort(([one, score], [other, otherScore]) => otherScore - score || one - other)
      .slice(0, limit)
      .map(([document]) => document);
  }
}

/** Words in lower case without stop words and plural endings. Lucene takes off more endings (Porter's). */
function termsOf(text: string): string[] {
  const words = text.toLowerCase().match(/[a-z0-9]+(?:\.[0-9]+)?/g) ?? [];
  return words.filter((word) => !STOP_WORDS.has(word)).map(singular);
}

/** Harman's "S" stemmer (1991, "How effective is suffixing?"). */
function singular(word: string): string {
  if (word.length < 4) return word;
  if (/[^ea]ies$/.test(word)) return `${word.slice(0, -3)}y`;
  if (/[^aeo]es$/.test(word)) return word.slice(0, -1);
  return /[^us]s$/.test(word) ? word.slice(0, -1) : word;
}
