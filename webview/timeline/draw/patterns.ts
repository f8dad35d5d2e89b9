/** Hatches: idle time, inferred spans, and what tells the phases apart beside their colours. */

import type { HatchKind } from '../../common/fills.ts';

const CELL = 6;
const cache = new Map<string, CanvasPattern | null>();

function paintCell(ctx: CanvasRenderingContext2D, kind: HatchKind): void {
  if (kind === 'dots') {
    ctx.fillRect(1, 1, 1.6, 1.6);
    ctx.fillRect(4, 4, 1.6, 1.6);
    return;
  }
  ctx.beginPath();
  // Each line also one cell to both sides, so that the tiles join without notches.
  for (const shift of [-CELL, 0, CELL]) {
    if (kind !== 'falling') {
      ctx.moveTo(shift, CELL);
      ctx.lineTo(shift + CELL, 0);
    }
    if (kind !== 'rising') {
      ctx.moveTo(shift, 0);
      ctx.lineTo(shift + CELL, CELL);
    }
  }
  ctx.stroke();
}

/** A repeating hatch in one colour on a clear ground, sharp at this pixel ratio. Cached. */
export function hatch(ctx: CanvasRenderingContext2D, color: string, kind: HatchKind, pixelRatio: number, alpha = 1): CanvasPattern | string {
  const key = `${color} ${kind} ${pixelRatio} ${alpha}`;
  let pattern = cache.get(key);
  if (pattern === undefined) {
    if (cache.size > 64) cache.clear();
    const cell = document.createElement('canvas');
    cell.width = cell.height = Math.round(CELL * pixelRatio);
    const cellCtx = cell.getContext('2d');
    if (cellCtx !== null) {
      const scale = cell.width / CELL;
      cellCtx.scale(scale, scale);
      cellCtx.globalAlpha = alpha;
      cellCtx.strokeStyle = cellCtx.fillStyle = color;
      cellCtx.lineWidth = 1.1;
      paintCell(cellCtx, kind);
    }
    pattern = ctx.createPattern(cell, 'repeat');
    pattern?.setTransform(new DOMMatrix().scale(CELL / cell.width));
    cache.set(key, pattern);
  }
  return pattern ?? color;
}
