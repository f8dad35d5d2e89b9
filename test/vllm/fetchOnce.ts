/** `fetch` on a connection of its own: the server closes one that was idle for 5 s, and may do so just when it is taken again. */
export function fetchOnce(url: string | URL, init: RequestInit = {}): Promise<Response> {
  return fetch(url, { ...init, headers: { ...(init.headers as Record<string, string> | undefined), connection: 'close' } });
}
