/** Limits that both sides of a border keep; apart from the schemas, which pages do without. */

/** A longer text is not put on the clipboard. Prompts of a million tokens are about 8 MB. */
export const MOST_COPIED_CHARS = 64_000_000;
