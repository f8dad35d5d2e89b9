// `npm run editor [-- FOLDER]`: VS Code with the extension, straight from this clone, and the examples open in it.
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { ensureCodeServer } from './lib/codeServer.mjs';
import { findOnPath, hasDisplay } from './lib/desktop.mjs';
import { quietSettings, startCodeServer, workbenchUrl, writeUserSettings } from './lib/editorHost.mjs';
import { cacheFolder, root } from './lib/paths.mjs';
import { run } from './lib/process.mjs';
import { runScript, SetupError } from './lib/steps.mjs';

/** Desktop VS Code opens a window and returns at once. */
async function openDesktop(code, folder) {
  const { code: exitCode, output } = await run(code, [`--extensionDevelopmentPath=${root}`, '--new-window', folder]);
  if (exitCode !== 0) throw new SetupError(`${code} failed with exit code ${exitCode}:\n${output.trimEnd()}`);
  process.stdout.write('VS Code is opening. Open agent.ts or simple_http_agent.py there and press the play button with the flame.\n');
}

async function serveBrowserEdition(folder) {
  await ensureCodeServer();
  // Kept between starts, so that window layout and settings stay as the user left them.
  const userData = join(cacheFolder, 'editor', 'user');
  if (!existsSync(join(userData, 'User', 'settings.json'))) writeUserSettings(userData, quietSettings);
  // Whoever reaches this port can run programs as you: other users of this machine must not.
  const password = randomBytes(9).toString('base64url');
  const server = await startCodeServer({ userData, extensions: join(cacheFolder, 'editor', 'extensions'), password, gallery: true });
  process.stdout.write(
    [
      '',
      'VS Code with Agent Cost Profiler runs here; open this address in a browser:',
      '',
      `  ${workbenchUrl(server.url, folder, { extension: root })}`,
      '',
      `  password  ${password}`,
      '',
      'Open agent.ts or simple_http_agent.py there and press the play button with the flame. Ctrl-C here ends it.',
      '',
    ].join('\n'),
  );
  await server.ended;
}

await runScript(async () => {
  const folder = resolve(process.argv[2] ?? join(root, 'examples'));
  if (!existsSync(folder)) throw new SetupError(`${folder} does not exist: name a folder to open.`);
  const code = hasDisplay() ? findOnPath('code') : null;
  if (code) await openDesktop(code, folder);
  else await serveBrowserEdition(folder);
});
