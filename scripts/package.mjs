// `npm run package [-- --out FILE]`: builds for production and packs the extension into a .vsix.
import { readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { root } from './lib/paths.mjs';
import { run } from './lib/process.mjs';
import { runScript, SetupError, step } from './lib/steps.mjs';

await runScript(async () => {
  const { name, version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const out = resolve(process.argv[2] === '--out' && process.argv[3] ? process.argv[3] : join(root, `${name}-${version}.vsix`));
  const inRoot = async (args) => {
    const { code, output } = await run(process.execPath, args, { cwd: root });
    if (code !== 0) throw new SetupError(`${args[0]} failed with exit code ${code}:\n${output.trimEnd()}`);
  };
  await step('build for production', () => inRoot([join(root, 'scripts', 'build.mjs'), '--production']));
  // Everything is bundled, so nothing of node_modules goes along; where the repository lies is not yet said in package.json.
  await step('pack', () =>
    inRoot([join(root, 'node_modules', '@vscode', 'vsce', 'vsce'), 'package', '--no-dependencies', '--allow-missing-repository', '--out', out]),
  );
  process.stdout.write(`${out}  ${Math.round(statSync(out).size / 1024)} kB\n`);
});
