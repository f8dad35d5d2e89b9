/**
 * MCP: each tool that a client has a server run, and in the server, where that is a program with a hook, the functions that are
 * run. The two spans of one run become one tool where the recording is read.
 */
import { findDefinition, noteDefinition } from '../definitions.ts';
import type { Watcher } from '../modules.ts';
import { sizeOf } from '../sizes.ts';
import { observed, type Reporter, type Work } from '../spans.ts';
import { isClass, isObject, replaceMethod } from '../wrapping.ts';

export function watchMcp(reporter: Reporter): Watcher {
  return (name, value) => {
    if (!isClass(value)) return undefined;
    if (name === 'Client') replaceMethod(value.prototype, 'callTool', (original) => observed(reporter, original, { describe: (_self, [params]) => askedOf(params), measure: sizeOfContent, failure: failureOf }));
    else watchServer(reporter, value.prototype);
    return undefined;
  };
}

function askedOf(params: unknown): Work | null {
  if (!isObject(params) || typeof params['name'] !== 'string') return null;
  return { kind: 'tool', name: params['name'], callId: null, input: params['arguments'] ?? {} };
}

function watchServer(reporter: Reporter, prototype: object): void {
  for (const method of ['registerTool', 'tool'])
    replaceMethod(prototype, method, (original) => {
      return function define(this: unknown, ...args: unknown[]): unknown {
        const tool = Reflect.apply(original, this, args);
        noteDefinition(define, tool);
        return tool;
      };
    });
  replaceMethod(prototype, 'executeToolHandler', (original) =>
    observed(reporter, original, { describe: (self, [tool, input]) => servedOf(self, tool, input), measure: sizeOfContent, failure: failureOf }),
  );
}

/** The server knows its tools by their names; a tool does not know its own. */
function servedOf(server: unknown, tool: unknown, input: unknown): Work | null {
  const tools = isObject(server) ? server['_registeredTools'] : null;
  const name = isObject(tools) ? Object.keys(tools).find((key) => tools[key] === tool) : undefined;
  return name === undefined ? null : { kind: 'tool', name, callId: null, input: input ?? {}, definition: findDefinition(tool) };
}

/** What the tool said: text counts as it is. */
function sizeOfContent(result: unknown): number | null {
  const content = isObject(result) ? result['content'] : null;
  if (!Array.isArray(content)) return sizeOf(result);
  const sizes = content.map((part: unknown) => sizeOf(isObject(part) && typeof part['text'] === 'string' ? part['text'] : part));
  return sizes.reduce<number | null>((sum, size) => (sum === null || size === null ? null : sum + size), 0);
}

function failureOf(result: unknown): string | null {
  if (!isObject(result) || result['isError'] !== true) return null;
  const said = Array.isArray(result['content']) ? result['content'].find((part: unknown) => isObject(part) && typeof part['text'] === 'string') as { text: string } | undefined : undefined;
  return said?.text ?? 'the tool failed';
}
