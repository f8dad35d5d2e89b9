/**
 * LangChain: who called a runnable, a model or an agent; what its queue puts off; and its tools, at the one method that runs
 * them all, whoever asks for it.
 */
import { currentContext, enterContext } from '../context.ts';
import type { Site } from '../contract.ts';
import { findDefinition, noteDefinition } from '../definitions.ts';
import { Entries } from '../entries.ts';
import { siteOfFunction } from '../functionSites.ts';
import type { Watcher } from '../modules.ts';
import { contentSizeOf } from '../sizes.ts';
import { observed, type Reporter, type Work } from '../spans.ts';
import { disguise, isClass, isObject, replaceMethod, type Callable } from '../wrapping.ts';

/** What users call on runnables, models, agents, retrievers and vector stores. */
const ENTRIES = ['invoke', 'batch', 'stream', 'streamEvents', 'streamLog', 'transform', 'generate', 'generatePrompt', 'similaritySearch', 'similaritySearchWithScore'];

export function watchLangChain(reporter: Reporter): Watcher {
  const entries = new Entries();
  const tools = new Tools();
  return (name, value) => {
    if (!isClass(value)) return undefined;
    const { prototype } = value;
    if (name === 'DynamicTool' || name === 'DynamicStructuredTool') return tools.pass(prototype);
    if (name === 'AsyncCaller') for (const method of ['call', 'callWithOptions']) replaceMethod(prototype, method, (original) => entries.watch(keepContext(original)));
    else if (name === 'StructuredTool') tools.watch(reporter, prototype);
    else for (const method of ENTRIES) replaceMethod(prototype, method, (original) => entries.watch(original));
    return undefined;
  };
}

/** A queue calls what it was given when its turn comes, in the context of whatever ended just before. */
function keepContext(original: Callable): Callable {
  return function queue(this: unknown, ...args: unknown[]): unknown {
    const context = currentContext();
    const bound = args.map((arg) => {
      if (typeof arg !== 'function' || context === undefined) return arg;
      return disguise(function (this: unknown, ...passed: unknown[]): unknown {
        const leave = enterContext(context);
        try {
          return Reflect.apply(arg as Callable, this, passed);
        } finally {
          leave();
        }
      }, arg as Callable);
    });
    return Reflect.apply(original, this, bound);
  };
}

/** What runs when a tool is called, and where that is written. */
class Tools {
  /** The methods of the library's own classes, which call a function that they were made with. */
  readonly #passing = new WeakSet<object>();

  pass(prototype: object): undefined {
    const run: unknown = Reflect.get(prototype, '_call');
    if (typeof run === 'function') this.#passing.add(run);
  }

  watch(reporter: Reporter, prototype: object): void {
    replaceMethod(prototype, 'call', (original) => observed(reporter, original, { describe: (self, args) => this.#describe(self, args), measure: contentSizeOf }));
    const inherited = Object.getPrototypeOf(prototype) as object;
    const note = (tool: object, below: () => unknown): void => this.#note(tool, below);
    // The constructor of the base class asks for this: the user's line that makes a tool is on the stack then, and at no other time.
    const asked = function (this: object): unknown {
      if (Reflect.get(this, 'lc_kwargs') === undefined) note(this, asked);
      return Reflect.get(inherited, 'lc_serializable_keys', this);
    };
    Object.defineProperty(prototype, 'lc_serializable_keys', { get: asked, configurable: true, enumerable: false });
  }

  #note(tool: object, below: () => unknown): void {
    try {
      noteDefinition(below, tool);
      this.#definitionOf(tool);
    } catch {
      // Its cost is on the line that runs it then.
    }
  }

  /** The method of a class of the user's, else the line that made the tool. */
  #definitionOf(tool: object): Site | null {
    const run: unknown = Reflect.get(tool, '_call');
    const written = typeof run === 'function' && !this.#passing.has(run) ? siteOfFunction(run) : null;
    return written ?? findDefinition(tool);
  }

  #describe(tool: unknown, [input, config]: unknown[]): Work | null {
    if (!isObject(tool) || typeof tool['name'] !== 'string') return null;
    const asked = isObject(config) && isObject(config['toolCall']) ? config['toolCall'] : isObject(input) && input['type'] === 'tool_call' ? input : null;
    const callId = asked?.['id'];
    const given = asked === input ? asked?.['args'] : input;
    return { kind: 'tool', name: tool['name'], callId: typeof callId === 'string' ? callId : null, input: given, definition: this.#definitionOf(tool) };
  }
}
