/** Reads a model's tokenizer from the folder that holds it, which may be in Hugging Face's cache. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { z } from 'zod';
import type { TemplateTexts } from './chatTemplate.ts';
import { VocabularyTokenizer } from './vocabularyTokenizer.ts';

/** Raised for a tokenizer that cannot be read; the message names the file, what is wrong with it and what would be right. */
export class TokenizerError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'TokenizerError';
  }
}

const TOKENIZER = 'tokenizer.json';

const tokenizerSchema = z.looseObject({ model: z.looseObject({ type: z.string().optional(), vocab: z.unknown() }), added_tokens: z.array(z.unknown()).optional() });

/** A special token, by its text or as an object with it. */
const specialToken = z.union([z.string(), z.looseObject({ content: z.string() }).transform(({ content }) => content)]);
const namedTemplate = z.looseObject({ name: z.string(), template: z.string() });
const configSchema = z.looseObject({ chat_template: z.union([z.string(), z.array(namedTemplate)]).nullish() });
const generationConfigSchema = z.looseObject({ eos_token_id: z.union([z.int(), z.array(z.int())]).nullish() });

/**
 * @param path of a `tokenizer.json`, or of the folder that holds it; what lies beside it (`tokenizer_config.json`,
 * `chat_template.jinja`, `generation_config.json`) tells the model's form of a conversation and what ends an answer
 * @param name what it is called to people; the path unless said
 * @throws TokenizerError
 */
export function readTokenizer(path: string, name = path): VocabularyTokenizer {
  const file = statSync(path, { throwIfNoEntry: false })?.isDirectory() === true ? join(path, TOKENIZER) : path;
  const folder = dirname(file);
  const tokenizer = parsed(file, tokenizerSchema);
  if (tokenizer === null) throw new TokenizerError(`There is no ${file}. Name a model's ${TOKENIZER}, or the folder that holds it with tokenizer_config.json.`);
  const { chat_template: inConfig, ...config } = parsed(join(folder, 'tokenizer_config.json'), configSchema) ?? {};
  const { eos_token_id: endIds } = parsed(join(folder, 'generation_config.json'), generationConfigSchema) ?? {};
  const specialTokens = Object.fromEntries(Object.entries(config).flatMap(([key, value]) => (key.endsWith('_token') && specialToken.safeParse(value).success ? [[key, specialToken.parse(value)]] : [])));
  try {
    return new VocabularyTokenizer({ name, tokenizer, config, specialTokens, endIds: typeof endIds === 'number' ? [endIds] : (endIds ?? []), template: templateIn(folder) ?? templateOf(inConfig) });
  } catch (error) {
    throw new TokenizerError(`The tokenizer of ${folder} is not understood: ${error instanceof Error ? error.message : String(error)}.`);
  }
}

/**
 * The tokenizer of a model that Hugging Face's cache holds, whichever of its names it is there under; null without one.
 * @throws TokenizerError when it is there and cannot be read
 */
export function tokenizerInCache(names: readonly string[], environment: NodeJS.ProcessEnv = process.env): VocabularyTokenizer | null {
  const cache = cacheFolder(environment);
  for (const name of names) {
    if (!/^[\w.-]+\/[\w.-]+$/.test(name)) continue;
    const snapshot = snapshotIn(join(cache, `models--${name.replace('/', '--')}`));
    if (snapshot !== null) return readTokenizer(snapshot, name);
  }
  return null;
}

/** Where Hugging Face's libraries keep what they download (`HF_HUB_CACHE`, `HF_HOME`, `XDG_CACHE_HOME`). */
function cacheFolder(environment: NodeJS.ProcessEnv): string {
  const { HF_HUB_CACHE: hub, HF_HOME: home, XDG_CACHE_HOME: caches } = environment;
  return hub || join(home || join(caches || join(homedir(), '.cache'), 'huggingface'), 'hub');
}

/** The snapshot that `main` points to, else any that has a tokenizer. */
function snapshotIn(repository: string): string | null {
  const main = join(repository, 'refs', 'main');
  const snapshots = join(repository, 'snapshots');
  if (!existsSync(snapshots)) return null;
  const names = [...(existsSync(main) ? [basename(readFileSync(main, 'utf8').trim())] : []), ...readdirSync(snapshots).sort()];
  const found = names.find((name) => name !== '' && existsSync(join(snapshots, name, TOKENIZER)));
  return found === undefined ? null : join(snapshots, found);
}

/** As newer releases save it: in files of its own. */
function templateIn(folder: string): TemplateTexts | null {
  const plain = readIfThere(join(folder, 'chat_template.jinja'));
  return plain === null ? null : { plain, withTools: readIfThere(join(folder, 'additional_chat_templates', 'tool_use.jinja')) };
}

function templateOf(inConfig: z.infer<typeof configSchema>['chat_template']): TemplateTexts | null {
  if (typeof inConfig === 'string') return { plain: inConfig, withTools: null };
  const named = (name: string) => inConfig?.find((each) => each.name === name)?.template ?? null;
  const plain = named('default');
  return plain === null ? null : { plain, withTools: named('tool_use') };
}

function readIfThere(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw new TokenizerError(`${file} cannot be read: ${error instanceof Error ? error.message : String(error)}.`);
  }
}

/** A file's JSON; null when there is none. @throws TokenizerError */
function parsed<T>(file: string, schema: z.ZodType<T>): T | null {
  const text = readIfThere(file);
  if (text === null) return null;
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new TokenizerError(`${file} is not JSON: ${error instanceof Error ? error.message : String(error)}.`);
  }
  const result = schema.safeParse(json);
  if (result.success) return result.data;
  const issue = result.error.issues[0]!;
  throw new TokenizerError(`${file} is not what its name says: ${issue.path.join('.') || 'it'}: ${issue.message}.`);
}
