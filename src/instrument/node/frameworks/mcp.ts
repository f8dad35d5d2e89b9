/** MCP: each tool that a client has a server run. */
import type { Watcher } from '../modules.ts';
import { contentSizeOf } from '../sizes.ts';
import { observed, type Reporter } from '../spans.ts';
import { isClass, isObject, replaceMethod } from '../wrapping.ts';

export function watchMcp(reporter: Reporter): Watcher {
  return (_name, client) => {
    if (!isClass(client)) return undefined;
    replaceMethod(client.prototype, 'callTool', (original) =>
      observed(reporter, original, {
        describe: (_self, [params]) => {
          if (!isObject(params) || typeof params['name'] !== 'string') return null;
          return { kind: 'tool', name: params['name'], callId: null, input: params['arguments'] ?? {} };
        },
        measure: contentSizeOf,
      }),
    );
    return undefined;
  };
}
