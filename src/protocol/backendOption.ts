/** The user's choice of a backend, as typed on the command line or in a setting. */
import type { ProfilerOptions } from './profiler.ts';
import { parseUnixUrl, unixUrl } from './unixUrl.ts';

export type BackendChoice = ProfilerOptions['backend'];

export const DEFAULT_SIM_GPU = 'a100-40gb';
export const DEFAULT_SIM_MODEL = 'llama-3.1-8b-instruct';

/** Raised for a choice that cannot be understood; the message says what, and what is understood. */
export class BackendOptionError extends Error {
  constructor(text: string, why: string) {
    super(`backend "${text}": ${why}. Use sim, sim:GPU/MODEL, the URL of a server such as http://localhost:8000/v1, unix:/PATH of its socket, or direct.`);
    this.name = 'BackendOptionError';
  }
}

/**
 * Understands `sim`, `sim:GPU/MODEL`, an http(s) URL, `h2c:` for HTTP/2 without TLS, a Unix socket (`unix:/run/model.sock`), and `direct`.
 * A URL without a path gets `/v1`, where OpenAI-compatible servers answer.
 * @param directDefault where `direct` calls go that do not say where they meant to go
 * @throws BackendOptionError
 */
export function parseBackendOption(text: string, directDefault: string): BackendChoice {
  const choice = text.trim();
  if (choice === 'sim') return { kind: 'sim', gpu: DEFAULT_SIM_GPU, model: DEFAULT_SIM_MODEL };
  if (choice.startsWith('sim:')) {
    const [gpu = '', model = '', ...rest] = choice.slice('sim:'.length).split('/');
    if (rest.length > 0) throw new BackendOptionError(text, 'more than one slash after sim:');
    return { kind: 'sim', gpu: gpu || DEFAULT_SIM_GPU, model: model || DEFAULT_SIM_MODEL };
  }
  if (choice === 'direct') return { kind: 'direct', defaultUrl: directDefault };
  if (/^(http\+)?unix:/i.test(choice)) {
    const unix = parseUnixUrl(choice);
    if (unix === null) throw new BackendOptionError(text, 'a socket is named by its absolute path, such as unix:/run/model.sock');
    return { kind: 'url', url: unixUrl({ ...unix, path: unix.path.replace(/\/+$/, '') || '/v1' }) };
  }
  if (!/^(https?|h2c):\/\//i.test(choice)) throw new BackendOptionError(text, 'not one that is known');
  let url: URL;
  try {
    url = new URL(choice);
  } catch {
    throw new BackendOptionError(text, 'not a valid URL');
  }
  if (url.hostname === '') throw new BackendOptionError(text, 'not a valid URL');
  if (url.username || url.password) throw new BackendOptionError(text.replace(/\/\/[^@]*@/, '//…@'), 'credentials do not belong in the URL; set AGENT_COST_BACKEND_KEY instead');
  if (url.search || url.hash) throw new BackendOptionError(text, 'a base URL has no ? or #');
  const path = url.pathname.replace(/\/+$/, '');
  return { kind: 'url', url: `${url.protocol}//${url.host}${path === '' ? '/v1' : path}` };
}
