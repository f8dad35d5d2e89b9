/** The agent's tools: an encyclopedia to search and to look things up in. */
import type { Environment, Observation, Tool, ToolArguments } from '../../agents/agent.ts';
import type { MediaWiki } from './mediaWiki.ts';

/** How much of an article an observation holds. */
const LONGEST_OBSERVATION = 1200;
const HITS = '5';

interface SearchAnswer {
  query?: { search?: { title: string; snippet: string }[] };
}
interface ExtractAnswer {
  query?: { pages?: { title: string; missing?: boolean; extract?: string }[] };
}

/** Both tools keep nothing between calls, so that every branch of a search can share them. */
export function wikiEnvironment(wiki: MediaWiki): Environment {
  const environment: Environment = { tools: [searchTool(wiki), lookupTool(wiki)], fork: () => environment };
  return environment;
}

function searchTool(wiki: MediaWiki): Tool {
  return {
    name: 'search',
    description: 'Find articles of the encyclopedia by words.',
    parameters: {
      type: 'object',
      properties: { query: { type: 'string', description: 'Words that the article should contain.' } },
      required: ['query'],
    },
    async run(args, signal) {
      const query = textOf(args, 'query');
      if (query === '') return { text: 'Say what to search for: search takes a query, some words.' };
      return search(wiki, query, signal);
    },
  };
}

function lookupTool(wiki: MediaWiki): Tool {
  return {
    name: 'lookup',
    description: 'Open an article of the encyclopedia by its title.',
    parameters: {
      type: 'object',
      properties: {
        title: { type: 'string', description: "The article's title." },
        keyword: { type: 'string', description: 'Return only the first sentence and those that contain this word.' },
      },
      required: ['title'],
    },
    async run(args, signal) {
      const title = textOf(args, 'title');
      if (title === '') return { text: 'Say which article: lookup takes a title, and if you like a keyword.' };
      return lookup(wiki, title, textOf(args, 'keyword'), signal);
    },
  };
}

function textOf(args: ToolArguments, name: string): string {
  const value = args[name];
  return typeof value === 'string' ? value.trim() : typeof value === 'number' ? String(value) : '';
}

/** Titles of articles that contain these words, with their beginnings. */
async function search(wiki: MediaWiki, query: string, signal: AbortSignal): Promise<Observation> {
  const answer = (await wiki.query({ list: 'search', srsearch: query, srlimit: HITS }, signal)) as SearchAnswer;
  const hits = answer.query?.search ?? [];
  if (hits.length === 0) return { text: `No article contains "${query}".` };
  return { text: hits.map(({ title, snippet }) => `${title}: ${plainText(snippet)}`).join('\n') };
}

/** The beginning of an article, or its first sentence and those that contain a word. */
async function lookup(wiki: MediaWiki, title: string, keyword: string, signal: AbortSignal): Promise<Observation> {
  const answer = (await wiki.query({ prop: 'extracts', titles: title, explaintext: '1', redirects: '1' }, signal)) as ExtractAnswer;
  const page = answer.query?.pages?.[0];
  if (page?.extract === undefined || page.missing === true) return { text: `There is no article "${title}". Try search.` };
  if (keyword === '') return { text: page.extract.slice(0, LONGEST_OBSERVATION) };
  const [first = '', ...others] = page.extract.split(/(?<=[.!?])\s+/);
  const found = others.filter((sentence) => sentence.toLowerCase().includes(keyword.toLowerCase()));
  return { text: [first, ...found].join(' ').slice(0, LONGEST_OBSERVATION) };
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
