/** Finds the line of a source file that a line of code made of it came from, by what both say, where no map tells. */

/** Brackets and the like stand in many places. */
const LEAST_LETTERS = 6;

/**
 * The line (1-based) of `source` that the line of `running` was, or null where it cannot be told: they say the same and no other line does,
 * or it was rewritten and lines around it that say the same are as far apart in both.
 */
export function alignedLine(running: readonly string[], source: readonly string[], line: number): number | null {
  const places = uniqueLines(source);
  const other = uniqueLines(running);
  const at = (index: number): number | undefined => {
    const text = running[index]?.trim() ?? '';
    return other.get(text) === index ? places.get(text) : undefined;
  };
  const index = line - 1;
  const same = at(index);
  if (same !== undefined) return same + 1;
  let above = index - 1;
  while (above >= 0 && at(above) === undefined) above -= 1;
  let below = index + 1;
  while (below < running.length && at(below) === undefined) below += 1;
  const from = at(above);
  const to = at(below);
  return from !== undefined && to !== undefined && to - from === below - above ? from + (index - above) + 1 : null;
}

/** Lines that are there once, without their indentation, by their index. */
function uniqueLines(lines: readonly string[]): Map<string, number> {
  const found = new Map<string, number>();
  for (const [index, line] of lines.entries()) {
    const text = line.trim();
    if (text.length >= LEAST_LETTERS) found.set(text, found.has(text) ? -1 : index);
  }
  for (const [text, index] of found) if (index < 0) found.delete(text);
  return found;
}
