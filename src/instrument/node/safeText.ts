/** Texts about the user's requests and processes that are fit to be kept: short, and without anything like a credential. */
import { basename } from 'node:path';

const LONGEST = 160;
/** Long runs of mixed letters and digits: API keys, bot tokens in a path, signed ids. */
const TOKEN = /(?=[\w+=-]*\d)(?=[\w+=-]*[A-Za-z])[\w+=-]{20,}/;
const SECRET_WORD = /(key|token|secret|passw|credential|auth|bearer)[\w-]*[=:]/i;
const KNOWN_PREFIX = /\b(sk-|ghp_|gho_|xox[abp]-|AKIA|hf_|eyJ)/;

/** Whether a piece of text may be a credential. Errs on the side of yes. */
export function looksSecret(text: string): boolean {
  return TOKEN.test(text) || SECRET_WORD.test(text) || KNOWN_PREFIX.test(text);
}

function shorten(text: string): string {
  return text.length <= LONGEST ? text : `${text.slice(0, LONGEST - 1)}…`;
}

/** `GET host/path`: no query, no user name or password, and segments that may be credentials cut out. */
export function describeRequest(method: string, url: URL): string {
  return shorten(`${method} ${url.host}${shownPath(url.pathname)}`);
}

/** `POST /ask`: of a request to the program itself. `target`: as its first line has it. */
export function describePath(method: string, target: string): string {
  return shorten(`${method} ${shownPath(target.replace(/[?#].*$/s, ''))}`);
}

function shownPath(path: string): string {
  return path
    .split('/')
    .map((segment) => (looksSecret(segment) ? '…' : segment))
    .join('/');
}

/** `git status`: the program's name and its first argument, unless that is an option or may be a credential. */
export function describeProcess(program: string, firstArgument: string | undefined): string {
  const name = basename(program.replaceAll('\\', '/'));
  const plain = firstArgument !== undefined && /^[\w./\\@+][\w./\\@+-]*$/.test(firstArgument) && !firstArgument.includes('@') && !looksSecret(firstArgument);
  return shorten(plain ? `${name} ${firstArgument}` : name);
}

/** Program and first argument of a shell's command line, leaving out assignments in front (`A=b git status`). */
export function splitCommand(command: string): [program: string, firstArgument: string | undefined] {
  const words = command.match(/"[^"]*"|'[^']*'|[^\s"';|&<>()]+/g) ?? [];
  const bare = words.filter((word) => !/^\w+=/.test(word)).map((word) => word.replace(/^(["'])(.*)\1$/, '$2'));
  return [bare[0] ?? 'shell', bare[1]];
}

/** What went wrong, in a few words: the error's code, else the first line of its message, unless that may hold a credential. */
export function describeError(error: unknown): string {
  if (typeof error !== 'object' || error === null) return 'error';
  const { code, name, message, cause } = error as { code?: unknown; name?: unknown; message?: unknown; cause?: unknown };
  if (typeof code === 'string') return shorten(code);
  if (typeof cause === 'object' && cause !== null) return describeError(cause);
  const first = typeof message === 'string' ? (message.split('\n')[0] ?? '') : '';
  if (first !== '' && !looksSecret(first)) return shorten(first);
  return typeof name === 'string' ? shorten(name) : 'error';
}

/** Whether the error is the program's own wish to stop. */
export function isCancellation(error: unknown): boolean {
  if (typeof error !== 'object' || error === null) return false;
  const { name, code } = error as { name?: unknown; code?: unknown };
  return name === 'AbortError' || code === 'ABORT_ERR' || code === 'UND_ERR_ABORTED';
}
