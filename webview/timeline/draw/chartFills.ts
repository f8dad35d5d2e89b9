/** Fills of a chart's parts: a colour each, and a pattern of its own, for who can't tell the colours apart. */
const CELL = 8;

type Kind = 'plain' | 'rising' | 'dots' | 'falling' | 'bars' | 'cross';
const kinds: readonly Kind[] = ['plain', 'rising', 'dots', 'falling', 'bars', 'cross'];

function paint(ctx: CanvasRenderingContext2D, kind: Kind): void {
  ctx.beginPath();
  if (kind === 'dots') for (const [x, y] of [[2, 2], [6, 6]] as const) ctx.rect(x - 0.8, y - 0.8, 1.6, 1.6);
  // Each line also one cell to both sides, so that the tiles join.
  for (const shift of [-CELL, 0, CELL]) {
    if (kind === 'rising' || kind === 'cross') {
      ctx.moveTo(shift, CELL);
      ctx.lineTo(shift + CELL, 0);
    }
    if (kind === 'falling' || kind === 'cross') {
      ctx.moveTo(shift, 0);
      ctx.lineTo(shift + CELL, CELL);
    }
  }
  if (kind === 'bars') {
    ctx.moveTo(0, CELL / 2);
    ctx.lineTo(CELL, CELL / 2);
  }
  ctx.stroke();
}

/** One tile of the fill of the part number `index`: its colour, with its pattern in the background's. */
export function fillTile(index: number, color: string, background: string): HTMLCanvasElement {
  const tile = document.createElement('canvas');
  tile.width = tile.height = CELL;
  const ctx = tile.getContext('2d');
  if (ctx === null) return tile;
  ctx.fillStyle = color;
  ctx.fillRect(0, 0, CELL, CELL);
  ctx.strokeStyle = background;
  ctx.lineWidth = 1;
  const kind = kinds[index % kinds.length] ?? 'plain';
  if (kind !== 'plain') paint(ctx, kind);
  return tile;
}

/** The same as what a canvas fills with. */
export function chartFill(index: number, color: string, background: string): CanvasPattern | string {
  const tile = fillTile(index, color, background);
  return tile.getContext('2d')?.createPattern(tile, 'repeat') ?? color;
}

/** Of lines, in pixels; the first is whole. */
const DASHES: readonly number[][] = [[], [6, 3], [2, 3], [8, 3, 2, 3]];

export function dashOf(index: number): number[] {
  return DASHES[index % DASHES.length] ?? [];
}
