// Starts VS Code's browser edition for the in-editor tests, the packaged extension's test and `npm run editor`: one recipe for all.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { codeServer } from './codeServer.mjs';
import { run, start, stop } from './process.mjs';

/** Settings that keep a fresh VS Code quiet: no welcome pages, no network, no assistants. */
export const quietSettings = {
  'chat.disableAIFeatures': true,
  'workbench.startupEditor': 'none',
  'workbench.tips.enabled': false,
  'extensions.autoUpdate': false,
  'extensions.autoCheckUpdates': false,
  'telemetry.telemetryLevel': 'off',
  'update.mode': 'none',
  'git.enabled': false,
  'git.openRepositoryInParentFolders': 'never',
  'window.restoreWindows': 'none',
};

/** Flags for a headless Chromium that talks to this machine only. */
export const browserFlags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-dev-shm-usage',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Writes user settings where VS Code (desktop and browser edition) looks for them. */
export function writeUserSettings(userData, settings) {
  mkdirSync(join(userData, 'User'), { recursive: true });
  writeFileSync(join(userData, 'User', 'settings.json'), JSON.stringify(settings, null, 2));
}

const LISTENING = /HTTP server listening on (http:\/\/127\.0\.0\.1:\d+)/;
const START_TIMEOUT_MS = 60_000;

/** The variables of a VS Code in whose terminal we run would confuse another; npm's are not the user's. */
const cleanEnvironment = (env) => Object.fromEntries(Object.entries(env).filter(([name]) => !/^(VSCODE_|ELECTRON_|npm_)/i.test(name)));

/**
 * Starts a server on a free loopback port.
 *
 * @param {{ userData: string, extensions: string, password?: string, gallery?: boolean, trust?: boolean, env?: NodeJS.ProcessEnv, log?: (text: string) => void }} options
 *   `trust`: folders must be trusted before anything in them is run; off, all are. `password`: asked for in the browser; none when left out. `gallery`: extensions can be searched and
 *   installed; else nothing is looked up on the network. `log`: gets what the server prints.
 * @returns {Promise<{ url: string, ended: Promise<void>, stop: () => Promise<void> }>}
 */
export async function startCodeServer({ userData, extensions, password, gallery = false, trust = false, env = {}, log = () => {} }) {
  mkdirSync(userData, { recursive: true });
  const child = start(
    codeServer.node,
    [
      codeServer.entry,
      ...['--auth', password ? 'password' : 'none', '--bind-addr', '127.0.0.1:0', '--config', join(userData, 'code-server.yaml')],
      ...['--user-data-dir', userData, '--extensions-dir', extensions],
      ...['--disable-telemetry', '--disable-update-check', '--disable-getting-started-override', ...(trust ? [] : ['--disable-workspace-trust'])],
      // Without this a built VS Code ignores extensionDevelopmentPath and extensionTestsPath.
      ...['--vscode-option', 'enable-smoke-test-driver'],
    ],
    { env: { ...cleanEnvironment(process.env), ...(gallery ? {} : { EXTENSIONS_GALLERY: '{}' }), ...(password ? { PASSWORD: password } : {}), ...env }, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  const ended = new Promise((resolve) => child.once('exit', () => resolve()));
  const url = await new Promise((resolve, reject) => {
    let printed = '';
    const timer = setTimeout(() => reject(new Error(`code-server did not start within ${START_TIMEOUT_MS / 1000} s:\n${printed}`)), START_TIMEOUT_MS);
    const read = (chunk) => {
      log(chunk);
      if (printed === null) return;
      printed += chunk;
      const found = LISTENING.exec(printed)?.[1];
      if (!found) return;
      clearTimeout(timer);
      printed = null;
      resolve(found);
    };
    child.stdout.setEncoding('utf8').on('data', read);
    child.stderr.setEncoding('utf8').on('data', read);
    child.once('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
    child.once('exit', (code) => {
      clearTimeout(timer);
      reject(new Error(`code-server ended with exit code ${code}:\n${printed ?? ''}`));
    });
  }).catch(async (error) => {
    await stop(child);
    throw error;
  });
  return { url, ended, stop: () => stop(child) };
}

/**
 * Installs a packaged extension as a user would.
 *
 * @param {{ vsix: string, userData: string, extensions: string }} options
 */
export async function installExtension({ vsix, userData, extensions }) {
  const { code, output } = await run(
    codeServer.node,
    [codeServer.entry, '--config', join(userData, 'code-server.yaml'), '--user-data-dir', userData, '--extensions-dir', extensions, '--install-extension', vsix],
    { env: cleanEnvironment(process.env) },
  );
  if (code !== 0) throw new Error(`code-server --install-extension failed with exit code ${code}:\n${output}`);
  return output;
}

/**
 * The address that opens a folder, with an extension in development where one is named.
 *
 * @param {string} url
 * @param {string} folder
 * @param {{ extension?: string, tests?: string }} [development] absolute paths
 */
export function workbenchUrl(url, folder, { extension, tests } = {}) {
  const remote = (path) => `vscode-remote://${new URL(url).host}${path}`;
  const payload = [['skipWelcome', 'true']];
  if (extension) payload.push(['extensionDevelopmentPath', remote(extension)]);
  if (tests) payload.push(['extensionTestsPath', remote(tests)]);
  return `${url}/?folder=${encodeURI(folder)}&payload=${encodeURIComponent(JSON.stringify(payload))}`;
}
