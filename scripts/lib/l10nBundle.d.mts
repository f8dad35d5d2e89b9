export type Bundle = Record<string, string | { message: string; comment: string[] }>;
export const bundleFile: string;
export function bundleOfSources(): Promise<Bundle>;
export function bundleText(bundle: Bundle): string;
