export const quietSettings: Readonly<Record<string, unknown>>;
export const browserFlags: readonly string[];

export interface CodeServer {
  /** `http://127.0.0.1:PORT` */
  url: string;
  ended: Promise<void>;
  stop(): Promise<void>;
}

export function writeUserSettings(userData: string, settings: Readonly<Record<string, unknown>>): void;
export function startCodeServer(options: {
  userData: string;
  extensions: string;
  password?: string;
  gallery?: boolean;
  trust?: boolean;
  env?: NodeJS.ProcessEnv;
  log?: (text: string) => void;
}): Promise<CodeServer>;
export function installExtension(options: { vsix: string; userData: string; extensions: string }): Promise<string>;
export function workbenchUrl(url: string, folder: string, development?: { extension?: string; tests?: string }): string;
