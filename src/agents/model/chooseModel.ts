/** Which of a server's models to use. */
import type OpenAI from 'openai';

/** As Llama's servers name it; most servers of one model answer to any name or to this one. */
const FALLBACK = 'meta-llama/Llama-3.1-8B-Instruct';
const ASK_WITHIN_MS = 10_000;

/**
 * The one that was asked for, else the server's only one.
 * @throws Error that names its models where there are several
 */
export async function chooseModel(client: OpenAI, asked: string | null): Promise<string> {
  if (asked !== null) return asked;
  let served: string[];
  try {
    const { data } = await client.models.list({ timeout: ASK_WITHIN_MS, maxRetries: 0 });
    // vLLM lists adapters beside the model that they adapt.
    served = data.filter((model) => !('parent' in model) || model.parent === null).map(({ id }) => id);
  } catch {
    // A server without such a list, or none at all, which the first call will tell better.
    return FALLBACK;
  }
  const [only, ...others] = served;
  if (others.length > 0) throw new Error(`The model's server at ${client.baseURL} has several models: ${served.slice(0, 8).join(', ')}${served.length > 8 ? ', …' : ''}. Choose one with --model.`);
  return only ?? FALLBACK;
}
