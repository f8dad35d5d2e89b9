/** What is done when a turn of the event loop is over: its callback, and the promises that it let go on. */

type Work = () => void;

// The host may replace it, in tests of its own. No timer: where two of them are due at once, stacks of what waited for one show it.
const soon = setImmediate;
let first: Work[] = [];
let last: Work[] = [];

/** Raises nothing, nor does `work`. `isLast`: after all that is not. */
export function whenTurnIsOver(work: Work, isLast = false): void {
  if (first.length + last.length === 0) soon(finish);
  (isLast ? last : first).push(work);
}

function finish(): void {
  // What these ask for in their turn comes with the next.
  const works = [...first, ...last];
  first = [];
  last = [];
  for (const work of works) work();
}
