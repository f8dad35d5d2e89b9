/** A notebook's cell as a site's file: `/path/trips.ipynb[3]`, the cell that ran as the kernel's third. */

export interface NotebookCell {
  /** The notebook's path, as the kernel was told it. */
  notebook: string;
  /** The number that the notebook shows beside the cell. */
  execution: number;
}

/** Null for a file that is no cell. */
export function notebookCell(file: string): NotebookCell | null {
  const match = /^(.+\.ipynb)\[(\d+)\]$/s.exec(file);
  return match === null ? null : { notebook: match[1]!, execution: Number(match[2]) };
}
