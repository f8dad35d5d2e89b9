/** How alike two short texts are, from 0 to 100, by their words: `token_set_ratio` of thefuzz (https://github.com/seatgeek/thefuzz). */
export function tokenSetRatio(one: string, other: string): number {
  const [words, others] = [wordsOf(one), wordsOf(other)];
  if (words.length === 0 || others.length === 0) return 0;
  const common = words.filter((word) => others.includes(word));
  const [rest, otherRest] = [words.filter((word) => !common.includes(word)), others.filter((word) => !common.includes(word))];
  // All words of the one are among those of the other.
  if (common.length > 0 && (rest.length === 0 || otherRest.length === 0)) return 100;
  const [shared, whole, otherWhole] = [common, [...common, ...rest], [...common, ...otherRest]].map((list) => list.join(' ')) as [string, string, string];
  const ratios = [ratio(whole, otherWhole), ...(shared === '' ? [] : [ratio(shared, whole), ratio(shared, otherWhole)])];
  return Math.round(100 * Math.max(...ratios));
}

function wordsOf(text: string): string[] {
  return [...new Set(text.toLowerCase().match(/[\p{L}\p{N}_]+/gu) ?? [])].sort();
}

/** Twice the length of the longest common subsequence over both lengths: 1 less the share of insertions and deletions. */
function ratio(one: string, other: string): number {
  let lengths = new Array<number>(other.length + 1).fill(0);
  for (const character of one) {
    const next = [0];
    for (let at = 1; at <= other.length; at++) next.push(character === other[at - 1] ? lengths[at - 1]! + 1 : Math.max(lengths[at]!, next[at - 1]!));
    lengths = next;
  }
  return (2 * lengths[other.length]!) / (one.length + other.length);
}
