/** A command line fit to be recorded: no word of it is a credential. */

const SECRET_NAME = /(key|token|secret|passw|credential|auth|bearer)/i;
const KNOWN_PREFIX = /\b(sk-|gh[pousr]_|xox[abprs]-|AKIA|hf_|eyJ)[\w-]{6,}/g;
const MASK = '…';

/**
 * Masks values of options and assignments whose names speak of keys (`--api-key VALUE`, `--token=VALUE`, `KEY=VALUE`),
 * passwords in URLs, and whatever begins as well-known keys do. Errs on the side of masking.
 */
export function maskSecrets(words: readonly string[]): string[] {
  return words.map((word, position) => {
    const before = words[position - 1] ?? '';
    if (/^--?[\w-]+$/.test(before) && SECRET_NAME.test(before) && !word.startsWith('-')) return MASK;
    const assignment = /^([\w-]+)=(.+)$/s.exec(word);
    if (assignment?.[1] !== undefined && SECRET_NAME.test(assignment[1])) return `${assignment[1]}=${MASK}`;
    return word.replace(/(\/\/[^/:@\s]*:)[^/@\s]+@/g, `$1${MASK}@`).replace(KNOWN_PREFIX, `$1${MASK}`);
  });
}
