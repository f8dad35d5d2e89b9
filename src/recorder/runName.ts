/** How a run is called that its user gave no name. */
import { basename, extname } from 'node:path';

const SCRIPT_ENDINGS = new Set(['.py', '.ts', '.mts', '.cts', '.tsx', '.js', '.mjs', '.cjs', '.jsx']);

const isScript = (word: string): boolean => SCRIPT_ENDINGS.has(extname(word).toLowerCase());
/** A package's program that runs what comes after it. */
const isLauncher = (word: string): boolean => /[\\/]node_modules[\\/]|^node_modules[\\/]/.test(word);

/** A run's name from its command: the script's, else the module's after -m, else the program's. */
export function programName(words: readonly string[]): string {
  const script = words.find((word) => isScript(word) && !isLauncher(word)) ?? words.find(isScript);
  const module = words[words.indexOf('-m') + 1];
  const name = script ?? (words.includes('-m') && module !== undefined ? module : (words[0] ?? ''));
  return basename(name, isScript(name) ? extname(name) : '') || 'run';
}
