/**
 * The search box: words that must all match. `search`, `tool:search`, `model:llama`, `line:agent.py:88`, `kind:llm`,
 * `>2s`, `<100ms`, `error`, `running`; `"two words"` as one. Pure.
 */
import { durationOf, kindText, nameText, siteText } from './spanText.ts';
import type { ReportSpan } from '../../../src/profile/report.ts';

export type SpanTest = (span: ReportSpan) => boolean;

const UNITS: Record<string, number> = { us: 0.001, µs: 0.001, ms: 1, s: 1000, m: 60_000, min: 60_000, h: 3_600_000 };

function durationTest(word: string): SpanTest | null {
  const match = /^([<>])=?(\d+(?:\.\d+)?)(us|µs|ms|s|m|min|h)?$/i.exec(word);
  if (match === null) return null;
  const limit = Number(match[2]) * (UNITS[(match[3] ?? 's').toLowerCase()] ?? 1000);
  return (span) => {
    const duration = durationOf(span);
    return duration !== null && (match[1] === '>' ? duration >= limit : duration <= limit);
  };
}

function has(text: string | null | undefined, needle: string): boolean {
  return text !== null && text !== undefined && text.toLowerCase().includes(needle);
}

function prefixTest(prefix: string, value: string): SpanTest | null {
  switch (prefix) {
    case 'tool':
      return (span) => span.tool !== null && has(span.tool.name, value);
    case 'model':
      return (span) => has(span.llm?.model, value);
    case 'line':
    case 'file':
      return (span) => span.frames.concat(span.site ?? []).some((site) => siteText(site).toLowerCase() === value || has(`${site.file}:${site.line}`, value));
    case 'kind':
      return (span) => span.kind === value || has(kindText(span), value);
    default:
      return null;
  }
}

function wordTest(word: string): SpanTest {
  const duration = durationTest(word);
  if (duration !== null) return duration;
  const needle = word.toLowerCase();
  if (needle === 'error' || needle === 'failed') return (span) => span.status === 'error' || has(span.error?.message, needle);
  if (needle === 'running' || needle === 'live') return (span) => span.endMs === null;
  const colon = needle.indexOf(':');
  if (colon > 0) {
    const prefixed = prefixTest(needle.slice(0, colon), needle.slice(colon + 1));
    if (prefixed !== null) return prefixed;
  }
  return (span) =>
    has(span.name, needle) ||
    has(nameText(span), needle) ||
    has(span.llm?.model, needle) ||
    has(span.error?.message, needle) ||
    has(span.site?.function, needle) ||
    (span.site !== null && has(siteText(span.site), needle)) ||
    has(span.llm?.promptText, needle) ||
    has(span.llm?.answerText, needle);
}

/** The test that a query stands for, or null for an empty query. */
export function parseQuery(query: string): SpanTest | null {
  const words = [...query.matchAll(/"([^"]+)"|(\S+)/g)].map((match) => (match[1] === undefined ? wordTest(match[2] ?? '') : wordTest(match[1])));
  return words.length === 0 ? null : (span) => words.every((test) => test(span));
}
