/**
 * The search box: words that must all match. `search`, `tool:search`, `model:llama`, `line:agent.py:88`, `kind:llm`,
 * `status:error`, `role:tool`, `>2s`, `<100ms`, `tokens>1000`, `cached<50%`, `ttft>200ms`, `error`, `running`;
 * `"two words"` as one. Pure.
 */
import * as l10n from '@vscode/l10n';
import { nearNames } from '../../../src/profile/nearNames.ts';
import { durationOf, kindText, nameText, siteText } from './spanText.ts';
import type { ReportSpan } from '../../../src/profile/report.ts';

export type SpanTest = (span: ReportSpan) => boolean;

export interface Query {
  test: SpanTest;
  /** What of it can't be understood, and what to write instead; such a word matches nothing. */
  problem: string | null;
}

type Llm = NonNullable<ReportSpan['llm']>;
type Word = SpanTest | { problem: string };

const TIME_UNITS: Record<string, number> = { us: 0.001, µs: 0.001, ms: 1, s: 1000, m: 60_000, min: 60_000, h: 3_600_000 };
const COUNT_UNITS: Record<string, number> = { '': 1, k: 1000, m: 1e6 };

interface Field {
  unit: 'time' | 'count' | 'share';
  of: (span: ReportSpan) => number | null;
}

const ofCall = (value: (llm: Llm) => number | null) => (span: ReportSpan): number | null => (span.llm === null ? null : value(span.llm));
const plus = (a: number | null, b: number | null): number | null => (a === null || b === null ? null : a + b);

/** What can be compared with a number. */
const fields: Record<string, Field> = {
  time: { unit: 'time', of: durationOf },
  ttft: { unit: 'time', of: ofCall((llm) => llm.ttftMs) },
  queue: { unit: 'time', of: ofCall((llm) => llm.queueMs) },
  prefill: { unit: 'time', of: ofCall((llm) => llm.prefillMs) },
  decode: { unit: 'time', of: ofCall((llm) => llm.decodeMs) },
  idle: { unit: 'time', of: (span) => span.tool?.idleBlameMs ?? null },
  tokens: { unit: 'count', of: ofCall((llm) => plus(llm.promptTokens, llm.completionTokens)) },
  in: { unit: 'count', of: ofCall((llm) => llm.promptTokens) },
  out: { unit: 'count', of: ofCall((llm) => llm.completionTokens) },
  cached: { unit: 'share', of: ofCall((llm) => llm.cachedTokens) },
};

const EXAMPLES: Record<Field['unit'], string> = { time: '200ms', count: '1000', share: '50%' };

/** Prompt tokens by who wrote them, by what they are called here. */
const roles: Record<string, keyof NonNullable<Llm['roles']>> = { instruction: 'instruction', example: 'fewShot', user: 'user', model: 'llmHistory', tool: 'toolHistory' };

const compares = (sign: string, value: number, limit: number): boolean => {
  if (sign === '>') return value > limit;
  if (sign === '<') return value < limit;
  return sign === '>=' ? value >= limit : value <= limit;
};

/** `>2s`, `tokens>=1k`, `cached<50%`; null for a word without such a sign. */
function comparison(word: string): Word | null {
  const match = /^([a-zµ]*)([<>]=?)(.*)$/i.exec(word);
  if (match === null) return null;
  const [, name = '', sign = '', wanted = ''] = match;
  const field = fields[name === '' ? 'time' : name.toLowerCase()];
  if (field === undefined) {
    const names = Object.keys(fields);
    const near = nearNames(name, names);
    const known = (near.length > 0 ? near : names).map((each) => each + sign).join(', ');
    return { problem: near.length === 1 ? l10n.t`${name}${sign} is not known; ${known} is, and "${word}" finds the text` : l10n.t`${name}${sign} is not known; ${known} are, and "${word}" finds the text` };
  }
  const number = /^(\d+(?:[.,]\d+)?)([a-zµ%]*)$/i.exec(wanted);
  // Whoever reads `1,5 s` types it so, too.
  const amount = Number(number?.[1]?.replace(',', '.'));
  const unit = number?.[2]?.toLowerCase() ?? '';
  const [comparing, sample] = [`${name}${sign}`, `${name}${sign}${EXAMPLES[field.unit]}`];
  const example = { problem: field.unit === 'time' ? l10n.t`after ${comparing} comes a time, as in ${sample}` : l10n.t`after ${comparing} comes a number, as in ${sample}` };
  if (number === null) return example;
  if (field.unit === 'share' && unit === '%') {
    return ({ llm }) => llm !== null && llm.cachedTokens !== null && llm.promptTokens !== null && llm.promptTokens > 0 && compares(sign, (llm.cachedTokens / llm.promptTokens) * 100, amount);
  }
  const size = field.unit === 'time' ? TIME_UNITS[unit === '' ? 's' : unit] : COUNT_UNITS[unit];
  if (size === undefined) return example;
  return (span) => {
    const value = field.of(span);
    return value !== null && compares(sign, value, amount * size);
  };
}

