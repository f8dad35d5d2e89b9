/**
 * Code that a bundler or a development server hands to `eval` or `new Function` in pieces that carry a name (`//# sourceURL`) and a
 * source map: webpack's `eval-source-map` (Next.js while it is developed) and Vite's module runner. Only V8's inspector has such maps,
 * which is asked from within, without a port or a pause: 20 to 70 ms once, and again where there are pieces that it did not list yet.
 */
import { existsSync, readFileSync } from 'node:fs';
import type { InspectorNotification, Session } from 'node:inspector';
import type { SourceMap } from 'node:module';
import { dirname, isAbsolute, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { alignedLine } from './alignLines.ts';
import { loadBuiltin } from './builtins.ts';
import { now } from './events.ts';
import { inlineMapOf } from './inlineMaps.ts';
import { ownFolders } from './ownModules.ts';

/** All looks together may take so many milliseconds: a program that makes pieces all the time is not slowed by them. */
const MOST_MS = 500;

/** A piece of code that carries a name: with its map, as text until it is asked for, or else with its own lines where they can be compared with a file's. */
interface Piece {
  map: string | SourceMap | null;
  lines: string[] | null;
}
interface Script {
  scriptId: string;
  url: string;
  hasSourceURL?: boolean;
  sourceMapURL?: string;
}

/** By their names. */
const pieces = new Map<string, Piece>();
let spentMs = 0;

/** The source map of the piece with this name. */
export function evalMap(name: string): SourceMap | null {
  const piece = pieceOf(name);
  if (typeof piece.map === 'string') piece.map = inlineMapOf(piece.map);
  return piece.map;
}

/** The line of `file` that a line of the piece came from, where that can be told without a map. */
export function evalLine(name: string, file: string, line: number): number | null {
  const { lines } = pieceOf(name);
  if (lines === null) return null;
  try {
    return alignedLine(lines, readFileSync(file, 'utf8').split(LINE_END), line);
  } catch {
    return null;
  }
}

function pieceOf(name: string): Piece {
  if (!pieces.has(name)) listPieces();
  // Not asked for again: made when there was no time left.
  if (!pieces.has(name)) pieces.set(name, { map: null, lines: null });
  return pieces.get(name)!;
}

function listPieces(): void {
  if (spentMs >= MOST_MS) return;
  const began = now();
  try {
    const session = new (loadBuiltin('node:inspector').Session)();
    session.connect();
    try {
      const scripts: Script[] = [];
      session.on('Debugger.scriptParsed', ({ params }: InspectorNotification<Script>) => {
        if (params.hasSourceURL === true) scripts.push(params);
      });
      session.post('Debugger.enable');
      for (const { scriptId, url, sourceMapURL } of scripts) {
        const map = sourceMapURL?.startsWith('data:application/json') === true ? sourceMapURL : null;
        pieces.set(url, { map, lines: map === null && evalFile(url) !== null ? linesOf(session, scriptId) : null });
      }
      session.post('Debugger.disable');
    } finally {
      session.disconnect();
    }
  } catch {
    // Built without an inspector, or forbidden to use it.
  }
  spentMs += now() - began;
}

function linesOf(session: Session, scriptId: string): string[] {
  let text = '';
  // Answers at once: it is the same thread.
  session.post('Debugger.getScriptSource', { scriptId }, (error, result) => {
    if (error === null) text = result.scriptSource;
  });
  return text.split(LINE_END);
}

const LINE_END = /\r\n|[\n\r\u2028\u2029]/;
const WEBPACK = /^webpack:\/\/[^/]*\/(.*?)(?:\?\w*)?$/s;
const files = new Map<string, string | null>();

/** The user's file that the name of a piece, or of a source in its map, means: `/…/agent.ts` (seen from `folder`), `file:///…`, `webpack://name/./src/agent.ts?1a2b`. */
export function evalFile(source: string, folder: string | null = null): string | null {
  if (source.startsWith('webpack:')) return webpackFile(source);
  try {
    if (source.startsWith('file:')) return fileURLToPath(source);
  } catch {
    return null;
  }
  if (isAbsolute(source)) return source;
  return folder === null || /^\w[\w+.-]+:/.test(source) ? null : resolve(folder, source);
}

/** The file that webpack means by `webpack://name/./src/agent.ts?1a2b`, seen from the project's folder; null for its own code, and where there is none. */
function webpackFile(source: string): string | null {
  let file = files.get(source);
  if (file === undefined) files.set(source, (file = findFile(WEBPACK.exec(source)?.[1])));
  return file;
}

function findFile(module: string | undefined): string | null {
  if (module === undefined || /^(?:webpack\/|external |ignored |\(webpack\))/.test(module)) return null;
  if (isAbsolute(module)) return module;
  for (const own of ownFolders()) {
    // The bundle lies somewhere below.
    for (let folder = resolve(own); ; folder = dirname(folder)) {
      const file = resolve(folder, module);
      if (existsSync(file)) return file;
      if (folder === dirname(folder)) break;
    }
  }
  return null;
}
