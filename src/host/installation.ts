/** Where the parts of the installed extension lie, and what it keeps. */
import { join } from 'node:path';
import type { ExtensionContext } from 'vscode';
import { keptDocumentsFolder } from '../recorder/keptDocumentsFolder.ts';

export interface Installation {
  /** The profiler process's bundle. */
  profiler: string;
  /** Folder of the hooks. */
  instrumentDir: string;
  webviewScript: string;
  experimentScript: string;
  /** The thread that runs experiments. */
  experiments: string;
  /** The thread that reads and analyses recordings. */
  analysis: string;
  /** The thread that looks up what the spans of a long recording said. */
  contents: string;
  /** Folder of the documents of long recordings that are kept for a next time. */
  keptDocuments: string;
}

export function installation(context: ExtensionContext): Installation {
  const built = join(context.extensionPath, 'dist');
  return {
    profiler: join(built, 'profiler.cjs'),
    instrumentDir: join(built, 'instrument'),
    webviewScript: join(built, 'webview', 'timeline.js'),
    experimentScript: join(built, 'webview', 'experiment.js'),
    experiments: join(built, 'experiments.cjs'),
    analysis: join(built, 'analysis.cjs'),
    contents: join(built, 'contents.cjs'),
    keptDocuments: keptDocumentsFolder(),
  };
}
