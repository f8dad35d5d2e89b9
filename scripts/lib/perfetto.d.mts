/** Folder of Perfetto's page, once `ensurePerfetto` has put it there. */
export const perfettoPage: string;
export function ensurePerfetto(): Promise<void>;
