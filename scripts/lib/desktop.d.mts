export function chooseVscode(): Promise<{ host: 'desktop' | 'server'; launcher: string[] }>;
