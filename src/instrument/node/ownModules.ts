/** The files of the user's own, which get their probes as they are loaded (see `transform/instrumentSource.ts`). */
import Module, { createRequire } from 'node:module';
import { dirname, join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadBuiltin } from './builtins.ts';
import { noteBundle } from './bundles.ts';
import type { Section } from './transform/codeMap.ts';
import type { instrumentSource, MapReader, MARK, ModuleKind, packageSections } from './transform/instrumentSource.ts';

interface Transform {
  instrumentSource: typeof instrumentSource;
  MARK: typeof MARK;
  packageSections: typeof packageSections;
}
type StripTypes = (text: string) => string;

/** A larger file is not looked at. What is read of a smaller one, `transform/bundle.ts` says. */
const MOST_BYTES = 32 * 1024 * 1024;
const SCRIPT = /\.[cm]?[jt]sx?$/;
/** Package managers keep these among the user's files. */
const NOT_OWN = /[\\/](?:node_modules|\.yarn|\.pnp\.[^\\/]+)(?:[\\/]|$)/;

let transform: Transform | null | undefined;
let onBundledSdk: (() => void) | null = null;
let folders: string[] | null = null;

/** Whether a file (a path or a `file:` URL) is below the folder that the program was started in, or that of its script, and no package's. */
export function isOwn(file: string): boolean {
  const path = pathOf(file);
  return path !== null && SCRIPT.test(path) && !NOT_OWN.test(path) && ownFolders().some((folder) => path.startsWith(folder));
}

function pathOf(file: string): string | null {
  if (!file.startsWith('file:')) return file.startsWith('node:') ? null : file;
  try {
    const url = new URL(file);
    url.search = '';
    url.hash = '';
    return fileURLToPath(url);
  } catch {
    return null;
  }
}

/** The folder that the program was started in, and that of its script; each ends with a separator. */
export function ownFolders(): string[] {
  folders ??= [process.cwd(), ...(process.argv[1] === undefined ? [] : [dirname(process.argv[1])])].map((folder) => (folder.endsWith(sep) ? folder : folder + sep));
  return folders;
}

/** `found` is called before a file runs that an SDK is bundled into. */
export function whenSdkIsBundled(found: () => void): void {
  onBundledSdk = found;
}

/**
 * The source with probes, of the type that it came in; the very same where there is nothing to probe or it cannot be done.
 * `file`: its name as V8 has it, a path for what is required and a URL for what is imported.
 */
export function withProbes(source: unknown, file: string, format: unknown): unknown {
  try {
    if (typeof source !== 'string' && !(source instanceof Uint8Array)) return source;
    const readMap = appliesMaps() ? null : (reference: string) => load()?.packageSections(reference, file) ?? [];
    if (source.length > MOST_BYTES) return source;
    const text = typeof source === 'string' ? source : Buffer.from(source.buffer, source.byteOffset, source.byteLength).toString();
    const { hasSdk, sections } = noteBundle(text, file, readMap);
    if (hasSdk) onBundledSdk?.();
    if (isCompared()) return source;
    const changed = instrument(text, file, format, sections);
    if (changed === null) return source;
    return typeof source === 'string' ? changed : Buffer.from(changed);
  } catch {
    // No JavaScript, or newer than our parser: nothing of it is measured.
    return source;
  }
}

function instrument(text: string, file: string, format: unknown, sections: readonly Section[]): string | null {
  const kinds = kindsOf(format);
  const running = kinds.length > 0 && typeof format === 'string' && format.endsWith('-typescript') ? stripTypes(text) : text;
  if (kinds.length === 0 || running === null) return null;
  const { instrumentSource } = load() ?? {};
  if (instrumentSource === undefined) return null;
  for (const kind of kinds) {
    try {
      return instrumentSource({ text, file, kind, reader: mapReader(), running, sections });
    } catch {
      // Not of this kind.
    }
  }
  return null;
}

/** Where the format is not said, Node tries the one and then the other. */
function kindsOf(format: unknown): ModuleKind[] {
  if (format === 'module' || format === 'module-typescript') return ['module'];
  if (format === 'commonjs' || format === 'commonjs-typescript') return ['commonjs'];
  return format === undefined || format === null ? ['commonjs', 'module'] : [];
}

function load(): Transform | null {
  if (transform === undefined) {
    // While it loads, and should it stand in the program's own folder: it is not to look at itself half loaded.
    transform = null;
    try {
      transform = createRequire(__filename)(join(dirname(__filename), 'transform.cjs')) as Transform;
    } catch {
      // Not readable to this program.
    }
  }
  return transform;
}

/** The text with blanks for its types, as Node will make it; null where Node does not tell. Node warns of the function, which the program did not call. */
function stripTypes(text: string): string | null {
  const { stripTypeScriptTypes } = Module as unknown as { stripTypeScriptTypes?: StripTypes };
  if (stripTypeScriptTypes === undefined) return null;
  const emitWarning = Object.getOwnPropertyDescriptor(process, 'emitWarning');
  if (emitWarning?.configurable !== true) return null;
  Object.defineProperty(process, 'emitWarning', { ...emitWarning, value: () => undefined });
  try {
    return stripTypeScriptTypes(text);
  } finally {
    Object.defineProperty(process, 'emitWarning', emitWarning);
  }
}

/** Debuggers and coverage compare the text that runs with the file on disk. The editor's own debugger believes a map. */
function isCompared(): boolean {
  if (process.env['NODE_V8_COVERAGE']) return true;
  // Node itself would apply it, too.
  if (isEditors()) return appliesMaps();
  return /--inspect/.test(`${process.execArgv.join(' ')} ${process.env['NODE_OPTIONS'] ?? ''}`) && loadBuiltin('node:inspector').url() !== undefined;
}

function appliesMaps(): boolean {
  return (process as { sourceMapsEnabled?: boolean }).sourceMapsEnabled === true;
}

function mapReader(): MapReader {
  if (appliesMaps()) return 'process';
  return isEditors() ? 'debugger' : 'nobody';
}

/** js-debug hands this to the programs that it starts. */
function isEditors(): boolean {
  return Boolean(process.env['VSCODE_INSPECTOR_OPTIONS']);
}
