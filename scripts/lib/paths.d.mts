export const root: string;
export const cacheFolder: string;
export const resultsFolder: string;
export function toolNode(): string;
