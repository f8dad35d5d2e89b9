// VS Code's browser edition, for machines where no desktop build can be downloaded: code-server from npm, on a Node of its own.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { installOnce, isComplete } from './cached.mjs';
import { ensureBuildTools } from './debian.mjs';
import { cacheFolder } from './paths.mjs';
import { npm } from './process.mjs';
import { SetupError, step } from './steps.mjs';

export const CODE_SERVER_VERSION = '4.139.1';
/** code-server runs on this Node only, and its install script checks. */
const NODE_VERSION = '24';

const folder = join(cacheFolder, `code-server-${CODE_SERVER_VERSION}`);

/** The Node that runs code-server, and the script it runs. */
export const codeServer = {
  node: join(folder, 'node_modules', '.bin', 'node'),
  entry: join(folder, 'node_modules', 'code-server', 'out', 'node', 'entry.js'),
};

/** Installs code-server into the cache folder unless it is there. Takes minutes the first time: its native parts are compiled. */
export async function ensureCodeServer() {
  if (isComplete(folder)) return;
  if (process.platform === 'win32') throw new SetupError('VS Code in the browser does not run on Windows itself: use WSL, or desktop VS Code (AGENT_COST_TEST_VSCODE=desktop).');
  await ensureBuildTools();
  await step(`install VS Code for the browser (code-server ${CODE_SERVER_VERSION}, about 3 minutes, once) into ${folder}`, () =>
    installOnce(folder, async (temporary) => {
      // Newer npm versions run install scripts only of packages that are named here.
      const allowScripts = { node: true, 'code-server': true };
      writeFileSync(join(temporary, 'package.json'), JSON.stringify({ name: 'code-server-for-tests', private: true, allowScripts }));
      const install = async (spec, binFolder) => {
        const { code, output } = await npm(['install', spec, '--no-audit', '--no-fund', '--no-package-lock'], { cwd: temporary, binFolder });
        if (code !== 0) throw new SetupError(`npm install ${spec} failed with exit code ${code}:\n${output.slice(-8_000).trimEnd()}`);
      };
      // One after the other: code-server's install script must find Node 24 on PATH already.
      await install(`node@${NODE_VERSION}`);
      await install(`code-server@${CODE_SERVER_VERSION}`, join(temporary, 'node_modules', '.bin'));
    }),
  );
}
