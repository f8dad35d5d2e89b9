/** The agent's tools: an encyclopedia behind a MediaWiki action API. */
import { setTimeout as delay } from 'node:timers/promises';

const API_URL = process.env.WIKI_API_URL ?? 'https://en.wikipedia.org/w/api.php';
/** Who asks, as https://foundation.wikimedia.org/wiki/Policy:User-Agent_policy wants it; set WIKI_USER_AGENT to add a contact. */
const USER_AGENT = process.env.WIKI_USER_AGENT ?? 'react-hotpotqa-example/1.0 (https://hotpotqa.github.io) node-fetch';
const ATTEMPTS = 3;
/** How much of an article an observation holds. */
const LONGEST_OBSERVATION = 1200;

interface SearchAnswer {
  query?: { search?: { title: string; snippet: string }[] };
}
interface ExtractAnswer {
  query?: { pages?: { title: string; missing?: boolean; extract?: string }[] };
}

/** Titles of articles that contain these words, with their beginnings. */
export async function search(query: string): Promise<string> {
  const answer = (await callWiki({ list: 'search', srsearch: query, srlimit: '5' })) as SearchAnswer;
  const hits = answer.query?.search ?? [];
  if (hits.length === 0) return `No article contains "${query}".`;
  return hits.map(({ title, snippet }) => `${title}: ${plainText(snippet)}`).join('\n');
}

/** The beginning of an article, or its first sentence and those that contain a word. */
export async function lookup(title: string, keyword?: string): Promise<string> {
  const answer = (await callWiki({ prop: 'extracts', titles: title, explaintext: '1', redirects: '1' })) as ExtractAnswer;
  const page = answer.query?.pages?.[0];
  if (page?.extract === undefined || page.missing === true) return `There is no article "${title}". Try search.`;
  if (keyword === undefined || keyword === '') return page.extract.slice(0, LONGEST_OBSERVATION);
  const [first = '', ...others] = page.extract.split(/(?<=[.!?])\s+/);
  const found = others.filter((sentence) => sentence.toLowerCase().includes(keyword.toLowerCase()));
  return [first, ...found].join(' ').slice(0, LONGEST_OBSERVATION);
}

/** One call of the API, tried again when the server is busy or the network fails. */
async function callWiki(parameters: Record<string, string>): Promise<unknown> {
  const url = new URL(API_URL);
  url.search = new URLSearchParams({ action: 'query', format: 'json', formatversion: '2', ...parameters }).toString();
  let problem = '';
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    if (attempt > 1) await delay(500 * attempt);
    try {
      const response = await fetch(url, { headers: { 'user-agent': USER_AGENT, accept: 'application/json' }, signal: AbortSignal.timeout(15_000) });
      if (response.ok) return await response.json();
      problem = `it answered ${response.status} ${response.statusText}`;
      if (response.status !== 429 && response.status < 500) break;
    } catch (error) {
      problem = describe(error);
    }
  }
  throw new Error(
    `The encyclopedia at ${url.origin}${url.pathname} cannot be used: ${problem}. ` +
      'Check the network, or set WIKI_API_URL to another MediaWiki API; "node src/benchmarks/hotpotqa/wikiServerMain.ts" starts a small one on this machine.',
  );
}

/** fetch hides the reason of a failure in its cause. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message : error.message;
}

function plainText(html: string): string {
  return html
    .replace(/<[^>]*>/g, '')
    .replaceAll('&quot;', '"')
    .replaceAll('&#039;', "'")
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&');
}
