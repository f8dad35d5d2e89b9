/**
 * What is taken out of recorded texts: rules that are known by name, and the user's own.
 *
 * All patterns are RE2's: their time grows with the text's length alone, whatever the pattern and whoever wrote the text.
 */
import { RE2JS, RE2JSException } from 're2js';

export interface RedactionRule {
  /** Stands in the place of what was found: `[redacted: NAME]`. */
  name: string;
  /** Where it has groups, the first that took part is what is replaced, else the whole. */
  pattern: RE2JS;
  /** Looks once more at what was found. */
  accepts: ((found: string) => boolean) | null;
  /** Finds something in every text in which `pattern` does, a thousand times as fast: RE2 in JavaScript takes a microsecond a character. Null: try each text. */
  hint: RegExp | null;
}

/** A rule that cannot be used; the message says which, why and what to do. */
export class RedactionRuleError extends Error {
  constructor(rule: string, why: string) {
    super(`The redaction rule "${rule}" cannot be used: ${why}.`);
    this.name = 'RedactionRuleError';
  }
}

/** Taken alone, it stands for no rule at all. */
export const NO_REDACTION = 'none';

/**
 * Shapes of keys and tokens as their makers publish them and secret scanners look for them (gitleaks' `config/gitleaks.toml`,
 * GitHub's "Token formats", AWS' "Unique identifiers", RFC 7468 for PEM, RFC 7519 for JWT).
 */
const SECRETS = [
  // OpenAI, Anthropic, OpenRouter, DeepSeek and others who follow them.
  String.raw`\bsk-[A-Za-z0-9_-]{20,}`,
  String.raw`\bgh[pousr]_[A-Za-z0-9]{36,}`,
  String.raw`\bgithub_pat_[A-Za-z0-9_]{22,}`,
  String.raw`\bglpat-[A-Za-z0-9_-]{20,}`,
  String.raw`\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}\b`,
  String.raw`\bAIza[A-Za-z0-9_-]{35}`,
  String.raw`\bxox[abeoprs]-[A-Za-z0-9-]{10,}`,
  String.raw`\bhf_[A-Za-z0-9]{30,}`,
  String.raw`\b[rs]k_(?:live|test|prod)_[A-Za-z0-9]{10,}`,
  String.raw`\bnpm_[A-Za-z0-9]{36}`,
  String.raw`\bpypi-[A-Za-z0-9_-]{50,}`,
  String.raw`\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]*`,
  String.raw`-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----(?:[^-]|-[^-])*(?:-----END [A-Z ]{0,30}PRIVATE KEY-----|\z)`,
  // A password in an address, and the value of a header that carries one.
  String.raw`[A-Za-z][A-Za-z0-9+.-]{1,20}://[^\s/:@"']{0,100}:([^\s/@"']{1,200})@`,
  String.raw`(?i:\b(?:proxy-)?authorization\\?["']?\s*[:=]\s*\\?["']?(?:bearer|basic|token)\s+)([^\s"'\\,;]{8,})`,
].join('|');

/** What each of them cannot be without. Bounded repeats alone: the time of these, too, grows with the text's length alone. */
const SECRETS_HINT = new RegExp(
  [
    String.raw`\bsk-[A-Za-z0-9_-]{20}`,
    String.raw`\b(?:gh[pousr]_|github_pat_|glpat-|AKIA|ASIA|ABIA|ACCA|AIza|xox[abeoprs]-|hf_|[rs]k_(?:live|test|prod)_|npm_|pypi-|eyJ)[A-Za-z0-9_-]{10}`,
    'PRIVATE KEY-----',
    String.raw`://[^\t\n\f\r /@"']{1,301}@`,
    '[Aa][Uu][Tt][Hh][Oo][Rr][Ii][Zz][Aa][Tt][Ii][Oo][Nn]',
  ].join('|'),
);

