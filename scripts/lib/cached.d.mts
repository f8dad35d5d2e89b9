export function isComplete(folder: string): boolean;
export function installOnce(folder: string, fill: (temporary: string) => Promise<void>): Promise<void>;
