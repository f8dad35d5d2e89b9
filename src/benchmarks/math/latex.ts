/** Finds the answer in what was written, and brings LaTeX that means the same into one form. */

/** What stands in the last `\boxed{}` or `\fbox{}`; null when there is none that is closed. */
export function boxed(text: string): string | null {
  const starts = [...text.matchAll(/\\(?:boxed|fbox)\s*\{/g)];
  for (const start of starts.reverse()) {
    const open = start.index + start[0].length;
    let depth = 1;
    for (let at = open; at < text.length; at++) {
      if (text[at] === '\\') at += 1;
      else if (text[at] === '{') depth += 1;
      else if (text[at] === '}' && --depth === 0) return text.slice(open, at).trim();
    }
  }
  return null;
}

/** The answer of a text: boxed, else what stands behind the last "answer is" or "Answer:", else all of it. */
export function finalAnswer(text: string): string {
  const inBox = boxed(text);
  if (inBox !== null) return inBox;
  const marked = text.split(/answer\s*(?:is|:)\s*/i);
  return (marked.length > 1 ? marked.at(-1)!.split('\n')[0]! : text).trim();
}

const SPACES = /(?<!\\)\\[,;:!> ]|\\q?quad\b|~|\\displaystyle\b|\\(?:left|right|[bB]igg?[lr]?)(?![a-zA-Z])/g;
const UNITS = /\s*\\(?:text|mbox|textrm|mathrm)\s*\{[^{}]*\}(?:\s*\^\s*\{?\d\}?)?\s*$/;
/** 1,000 but not the pair 1,00. */
const GROUPED = /(?<![\d.])(\d{1,3}(?:,\d{3})+)(?![\d,])/g;

/** The same mathematics without layout, currency, degrees, per cent and units. */
export function normalizeLatex(answer: string): string {
  let text = answer.trim().replace(/^\$+|\$+$/g, '').replace(/^\\[[(]|\\[\])]$/g, '').trim();
  text = text.replace(/\.$/, '').replace(/\\\$/g, '').replace(/\\?%/g, '').replace(/\\!\s*/g, '').replace(SPACES, ' ');
  text = text.replace(/\^\s*(?:\{\s*\\circ\s*\}|\\circ\b)|°/g, '').replace(/\\[dtc]frac/g, '\\frac').replace(/\{,\}/g, ',');
  text = text.replace(GROUPED, (digits, _group: string, at: number) => (isEnclosed(text, at) ? digits : digits.replaceAll(',', '')));
  const bare = text.replace(UNITS, '');
  if (bare.trim() !== '') text = bare;
  return text.replace(/\s+/g, ' ').trim();
}

/** Without a name in front: `x = 5`, `f(x) = 5`, `x \\in [1, 2]`. */
export function withoutName(normalized: string): string {
  return normalized.replace(/^[a-zA-Z](?:_\w|\([a-z]\))?\s*(?:=|\\in\b)(?!.*=)/, '').trim();
}

/** Is this place inside brackets, where a comma separates? */
function isEnclosed(text: string, at: number): boolean {
  let depth = 0;
  for (const character of text.slice(0, at)) depth += '([{'.includes(character) ? 1 : ')]}'.includes(character) ? -1 : 0;
  return depth > 0;
}

/** The words of an answer that is words, in lower case: `\text{Evelyn}`, `\text{(C)}`; null for anything else. */
export function words(normalized: string): string | null {
  const inText = /^\\(?:text|mbox|textbf|textrm|mathrm)\s*\{([^{}]*)\}$/.exec(normalized);
  const said = (inText?.[1] ?? normalized).trim();
  const letters = said.replace(/^\((.*)\)$/, '$1').toLowerCase();
  return inText !== null || /^[a-z]{2}[a-z -]*$/i.test(letters) ? letters : null;
}

/** Parts at the top level, outside of all brackets. */
export function splitOutside(text: string, separator: RegExp): string[] {
  const parts: string[] = [];
  let depth = 0;
  let start = 0;
  for (let at = 0; at < text.length; at++) {
    if ('([{'.includes(text[at]!)) depth += 1;
    else if (')]}'.includes(text[at]!)) depth -= 1;
    if (depth > 0) continue;
    separator.lastIndex = at;
    const found = separator.exec(text);
    if (found === null || found.index !== at) continue;
    parts.push(text.slice(start, at));
    start = at + found[0].length;
    at = start - 1;
  }
  return [...parts, text.slice(start)].map((part) => part.trim());
}
