/**
 * Programs that inherit the hook's environment but are not the user's agent: package managers, editors and their language
 * servers, assistants. The hook does nothing inside them; the programs that they start are hooked all the same.
 */
import { basename } from 'node:path';

const NAMES = new Set(
  'npm npx npm-cli.js npx-cli.js yarn yarnpkg yarn.js yarn.cjs pnpm pnpx pnpm.js pnpm.cjs pnpm.mjs pnpx.cjs corepack corepack.js node-gyp node-gyp.js tsserver.js _tsserver.js typingsInstaller.js _typingsInstaller.js'.split(' '),
);
const PATHS = [
  /\/node_modules\/(npm|pnpm|yarn|node-gyp|corepack)\//,
  /\/corepack\/(dist|shims)\//,
  /\/\.yarn\/releases\/yarn-[^/]*\.c?js$/,
  /\/(\.vscode|\.vscode-server|\.cursor|\.windsurf)[^/]*\/extensions\//,
  /\/(language-?server|langserver)[^/]*$/i,
  /-(language-?server|langserver)(\.[cm]?js)?$/i,
  // Assistants that write the agent: their calls are not its.
  /\/node_modules\/(@anthropic-ai\/claude-code|@openai\/codex|@google\/gemini-cli|@github\/copilot|@qwen-code\/qwen-code|@sourcegraph\/amp|opencode-ai)\//,
];

/** Whether this process is a package manager, an Electron application or a language server. */
export function isBystander(argv: readonly string[], versions: Readonly<Record<string, string | undefined>>): boolean {
  if (versions['electron'] || versions['bun'] || versions['deno']) return true;
  const script = argv[1];
  if (script === undefined) return false;
  return NAMES.has(basename(script)) || PATHS.some((pattern) => pattern.test(script.replaceAll('\\', '/')));
}
