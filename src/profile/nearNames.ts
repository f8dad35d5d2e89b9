/** Which of the known names somebody may have meant. */

/** Share of the longer name's letters that may differ. */
const MOST_DIFFERENT = 0.4;

/**
 * The known names closest to what was typed, best first, at most `most`: those spelled alike, and those that have all its words
 * (`llama-8b` for `llama-3.1-8b-instruct`).
 */
export function nearNames(typed: string, known: readonly string[], most = 3): string[] {
  const wanted = typed.toLowerCase();
  const words = wanted.split(/[^a-z0-9.]+/).filter((word) => word !== '');
  const scored = known.map((name) => {
    const lower = name.toLowerCase();
    const different = editDistance(wanted, lower) / Math.max(wanted.length, lower.length, 1);
    const parts = lower.split(/[^a-z0-9.]+/);
    const contained = words.length > 0 && words.every((word) => parts.some((part) => part.startsWith(word)));
    return { name, score: contained ? different / 4 : different };
  });
  return scored
    .filter(({ score }) => score <= MOST_DIFFERENT)
    .sort((a, b) => a.score - b.score)
    .slice(0, most)
    .map(({ name }) => name);
}

/** Letters to insert, delete or replace (Levenshtein). */
function editDistance(a: string, b: string): number {
  let above = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const line = [row];
    for (let column = 1; column <= b.length; column++) {
      const replaced = (above[column - 1] ?? 0) + (a[row - 1] === b[column - 1] ? 0 : 1);
      line.push(Math.min(replaced, (above[column] ?? 0) + 1, (line[column - 1] ?? 0) + 1));
    }
    above = line;
  }
  return above[b.length] ?? 0;
}
