/** What was learnt from failed attempts, in words (Reflexion's long-term memory; LATS keeps one, too). */

/**
 * Shinn et al. §3 bound it to one to three reflections, so that the prompt stays within the context; the last ones are
 * kept.
 */
const MOST_REFLECTIONS = 3;

/** The text that goes before the question of the next attempt; empty when nothing was learnt yet. */
export function memoryText(reflections: readonly string[]): string {
  const kept = reflections.slice(-MOST_REFLECTIONS);
  if (kept.length === 0) return '';
  return `You have tried this before and did not solve it. This is what you learnt from it; use it to do better.\n${kept.map((reflection) => `- ${reflection}`).join('\n')}\n\n`;
}
