// `node scripts/example.mjs`: records the example that the editor shows to people who have nothing to run yet, on the embedded server.
import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync, copyFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startWikiServer } from '../src/benchmarks/hotpotqa/wikiServer.ts';
import { ensureBuilt } from './lib/bundles.mjs';
import { root } from './lib/paths.mjs';
import { run } from './lib/process.mjs';
import { runScript, SetupError } from './lib/steps.mjs';

/** Stands in the recording for the folder that the example is put into when it is opened. */
const FOLDER = '/agent-cost-example';
const example = join(root, 'media', 'example');

await runScript(async () => {
  await ensureBuilt();
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'agent-cost-example-')));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  copyFileSync(join(example, 'agent.mjs'), join(folder, 'agent.mjs'));
  const wiki = await startWikiServer({});
  const { code, output } = await run(process.execPath, [join(root, 'dist/cli.cjs'), 'run', '--tokenizer', 'estimate', '--name', 'example', '--out', 'example.agentcost', '--', 'node', 'agent.mjs'], { cwd: folder, env: { ...process.env, WIKI_API_URL: wiki.url } });
  await wiki.close();
  if (code !== 0) throw new SetupError(`The example's run failed with exit code ${code}:\n${output}`);
  const lines = readFileSync(join(folder, 'example.agentcost'), 'utf8').trimEnd().split('\n').map((line) => JSON.parse(line.replaceAll(JSON.stringify(folder).slice(1, -1), FOLDER)));
  // Checksums are of the lines as they were.
  for (const line of lines) delete line.crc;
  // Of this machine nothing else is in it: the interpreter's path, and addresses that were free.
  for (const line of lines) if (line.type === 'process') line.argv = line.argv.map((argument) => (argument === process.execPath ? 'node' : argument));
  const text = lines.map((line) => `${JSON.stringify(line)}\n`).join('');
  writeFileSync(join(example, 'example.agentcost'), text);
  process.stdout.write(`${join(example, 'example.agentcost')}  ${Math.round(text.length / 1024)} kB\n`);
});
