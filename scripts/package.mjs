// `npm run package [-- --out FILE]`: packs the extension into a .vsix. Works in a folder of its own: `dist/` stays as it is.
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { root, toolNode } from './lib/paths.mjs';
import { run } from './lib/process.mjs';
import { runScript, SetupError, step } from './lib/steps.mjs';

/** What is packed besides the bundles; .vscodeignore says which files of them. */
const SHIPPED = ['package.json', ...readdirSync(root).filter((name) => /^package\.nls\b.*\.json$/.test(name)), 'l10n', '.vscodeignore', 'README.md', 'CHANGELOG.md', 'LICENSE', 'media'];

await runScript(async () => {
  const { name, version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const out = resolve(process.argv[2] === '--out' && process.argv[3] ? process.argv[3] : join(root, `${name}-${version}.vsix`));
  const stage = mkdtempSync(join(tmpdir(), 'agent-cost-package-'));
  process.once('exit', () => rmSync(stage, { recursive: true, force: true }));
  const node = async (cwd, args) => {
    const { code, output } = await run(toolNode(), args, { cwd });
    if (code !== 0) throw new SetupError(`${args[0]} failed with exit code ${code}:\n${output.trimEnd()}`);
  };
  for (const path of SHIPPED) if (existsSync(join(root, path))) cpSync(join(root, path), join(stage, path), { recursive: true });
  await step('build for production', () => node(root, [join(root, 'scripts', 'build.mjs'), '--production', '--out', join(stage, 'dist')]));
  // Everything is bundled, so nothing of node_modules goes along; where the repository lies is not yet said in package.json.
  await step('pack', () => node(stage, [join(root, 'node_modules', '@vscode', 'vsce', 'vsce'), 'package', '--no-dependencies', '--allow-missing-repository', '--no-rewrite-relative-links', '--out', out]));
  process.stdout.write(`${out}  ${Math.round(statSync(out).size / 1024)} kB\n`);
});
