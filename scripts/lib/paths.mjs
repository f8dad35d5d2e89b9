// Where things are: the repository, and the cache that outlives `node_modules`.
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository's root. */
export const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

/** Holds the browser edition of VS Code and, where the system has none, a browser: too big to be installed with each clone. */
export const cacheFolder = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'agent-cost-profiler');

/** What tests leave for people: results as JSON, screenshots. Ignored by git. */
export const resultsFolder = join(root, 'test-results');

const installedNode = join(root, 'node_modules', 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node');

/** The Node for tools that need a newer one than the user may have: that of the dev dependencies, as npm scripts find it. */
export const toolNode = () => (existsSync(installedNode) ? installedNode : process.execPath);