function has(text: string | null | undefined, needle: string): boolean {
  return text !== null && text !== undefined && text.toLowerCase().includes(needle);
}

/** Written out, so that the page does without the schemas. */
const STATUSES: Record<ReportSpan['status'], true> = { ok: true, error: true, cancelled: true, incomplete: true };

const prefixes: Record<string, (value: string) => Word> = {
  tool: (value) => (span) => span.tool !== null && has(span.tool.name, value),
  model: (value) => (span) => has(span.llm?.model, value),
  line: ofLine,
  file: ofLine,
  kind: (value) => (span) => span.kind === value || has(kindText(span), value),
  status: (value) => (Object.hasOwn(STATUSES, value) ? (span) => span.status === value : { problem: l10n.t`status: is one of ${Object.keys(STATUSES).join(', ')}` }),
  role: (value) => {
    const role = roles[value];
    return role === undefined ? { problem: l10n.t`role: is one of ${Object.keys(roles).join(', ')}` } : (span) => (span.llm?.roles?.[role] ?? 0) > 0;
  },
};

function ofLine(value: string): Word {
  return (span) => span.frames.concat(span.site ?? []).some((site) => siteText(site).toLowerCase() === value || has(`${site.file}:${site.line}`, value));
}

/** `tool:search`; null for a word that has no such prefix, as an address or a line has none. */
function prefixed(word: string): Word | null {
  const match = /^([a-z]+):(.*)$/.exec(word);
  if (match === null) return null;
  const [, name = '', value = ''] = match;
  const make = prefixes[name];
  if (make !== undefined) return value === '' ? { problem: l10n.t`after ${name}: comes what to look for` } : make(value);
  const [meant] = nearNames(name, Object.keys(prefixes), 1);
  return meant === undefined ? null : { problem: l10n.t`${name}: is not known; ${meant}: is, and "${word}" finds the text` };
}

function contains(needle: string): SpanTest {
  return (span) =>
    has(span.name, needle) ||
    has(nameText(span), needle) ||
    has(span.llm?.model, needle) ||
    has(span.error?.message, needle) ||
    has(span.site?.function, needle) ||
    (span.site !== null && has(siteText(span.site), needle)) ||
    has(span.llm?.promptText, needle) ||
    has(span.llm?.answerText, needle) ||
    (span.llm?.toolCalls ?? []).some(({ name, arguments: given }) => has(name, needle) || has(given, needle));
}

function wordTest(word: string): Word {
  const needle = word.toLowerCase();
  if (needle === 'error' || needle === 'failed') return (span) => span.status === 'error' || has(span.error?.message, needle);
  if (needle === 'running' || needle === 'live') return (span) => span.endMs === null;
  return comparison(word) ?? prefixed(needle) ?? contains(needle);
}

/** What a query stands for, or null for an empty one. */
export function readQuery(query: string): Query | null {
  const words = [...query.matchAll(/"([^"]*)("|$)|(\S+)/g)];
  if (words.length === 0) return null;
  const tests: SpanTest[] = [];
  const problems: string[] = [];
  for (const [, quoted, quote, word = ''] of words) {
    // While it is being typed the second quote is still to come; the words within are looked for as they are.
    if (quoted !== undefined) {
      if (quoted !== '') tests.push(contains(quoted.toLowerCase()));
      if (quote === '') problems.push(l10n.t('a second " is missing'));
      continue;
    }
    const test = wordTest(word);
    if (typeof test === 'function') {
      tests.push(test);
    } else {
      tests.push(() => false);
      problems.push(test.problem);
    }
  }
  return { test: (span) => tests.every((test) => test(span)), problem: problems[0] ?? null };
}
