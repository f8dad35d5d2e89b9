/** Pointer and keyboard on the drawing, turned into intents. */
import type { Hit } from '../draw/hitTest.ts';
import type { Stage } from './stage.ts';

export interface InputActions {
  zoom(factor: number, at: number): void;
  /** By a share of what is shown. */
  pan(share: number): void;
  fit(): void;
  hover(hit: Hit | null, x: number | null): void;
  click(hit: Hit | null): void;
  doubleClick(hit: Hit | null): void;
  /** To the neighbour in a direction. */
  walk(direction: 'left' | 'right' | 'up' | 'down'): void;
  openSelected(): void;
  /** A drag selects a stretch of time. `free`: its ends do not snap to edges. */
  beginRegion(at: number, free: boolean): void;
  dragRegion(at: number, free: boolean): void;
  /** Moves an end of the region to the next edge. */
  stepRegion(direction: 1 | -1): void;
  /** Marks a moment, or with the second one a region. */
  mark(): void;
  zoomToSelection(): void;
  undo(): void;
  redo(): void;
  /** To the run's beginning or end, as close as it is. */
  toEnd(end: 'start' | 'end'): void;
  stepFound(direction: 1 | -1): void;
  clear(): void;
}

/** Pixels before a press becomes a drag. */
const DRAG_THRESHOLD = 4;
const WHEEL_ZOOM = 0.0015;
/** Lines and pages, in pixels, for mice that report those. */
const WHEEL_UNITS = [1, 16, 400];
export const KEY_ZOOM = 0.7;
export const KEY_PAN = 0.15;

export function listenOnStage(stage: Stage, actions: InputActions): void {
  listenToPointer(stage, actions);
  listenToWheel(stage, actions);
  listenToKeys(stage, actions);
}

function listenToPointer(stage: Stage, actions: InputActions): void {
  const { canvas } = stage;
  const fingers = new Map<number, { x: number; y: number }>();
  let start: { x: number; y: number; lastX: number; lastY: number; dragging: boolean; selects: boolean } | null = null;
  let spread = 0;

  const spreadOf = (): number => {
    const [a, b] = [...fingers.values()];
    return a === undefined || b === undefined ? 0 : Math.max(20, Math.hypot(a.x - b.x, a.y - b.y));
  };
  canvas.addEventListener('pointerdown', (event) => {
    if (event.button !== 0) return;
    fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    start = { x: event.clientX, y: event.clientY, lastX: event.clientX, lastY: event.clientY, dragging: fingers.size > 1, selects: event.shiftKey || stage.onRuler(event.clientY) };
    spread = spreadOf();
    canvas.setPointerCapture(event.pointerId);
    // A ring around everything is for those who came by keyboard.
    stage.root.classList.add('by-pointer');
    stage.root.focus({ preventScroll: true });
  });
  canvas.addEventListener('pointermove', (event) => {
    if (start === null) {
      const hit = stage.hit(event.clientX, event.clientY);
      canvas.classList.toggle('pointing', hit !== null && (hit.kind === 'span' || hit.idle));
      canvas.classList.toggle('selecting', event.shiftKey || stage.onRuler(event.clientY));
      actions.hover(hit, event.clientX);
      if (hit === null) stage.tooltip.hide();
      else stage.tooltip.show(hit, stage.scene().model, event.clientX, event.clientY);
      return;
    }
    if (fingers.has(event.pointerId)) fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    if (fingers.size === 2) {
      const now = spreadOf();
      const [a, b] = [...fingers.values()];
      if (a !== undefined && b !== undefined && now > 0) actions.zoom(spread / now, stage.timeAt((a.x + b.x) / 2));
      spread = now;
      return;
    }
    if (!start.dragging && Math.hypot(event.clientX - start.x, event.clientY - start.y) < DRAG_THRESHOLD) return;
    if (!start.dragging) {
      start.dragging = true;
      canvas.classList.add(start.selects ? 'selecting' : 'dragging');
      stage.tooltip.hide();
      actions.hover(null, null);
      if (start.selects) actions.beginRegion(stage.timeAt(start.x), event.altKey);
    }
    if (start.selects) {
      actions.dragRegion(stage.timeAt(event.clientX), event.altKey);
      return;
    }
    const { left, right } = stage.area;
    actions.pan((start.lastX - event.clientX) / Math.max(1, right - left));
    stage.scroller.scrollTop += start.lastY - event.clientY;
    start.lastX = event.clientX;
    start.lastY = event.clientY;
  });
  const release = (event: PointerEvent, clicked: boolean): void => {
    fingers.delete(event.pointerId);
    canvas.classList.remove('dragging');
    if (start !== null && !start.dragging && clicked) actions.click(stage.hit(event.clientX, event.clientY));
    if (fingers.size === 0) start = null;
  };
  canvas.addEventListener('pointerup', (event) => release(event, true));
  canvas.addEventListener('pointercancel', (event) => release(event, false));
  canvas.addEventListener('pointerleave', () => {
    stage.tooltip.hide();
    actions.hover(null, null);
  });
  canvas.addEventListener('dblclick', (event) => actions.doubleClick(stage.hit(event.clientX, event.clientY)));
}

