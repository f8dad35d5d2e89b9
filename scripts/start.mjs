// `npm start`: profiles the bundled ReAct agent on three HotpotQA questions and shows what it cost.
// `npm start -- --backend URL --model NAME` does it on your own server; other options of `agent-cost run` work too.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startWikiServer } from '../src/benchmarks/hotpotqa/wikiServer.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const options = process.argv.slice(2);

const wiki = await startWikiServer({});
console.error('Profiling the bundled ReAct agent on 3 HotpotQA questions; its tools ask a small bundled Wikipedia.\n');

const child = spawn(
  process.execPath,
  [join(root, 'dist/cli.cjs'), 'run', '--html', '--name', 'react-hotpot', ...options, '--', process.execPath, 'src/agents/main.ts', '--agent', 'react', '--n', '3'],
  { cwd: root, stdio: 'inherit', env: { ...process.env, WIKI_API_URL: wiki.url } },
);
// Ctrl-C reaches the child from the terminal: wait for its orderly end.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => child.kill('SIGTERM'));
const code = await new Promise((resolve) => child.once('exit', (exitCode, signal) => resolve(signal === null ? exitCode : 1)));
await wiki.close();
process.exitCode = code;
