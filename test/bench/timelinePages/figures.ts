/** What is measured in the benchmark's pages. */
export interface LoadFigures {
  /** Milliseconds from the data being there to the first picture with spans in it on screen, and to all of it. */
  firstMs: number;
  fullMs: number;
  /** What happened before, in another process or thread: the host's work. Null where there is none. */
  hostMs: number | null;
}
export interface FrameFigures {
  /** Milliseconds, of every frame: from one to the next, and of it the page's own code. */
  frames: number[];
  scripts: number[];
}
