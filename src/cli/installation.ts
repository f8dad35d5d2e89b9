/** Where the parts of the installed program lie, relative to the bundle that is running. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

export interface Installation {
  profiler: string;
  instrumentDir: string;
  webviewScript: string;
  /** The editor's thread that analyses recordings. */
  analysis: string;
  /** Folder of what charts are drawn with: fonts, and what makes PNG of SVG. */
  drawing: string;
  /** The folder around it: in a clone the repository's root. */
  clone: string;
}

/** The built parts: beside this file when it is `dist/cli.cjs`, in `dist/` when it runs from source. */
export function installation(): Installation {
  const beside = existsSync(join(__dirname, 'profiler.cjs')) ? __dirname : join(dirname(dirname(__dirname)), 'dist');
  return {
    profiler: join(beside, 'profiler.cjs'),
    instrumentDir: join(beside, 'instrument'),
    webviewScript: join(beside, 'webview', 'timeline.js'),
    analysis: join(beside, 'analysis.cjs'),
    drawing: join(beside, 'drawing'),
    clone: dirname(beside),
  };
}
