// `dist/`: built again when a source, a dependency or the build itself has changed.
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { alone } from './lock.mjs';
import { root } from './paths.mjs';
import { run } from './process.mjs';
import { SetupError, step } from './steps.mjs';

const STAMP = join(root, 'dist', '.built-from');
const INPUTS = ['src', 'webview', 'profiles', 'media', 'test/host', 'scripts/build.mjs', 'package.json', 'package-lock.json', 'tsconfig.json'];

/** A fingerprint of all that goes into `dist/`: names, sizes and times, not contents, so that it takes milliseconds. */
function fingerprint() {
  const hash = createHash('sha256');
  const add = (path) => {
    const full = join(root, path);
    if (!existsSync(full)) return;
    const stat = statSync(full);
    if (stat.isDirectory()) {
      for (const name of readdirSync(full).sort()) if (name !== '__pycache__') add(`${path}/${name}`);
    } else hash.update(`${path}\0${stat.size}\0${stat.mtimeMs}\n`);
  };
  INPUTS.forEach(add);
  return hash.digest('hex');
}

const isBuilt = () => existsSync(STAMP) && readFileSync(STAMP, 'utf8') === fingerprint();

/** Builds `dist/` for development when it is missing or older than its sources. The stamp is written last: a build cut short is done again. */
export async function ensureBuilt() {
  if (isBuilt()) return;
  await alone('build', async (hold) => {
    if (isBuilt()) return;
    await step('build', async () => {
      const from = fingerprint();
      const { code, output } = await run(process.execPath, [join(root, 'scripts', 'build.mjs')], { cwd: root, onStart: hold });
      if (code !== 0) throw new SetupError(`The build failed:\n${output.trimEnd()}`);
      writeFileSync(STAMP, from);
    });
  });
}