/** By name: RFC 5321's addresses as people write them, numbers of the ITU's E.164 with or without separators, ISO/IEC 7812's, IPv4. */
const BUILT_IN: Readonly<Record<string, Omit<RedactionRule, 'name' | 'pattern'> & { pattern: string }>> = {
  secrets: { pattern: SECRETS, hint: SECRETS_HINT, accepts: (found) => !found.startsWith('sk-') || /\d/.test(found) },
  email: { pattern: String.raw`[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){0,8}\.[A-Za-z]{2,24}\b`, hint: /@[A-Za-z0-9-]/, accepts: null },
  phone: { pattern: String.raw`(?:\+\d{1,3}[ .-]?)?(?:\(\d{1,4}\)|\b\d{2,4})[ .-]\d{2,4}[ .-]\d{3,5}(?:[ .-]\d{2,4})?\b|\+\d{8,15}\b`, hint: /[\d)][ .-]\d{2,4}[ .-]\d{3}|\+\d{8}/, accepts: null },
  card: { pattern: String.raw`\b\d(?:[ -]?\d){11,18}\b`, hint: /\d(?:[ -]?\d){11}/, accepts: hasLuhnDigit },
  ip: { pattern: String.raw`\b(?:\d{1,3}\.){3}\d{1,3}\b`, hint: /\d(?:\.\d{1,3}){3}/, accepts: (found) => found.split('.').every((part) => Number(part) < 256) },
};

/** Names of the rules that need no pattern. */
export const BUILT_IN_RULES: readonly string[] = Object.keys(BUILT_IN);

/**
 * @param texts each the name of a rule, or `NAME=PATTERN`; `none` alone for none
 * @throws RedactionRuleError
 */
export function parseRedactionRules(texts: readonly string[]): RedactionRule[] {
  if (texts.includes(NO_REDACTION)) {
    if (texts.length > 1) throw new RedactionRuleError(NO_REDACTION, 'it stands for no redaction at all, and other rules are given with it');
    return [];
  }
  const rules = new Map<string, RedactionRule>();
  for (const text of texts) {
    const rule = parseRule(text);
    if (rules.has(rule.name)) throw new RedactionRuleError(text, `there are two rules of the name "${rule.name}"`);
    rules.set(rule.name, rule);
  }
  return [...rules.values()];
}

function parseRule(text: string): RedactionRule {
  const at = text.indexOf('=');
  const name = at < 0 ? text : text.slice(0, at);
  const known = Object.hasOwn(BUILT_IN, name) ? BUILT_IN[name] : undefined;
  if (at < 0) {
    if (known === undefined) throw new RedactionRuleError(text, `it is none of ${BUILT_IN_RULES.join(', ')}; one of your own is written NAME=PATTERN`);
    return { name, pattern: RE2JS.compile(known.pattern), accepts: known.accepts, hint: known.hint };
  }
  if (!/^[A-Za-z][\w-]{0,39}$/.test(name)) throw new RedactionRuleError(text, 'its name has to begin with a letter and go on with up to 39 letters, digits, - and _');
  if (known !== undefined) throw new RedactionRuleError(text, `"${name}" is the name of a built-in rule; give yours another`);
  const pattern = compiled(text, text.slice(at + 1));
  if (pattern.matcher('').matches()) throw new RedactionRuleError(text, 'its pattern is found in empty text, and so everywhere');
  return { name, pattern, accepts: null, hint: null };
}

function compiled(rule: string, pattern: string): RE2JS {
  try {
    return RE2JS.compile(pattern);
  } catch (error) {
    if (!(error instanceof RE2JSException)) throw error;
    throw new RedactionRuleError(rule, `${error.message}. Patterns are RE2's (https://github.com/google/re2/wiki/Syntax): no look-around, no back-references`);
  }
}

/** ISO/IEC 7812-1, annex B: the last digit of a card's number is the sum of the others, modulo 10. */
function hasLuhnDigit(found: string): boolean {
  const digits = [...found].filter((character) => character >= '0' && character <= '9').map(Number).reverse();
  const sum = digits.reduce((total, digit, index) => total + (index % 2 === 0 ? digit : digit < 5 ? 2 * digit : 2 * digit - 9), 0);
  return sum % 10 === 0 && new Set(digits).size > 1;
}
