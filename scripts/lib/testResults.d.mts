export interface Outcome {
  passed: number;
  failures: { title: string; message: string }[];
}
export function readVitest(file: string): Outcome | null;
export function readEditorSuite(file: string): Outcome | null;
