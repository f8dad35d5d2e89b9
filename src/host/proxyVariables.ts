/** From VS Code's settings for a proxy to variables of the environment. */

export interface ProxySettings {
  /** `http.proxy` */
  proxy: unknown;
  /** `http.proxySupport`: `off` stands for no proxy whatever else is set. */
  support: unknown;
  /** `http.noProxy` */
  exceptions: unknown;
}

const NAMES = ['HTTPS_PROXY', 'HTTP_PROXY', 'ALL_PROXY'];

/** Empty where nothing is set, or where the environment says it already: variables are for all programs, and go first. */
export function proxyVariables({ proxy, support, exceptions }: ProxySettings, env: Readonly<Record<string, string | undefined>>): Record<string, string> {
  if (typeof proxy !== 'string' || proxy.trim() === '' || support === 'off') return {};
  if (NAMES.some((name) => env[name] || env[name.toLowerCase()])) return {};
  const excepted = Array.isArray(exceptions) ? exceptions.filter((each): each is string => typeof each === 'string') : [];
  return { HTTPS_PROXY: proxy.trim(), HTTP_PROXY: proxy.trim(), ...(excepted.length > 0 && !env['NO_PROXY'] && !env['no_proxy'] ? { NO_PROXY: excepted.join(',') } : {}) };
}
