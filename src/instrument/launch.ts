/** The environment that gets the hooks into a program and its LLM calls to the proxy. Pure: it reads and writes nothing. */
import { delimiter, join } from 'node:path';
import { PROGRAM_HEADER, SESSION_ENV, type SessionFile } from '../protocol/hook.ts';

export interface LaunchOptions {
  /** The environment that the program would have had. */
  base: NodeJS.ProcessEnv;
  /** Absolute path of the session file. */
  sessionFile: string;
  /** `http://127.0.0.1:PORT/TOKEN`. */
  routeUrl: string;
  backend: SessionFile['backend'];
  /** False: only base URLs are set, and nothing of ours runs inside the program. */
  hooks: boolean;
  /** For a shell, in which all kinds of programs run, assistants that write code among them: these are not to lose their model. */
  forShell?: boolean;
  /** Where the program's own tracing may export to: false in a shell that outlives the session, or where a collector listens already. */
  tracing: boolean;
  /** Name that programs without a hook send along with their calls, or null: a header too many where the session is over. */
  announce: string | null;
  /** Folder with `node/hook.cjs` and `python/sitecustomize.py`: `dist/instrument`. */
  instrumentDir: string;
}

/** Stands in where the program has no key, because SDKs refuse to start without one; simulated and local servers want none. */
export const PLACEHOLDER_KEY = 'agent-cost-no-key-set';

const BASE_URL_VARIABLES = ['OPENAI_BASE_URL', 'OPENAI_API_BASE'] as const;
const PROXY_VARIABLES = ['HTTP_PROXY', 'http_proxy', 'ALL_PROXY', 'all_proxy'] as const;

/** The variables to set on top of `base`, and only those. */
export function launchEnvironment(options: LaunchOptions): Record<string, string> {
  const { base, backend, hooks, instrumentDir } = options;
  const set: Record<string, string> = {};
  // A session further out must not record what this one was told to leave alone.
  if (hooks || base[SESSION_ENV]) set[SESSION_ENV] = hooks ? options.sessionFile : '';
  if (hooks) {
    set['NODE_OPTIONS'] = withRequire(join(instrumentDir, 'node', 'hook.cjs'), base['NODE_OPTIONS'] ?? '');
    set['PYTHONPATH'] = withFolder(join(instrumentDir, 'python'), base['PYTHONPATH'] ?? '');
  }
  for (const name of BASE_URL_VARIABLES) {
    // Direct calls go where the program's user pointed it: that address must not be lost, and the hooks redirect it anyway.
    const ownAddress = backend === 'direct' && hooks && base[name] && !base[SESSION_ENV];
    if (!ownAddress) set[name] = `${options.routeUrl}/v1`;
  }
  if (backend !== 'direct') {
    if (!base['OPENAI_API_KEY']) set['OPENAI_API_KEY'] = PLACEHOLDER_KEY;
    if (options.forShell !== true) {
      // Its SDKs put `/v1/messages` behind it.
      set['ANTHROPIC_BASE_URL'] = options.routeUrl;
      if (!base['ANTHROPIC_API_KEY']) set['ANTHROPIC_API_KEY'] = PLACEHOLDER_KEY;
    }
  }
  if (options.announce !== null) set['OPENAI_CUSTOM_HEADERS'] = withHeader(PROGRAM_HEADER, options.announce, base['OPENAI_CUSTOM_HEADERS'] ?? '');
  if (options.tracing && !exportsElsewhere(base)) {
    set['OTEL_EXPORTER_OTLP_ENDPOINT'] = `${options.routeUrl}/otlp`;
    // Python's default is gRPC, which is not spoken here.
    set['OTEL_EXPORTER_OTLP_PROTOCOL'] = 'http/protobuf';
  }
  if (PROXY_VARIABLES.some((name) => base[name])) Object.assign(set, withoutProxy(base));
  return set;
}

/** `--require "<hook>"` before what was there. Node reads a backslash as an escape inside double quotes. */
function withRequire(hook: string, existing: string): string {
  const option = `--require "${hook.replace(/[\\"]/g, '\\$&')}"`;
  if (existing.includes(option)) return existing;
  return existing.trim() === '' ? option : `${option} ${existing}`;
}

/** One header a line, as OpenAI's SDKs take them; the program's name in what a header may hold. */
function withHeader(name: string, value: string, existing: string): string {
  const others = existing.split('\n').filter((line) => line.trim() !== '' && !line.toLowerCase().startsWith(`${name}:`));
  return [...others, `${name}: ${value.replace(/[^\x20-\x7e]/g, '?').slice(0, 100)}`].join('\n');
}

/** The user has said where traces go, or that none are wanted; what a session further out has set does not count. */
function exportsElsewhere(base: NodeJS.ProcessEnv): boolean {
  if (base['OTEL_SDK_DISABLED']?.toLowerCase() === 'true') return true;
  const own = /^OTEL_EXPORTER_OTLP_(?:TRACES_|LOGS_|METRICS_)?(?:ENDPOINT|PROTOCOL)$/;
  const outer = Boolean(base[SESSION_ENV]) && (base['OTEL_EXPORTER_OTLP_ENDPOINT'] ?? '').endsWith('/otlp');
  return !outer && Object.keys(base).some((name) => own.test(name) && base[name]);
}

/** Our folder first. No empty entry of ours: Python would take it for the working directory. */
function withFolder(folder: string, existing: string): string {
  const others = existing === '' ? [] : existing.split(delimiter).filter((entry) => entry !== folder);
  return [folder, ...others].join(delimiter);
}

/** The proxy of the profiler is on loopback, where a corporate proxy cannot reach it. */
function withoutProxy(base: NodeJS.ProcessEnv): Record<string, string> {
  const set: Record<string, string> = {};
  for (const name of ['NO_PROXY', 'no_proxy']) {
    const entries = (base[name] ?? base[name === 'NO_PROXY' ? 'no_proxy' : 'NO_PROXY'] ?? '').split(',').filter((entry) => entry.trim() !== '');
    if (!entries.some((entry) => entry.trim() === '*')) set[name] = [...new Set([...entries, '127.0.0.1', 'localhost'])].join(',');
  }
  return set;
}
