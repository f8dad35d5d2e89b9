/** What a run of all framework tests found, as JSON and as the table in the project's README. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface FrameworkResult {
  id: string;
  title: string;
  language: 'python' | 'node';
  version: string | null;
  /** Found of served, of ran, of expected. */
  calls: string | null;
  tools: string | null;
  agents: string | null;
  passed: boolean;
}

const root = join(import.meta.dirname, '../..');
const BEGIN = '<!-- frameworks: written by npm run test:frameworks -->';
const END = '<!-- /frameworks -->';

/** @param options.whole all frameworks were tested, at their current releases: only then the README says so */
export function writeResults(results: readonly FrameworkResult[], options: { whole: boolean }): void {
  writeFileSync(join(root, 'test-results', 'frameworks.json'), JSON.stringify(results, null, 2));
  if (!options.whole || results.some(({ passed }) => !passed)) return;
  const path = join(root, 'README.md');
  const readme = readFileSync(path, 'utf8');
  const [from, to] = [readme.indexOf(BEGIN), readme.indexOf(END)];
  if (from < 0 || to < 0) return;
  writeFileSync(path, readme.slice(0, from + BEGIN.length) + `\n\n${tableOf(results)}\n\n` + readme.slice(to));
}

export function tableOf(results: readonly FrameworkResult[]): string {
  const rows = results.map(({ title, version, calls, tools, agents }) => `| ${title} | ${version ?? '–'} | ${calls ?? '–'} | ${tools ?? '–'} | ${agents ?? '–'} |`);
  return ['| framework | version | model calls found / served | tools measured / run | agents |', '|---|---|---|---|---|', ...rows].join('\n');
}
