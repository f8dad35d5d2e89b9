/** HotpotQA's answer metrics, as in the dataset's own evaluation (https://github.com/hotpotqa/hotpot, hotpot_evaluate_v1.py). */

/** Lower case, without punctuation, articles and extra spaces. */
export function normalizeAnswer(answer: string): string {
  return answer
    .toLowerCase()
    .replace(/[!-/:-@[-`{-~]/g, '')
    // A word's bounds as Python sees them, for which é is a letter.
    .replace(/(?<![\p{L}\p{N}_])(a|an|the)(?![\p{L}\p{N}_])/gu, ' ')
    .split(/\s+/)
    .filter((word) => word !== '')
    .join(' ');
}

function words(normalized: string): string[] {
  return normalized.split(' ').filter((word) => word !== '');
}

export interface Score {
  exactMatch: boolean;
  /** Harmonic mean of precision and recall over words, 0 to 1. */
  f1: number;
}

/** Compares a prediction with the right answer. Yes, no and no answer count only when they are equal. */
export function scoreAnswer(prediction: string, gold: string): Score {
  const predicted = normalizeAnswer(prediction);
  const expected = normalizeAnswer(gold);
  const exactMatch = predicted === expected;
  const fixed = ['yes', 'no', 'noanswer'];
  if (!exactMatch && (fixed.includes(predicted) || fixed.includes(expected))) return { exactMatch, f1: 0 };
  const left = new Map<string, number>();
  for (const word of words(expected)) left.set(word, (left.get(word) ?? 0) + 1);
  let common = 0;
  for (const word of words(predicted)) {
    const count = left.get(word) ?? 0;
    if (count === 0) continue;
    common += 1;
    left.set(word, count - 1);
  }
  if (common === 0) return { exactMatch, f1: 0 };
  const precision = common / words(predicted).length;
  const recall = common / words(expected).length;
  return { exactMatch, f1: (2 * precision * recall) / (precision + recall) };
}
