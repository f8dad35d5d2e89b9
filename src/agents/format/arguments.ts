/** A tool's arguments in text, as in `search[words]`, `lookup["title", "word"]` or `search(query="words")`. */
import type { Tool, ToolArguments, ToolCall } from '../agent.ts';
import { findTool } from '../model/session.ts';

/** A call as agents' prompts show it. One argument stands bare, several are quoted. */
export function renderCall({ tool: name, arguments: args }: ToolCall, tools: readonly Tool[], brackets: '[]' | '()' = '[]'): string {
  const names = Object.keys(findTool(tools, name)?.parameters.properties ?? args);
  const values = names.map((property) => args[property]);
  while (values.length > 0 && values.at(-1) === undefined) values.pop();
  const bare = brackets === '[]' && names.length <= 1;
  return `${name}${brackets[0]}${values.map((value) => (bare ? String(value) : JSON.stringify(value ?? ''))).join(', ')}${brackets[1]}`;
}

/** How a tool is called, for the prompt: `lookup[title, keyword (optional)]`. */
export function renderSignature({ name, parameters }: Tool, brackets: '[]' | '()' = '[]'): string {
  const properties = Object.keys(parameters.properties).map((property) => (parameters.required.includes(property) ? property : `${property} (optional)`));
  return `${name}${brackets[0]}${properties.join(', ')}${brackets[1]}`;
}

/**
 * Reads what stands between a call's brackets. Models quote or do not, name the arguments or do not, or write JSON; what
 * fits none of that is taken as the first argument whole, so that a comma in a title does no harm.
 */
export function parseArguments(text: string, tool: Tool): ToolArguments {
  const properties = Object.keys(tool.parameters.properties);
  const [first] = properties;
  const trimmed = withoutFence(text.trim());
  if (first === undefined || trimmed === '') return {};
  const json = parseObject(trimmed);
  if (json !== null) return coerce(json, tool);
  const parts = splitTopLevel(trimmed);
  const named = parts?.map((part) => /^\s*["']?([A-Za-z_]\w*)["']?\s*[=:]\s*([\s\S]*)$/.exec(part));
  if (named?.every((match) => match !== null && properties.includes(match[1]!)) === true && named.length > 0) {
    return coerce(Object.fromEntries(named.map((match) => [match![1]!, unquote(match![2]!)])), tool);
  }
  const isList = parts !== null && parts.length > 1 && parts.length <= properties.length && (parts.length === properties.length || parts.every(isQuoted));
  if (!isList) return coerce({ [first]: unquote(trimmed) }, tool);
  return coerce(Object.fromEntries(parts.map((part, index) => [properties[index]!, unquote(part)])), tool);
}

/** Arguments as the API's tool calls carry them: a JSON object, if the model got it right. */
export function parseJsonArguments(text: string, tool: Tool): ToolArguments {
  return text.trim() === '' ? {} : parseArguments(text, tool);
}

function parseObject(text: string): ToolArguments | null {
  if (!text.startsWith('{')) return null;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as ToolArguments) : null;
  } catch {
    return null;
  }
}

/** Numbers and truth values as such, where the schema wants them and the text is one. */
function coerce(args: ToolArguments, { parameters }: Tool): ToolArguments {
  return Object.fromEntries(
    Object.entries(args).map(([name, value]) => {
      const type = parameters.properties[name]?.type;
      if (type === 'string' && typeof value === 'number') return [name, String(value)];
      if (typeof value !== 'string') return [name, value];
      if ((type === 'number' || type === 'integer') && value.trim() !== '' && Number.isFinite(Number(value))) return [name, Number(value)];
      if (type === 'boolean' && /^(true|false)$/i.test(value.trim())) return [name, value.trim().toLowerCase() === 'true'];
      return [name, value];
    }),
  );
}

/** Cut at commas outside of quotes and brackets; null where a quote is not closed. */
function splitTopLevel(text: string): string[] | null {
  const parts: string[] = [];
  let part = '';
  let quote = '';
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const character = text[at]!;
    if (quote !== '') {
      if (character === '\\') {
        part += character + (text[at + 1] ?? '');
        at += 1;
        continue;
      }
      if (character === quote) quote = '';
    } else if (character === '"' || (character === "'" && /^\s*$|[=:]\s*$/.test(part))) quote = character;
    else if ('([{'.includes(character)) depth += 1;
    else if (')]}'.includes(character)) depth -= 1;
    else if (character === ',' && depth === 0) {
      parts.push(part);
      part = '';
      continue;
    }
    part += character;
  }
  if (quote !== '') return null;
  return [...parts, part];
}

function isQuoted(text: string): boolean {
  return /^\s*(["'])[\s\S]*\1\s*$/.test(text);
}

function unquote(text: string): string {
  const trimmed = text.trim();
  if (!isQuoted(trimmed) || trimmed.length < 2) return trimmed;
  if (trimmed.startsWith('"')) {
    try {
      return JSON.parse(trimmed) as string;
    } catch {
      // Quotes or line ends inside: as they stand.
    }
  }
  return trimmed.slice(1, -1);
}

/** What a Markdown fence holds, for models that write code in one. */
export function withoutFence(text: string): string {
  return /^```[\w+-]*\n([\s\S]*?)\n?```$/.exec(text)?.[1] ?? text;
}
