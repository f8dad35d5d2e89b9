/** Gives what loaded modules declare to those who watch it, and lets no trouble of theirs out. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { watchAnthropic } from './anthropicHook.ts';
import { watchAiSdk } from './frameworks/aiSdk.ts';
import { watchLangChain } from './frameworks/langchain.ts';
import { watchLangGraph } from './frameworks/langgraph.ts';
import { watchMastra } from './frameworks/mastra.ts';
import { watchMcp } from './frameworks/mcp.ts';
import { watchOpenAiAgents } from './frameworks/openaiAgents.ts';
import { watchHttpClient } from './httpClients.ts';
import type { ModulesOfInterest, Watcher } from './modules.ts';
import { watchOpenAi } from './openaiHook.ts';
import type { Runtime } from './runtime.ts';
import type { Reporter } from './spans.ts';
import { watchUndici } from './undiciDispatch.ts';

const MAKERS: Record<ModulesOfInterest['watcher'], (reporter: Reporter) => Watcher> = {
  openai: (reporter) => watchOpenAi(reporter),
  anthropic: watchAnthropic,
  aiSdk: watchAiSdk,
  openaiAgents: watchOpenAiAgents,
  langchain: watchLangChain,
  langgraph: watchLangGraph,
  mastra: watchMastra,
  mcp: watchMcp,
  undici: watchUndici,
  httpClient: watchHttpClient,
};

export class Watchers {
  readonly #runtime: Runtime;
  /** By the folder of the copy of the package that they watch. */
  readonly #watchers = new Map<string, Watcher>();

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
  }

  /** Called by the line that is appended to modules of interest. */
  found(watcher: string, folder: string, name: string, value: unknown): unknown {
    try {
      if (!isKnown(watcher)) return undefined;
      let made = this.#watchers.get(folder);
      if (made === undefined) {
        made = MAKERS[watcher]({ runtime: this.#runtime, source: 'framework', framework: labelOf(folder) });
        this.#watchers.set(folder, made);
      }
      return made(name, value);
    } catch {
      // An unforeseen version: its calls are attributed by the stack at the transport.
      return undefined;
    }
  }
}

function isKnown(watcher: string): watcher is ModulesOfInterest['watcher'] {
  return Object.hasOwn(MAKERS, watcher);
}

/** `ai 7.0.173`, from what the package says of itself. */
function labelOf(folder: string): string | null {
  try {
    const path = folder.startsWith('file:') ? fileURLToPath(folder) : folder;
    const { name, version } = JSON.parse(readFileSync(join(path, 'package.json'), 'utf8')) as { name?: unknown; version?: unknown };
    return typeof name === 'string' && typeof version === 'string' ? `${name} ${version}` : null;
  } catch {
    return null;
  }
}
