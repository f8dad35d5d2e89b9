/** What a model's server says when it cannot answer, as an error that says what to do. */
import OpenAI from 'openai';

/** The prompt is longer than the model can read. Agents end with what they have. */
export class ContextError extends Error {
  constructor(cause: unknown) {
    super('The conversation has outgrown what the model can read.', { cause });
    this.name = 'ContextError';
  }
}

/** For a `catch`: null where the prompt did not fit, since an agent can end there with what it has. @throws any other error */
export function nothingMoreFits(error: unknown): null {
  if (error instanceof ContextError) return null;
  throw error;
}

/** As vLLM, SGLang, llama.cpp, Ollama and OpenAI say it. */
const TOO_LONG = /context (length|size|window)|context_length_exceeded|maximum context|max_model_len|longer than the maximum|too many tokens|prompt is too long/i;
/** As vLLM refuses tools that it was not started for. */
const NO_TOOLS = /enable-auto-tool-choice|tool-call-parser|does not support tools|tools? (is|are) not supported/i;

export function explainModelError(error: unknown, url: string, offersTools: boolean): unknown {
  if (error instanceof OpenAI.APIConnectionError) {
    const reason = rootCause(error);
    return new Error(`The model's server at ${url} cannot be reached: ${reason}. Start it, or set OPENAI_BASE_URL to another.`, { cause: error });
  }
  if (!(error instanceof OpenAI.APIError)) return error;
  if ((error.status === 400 || error.status === 413) && TOO_LONG.test(error.message)) return new ContextError(error);
  if (offersTools && NO_TOOLS.test(error.message)) {
    return new Error(`The model's server at ${url} takes no tool calls: ${error.message} Start it for tools (vLLM: --enable-auto-tool-choice --tool-call-parser NAME), or choose --tool-calling text.`, { cause: error });
  }
  return new Error(`The model's server at ${url} answered ${error.status ?? 'an error'}: ${error.message}`, { cause: error });
}

function rootCause(error: Error): string {
  let cause: Error = error;
  while (cause.cause instanceof Error) cause = cause.cause;
  return cause.message || cause.name;
}