function listenToWheel(stage: Stage, actions: InputActions): void {
  stage.scroller.addEventListener(
    'wheel',
    (event) => {
      const unit = WHEEL_UNITS[event.deltaMode] ?? 1;
      const { left, right } = stage.area;
      const x = event.clientX - stage.canvas.getBoundingClientRect().left;
      // Over the lanes' names the wheel scrolls the lanes, where they don't all fit.
      if (x < left && !event.ctrlKey) return;
      event.preventDefault();
      stage.tooltip.hide();
      const sideways = Math.abs(event.deltaX) > Math.abs(event.deltaY);
      if (event.shiftKey || sideways) {
        actions.pan(((sideways ? event.deltaX : event.deltaY) * unit) / Math.max(1, right - left));
      } else {
        // A pinch arrives as a wheel with the control key and small deltas.
        const amount = event.deltaY * unit * (event.ctrlKey ? 6 : 1);
        actions.zoom(Math.exp(Math.max(-1, Math.min(1, amount * WHEEL_ZOOM))), stage.timeAt(event.clientX));
      }
    },
    { passive: false },
  );
}

/** `m`, `Shift+n`, `Mod+z`: letters small, Shift only where it does not make another sign, Ctrl and the Mac's command key as one. */
function keyName(event: KeyboardEvent): string {
  const letter = /^[a-z]$/i.test(event.key);
  const key = letter ? event.key.toLowerCase() : event.key;
  return `${event.ctrlKey || event.metaKey ? 'Mod+' : ''}${event.shiftKey && (letter || event.key.length > 1) ? 'Shift+' : ''}${key}`;
}

function listenToKeys(stage: Stage, actions: InputActions): void {
  const middle = (): number => stage.timeAt((stage.area.left + stage.area.right) / 2 + stage.canvas.getBoundingClientRect().left);
  const keys: Record<string, () => void> = {
    w: () => actions.zoom(KEY_ZOOM, middle()),
    s: () => actions.zoom(1 / KEY_ZOOM, middle()),
    '+': () => actions.zoom(KEY_ZOOM, middle()),
    '=': () => actions.zoom(KEY_ZOOM, middle()),
    '-': () => actions.zoom(1 / KEY_ZOOM, middle()),
    a: () => actions.pan(-KEY_PAN),
    d: () => actions.pan(KEY_PAN),
    f: () => actions.fit(),
    z: () => actions.zoomToSelection(),
    u: () => actions.undo(),
    'Mod+z': () => actions.undo(),
    'Shift+u': () => actions.redo(),
    'Mod+Shift+z': () => actions.redo(),
    'Mod+y': () => actions.redo(),
    m: () => actions.mark(),
    n: () => actions.stepFound(1),
    'Shift+n': () => actions.stepFound(-1),
    Escape: () => actions.clear(),
  };
  /** These belong to whatever else has the focus. */
  const inStageOnly: Record<string, () => void> = {
    ArrowLeft: () => actions.walk('left'),
    ArrowRight: () => actions.walk('right'),
    ArrowUp: () => actions.walk('up'),
    ArrowDown: () => actions.walk('down'),
    'Shift+ArrowLeft': () => actions.stepRegion(-1),
    'Shift+ArrowRight': () => actions.stepRegion(1),
    Home: () => actions.toEnd('start'),
    End: () => actions.toEnd('end'),
    Enter: () => actions.openSelected(),
  };
  document.addEventListener('keydown', (event) => {
    stage.root.classList.remove('by-pointer');
    // Of a view that is not shown, or behind a dialog, no key is meant.
    if (event.altKey || stage.root.offsetParent === null || document.querySelector('dialog[open]') !== null) return;
    const target = event.target instanceof Element ? event.target : null;
    // Letters belong to a field that is typed into.
    if (target?.closest('vscode-text-field, input, textarea, select, [role="menu"]') !== null && target !== null) return;
    const inStage = target === document.body || (stage.root.contains(target) && target?.closest('button') === null);
    const name = keyName(event);
    const action = keys[name] ?? (inStage ? inStageOnly[name] : undefined);
    if (action === undefined) return;
    event.preventDefault();
    action();
  });
}
