/** What is done to a debugger's configuration, and what its messages say of the program: without VS Code, for tests. */
import { delimiter } from 'node:path';

/** The part of the Debug Adapter Protocol's messages that is looked at. */
export interface DebugMessage {
  type?: string;
  event?: string;
  command?: string;
  success?: boolean;
  body?: { threadId?: number; allThreadsStopped?: boolean; allThreadsContinued?: boolean };
  arguments?: { threadId?: number; singleThread?: boolean };
}

/** Debuggers of the languages that can be profiled, by the type in their configurations. */
const TYPES = new Set(['node', 'pwa-node', 'node-terminal', 'python', 'debugpy']);

interface Configuration {
  type: string;
  request: string;
  [key: string]: unknown;
}

/** Whether a configuration starts a program of its own. One that attaches to a program comes too late for the hooks. */
export function runsPrograms({ type, request }: Configuration): boolean {
  return TYPES.has(type) && request === 'launch';
}

/**
 * The configuration's `env` with the session's in it. Where both the user and the session have something to say
 * (NODE_OPTIONS, PYTHONPATH), both are in it, also where the user's stands in a file that the debugger would let `env` override.
 * @param fromFiles variables of the configuration's `envFile`s
 * @param inherited what the program inherits where nobody says anything
 * @param environmentOn the session's variables for a program that would have had these
 */
export function programEnvironment(configuration: Configuration, fromFiles: NodeJS.ProcessEnv, inherited: NodeJS.ProcessEnv, environmentOn: (base: NodeJS.ProcessEnv) => Record<string, string>): Record<string, unknown> {
  const own = (typeof configuration['env'] === 'object' && configuration['env'] !== null ? configuration['env'] : {}) as Record<string, unknown>;
  const texts = Object.fromEntries(Object.entries(own).map(([name, value]) => [name, typeof value === 'string' || typeof value === 'number' ? String(value) : undefined]));
  return { ...own, ...environmentOn({ ...inherited, ...fromFiles, ...texts }) };
}

const GOES_ON = new Set(['continue', 'next', 'stepIn', 'stepOut', 'stepBack', 'reverseContinue', 'restartFrame', 'goto', 'disconnect', 'terminate', 'restart']);

/** The threads of a program that a debugger holds, after one more message: `all` where it does not say which. */
export function heldThreads(held: ReadonlySet<number | 'all'>, direction: 'toAdapter' | 'fromAdapter', message: DebugMessage): ReadonlySet<number | 'all'> {
  const { type, event, command, body, arguments: asked } = message;
  if (direction === 'fromAdapter' && type === 'event') {
    if (event === 'stopped') return new Set([...held, body?.allThreadsStopped === true || body?.threadId === undefined ? 'all' : body.threadId]);
    if (event === 'continued') return body?.allThreadsContinued === false ? without(held, body.threadId) : new Set();
    if (event === 'terminated' || event === 'exited') return new Set();
  }
  // Not every debugger has an event for what it was told to do.
  if (direction === 'toAdapter' && type === 'request' && command !== undefined && GOES_ON.has(command)) return asked?.singleThread === true ? without(held, asked.threadId) : new Set();
  return held;
}

function without(held: ReadonlySet<number | 'all'>, threadId: number | undefined): ReadonlySet<number | 'all'> {
  return new Set([...held].filter((thread) => thread !== threadId && thread !== 'all'));
}

/** A variable of new terminals. */
export interface TerminalVariable {
  name: string;
  value: string;
  /** `prepend`: others, such as a debugger's own terminal, have something in it that must stay. */
  how: 'prepend' | 'replace';
}

/** The session's variables for terminals, whose own lists are not known here: they are put before whatever is there. */
export function terminalVariables(environmentOn: (base: NodeJS.ProcessEnv) => Record<string, string>, inherited: NodeJS.ProcessEnv, separator: string = delimiter): TerminalVariable[] {
  const base = { ...inherited, NODE_OPTIONS: undefined, PYTHONPATH: undefined };
  return Object.entries(environmentOn(base)).map(([name, value]): TerminalVariable => {
    if (name === 'NODE_OPTIONS') return { name, value: `${value} `, how: 'prepend' };
    // Where there is nothing, the separator that is left over is the hook's to mend.
    if (name === 'PYTHONPATH') return { name, value: `${value}${separator}`, how: 'prepend' };
    return { name, value, how: 'replace' };
  });
}
