/** HotpotQA's answer metrics, as in the dataset's `hotpot_evaluate_v1.py`. */

/** Lower case, without punctuation, articles and extra spaces. */
export function normalizeAnswer(answer: string): string {
  return answer
    .toLowerCase()
    .replace(/[!-/:-@[-`{-~]/g, '')
    .replace(/\b(a|an|the)\b/g, ' ')
    .split(/\s+/)
    .filter((word) => word !== '')
    .join(' ');
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
  for (const word of expected.split(' ')) left.set(word, (left.get(word) ?? 0) + 1);
  let common = 0;
  for (const word of predicted.split(' ')) {
    const count = left.get(word) ?? 0;
    if (count === 0) continue;
    common += 1;
    left.set(word, count - 1);
  }
  if (common === 0) return { exactMatch, f1: 0 };
  const precision = common / predicted.split(' ').length;
  const recall = common / expected.split(' ').length;
  return { exactMatch, f1: (2 * precision * recall) / (precision + recall) };
}
