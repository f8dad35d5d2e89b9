/** Drives the real page, which is in the document already, as the editor and a reader do. */
import { APPENDED_SPANS, makeBench, nextFrame, painted } from './drive.ts';
import type { LoadFigures } from './figures.ts';
import type { PackedUpdate } from '../../../src/protocol/webview.ts';

declare global {
  var oursWorkerScript: string;
}

const worker = new Worker(URL.createObjectURL(new Blob([globalThis.oursWorkerScript], { type: 'text/javascript' })));
let updates: PackedUpdate[] = [];
const say = (data: unknown): void => void window.dispatchEvent(new MessageEvent('message', { data }));
const is = (selector: string): boolean => document.querySelector(selector) !== null;

function answer<Type extends { type: string }>(request: object, type: Type['type']): Promise<Type> {
  return new Promise((done) => {
    const listen = ({ data }: MessageEvent<{ type: string }>): void => {
      if (data.type !== type) return;
      worker.removeEventListener('message', listen as EventListener);
      done(data as Type);
    };
    worker.addEventListener('message', listen as EventListener);
    worker.postMessage(request);
  });
}

globalThis.bench = makeBench({
  load: async (count): Promise<LoadFigures> => {
    const { hostMs } = await answer<{ type: 'made'; hostMs: number }>({ make: count }, 'made');
    const relay = ({ data }: MessageEvent<{ type: string }>): void => say(data);
    worker.addEventListener('message', relay);
    const begun = performance.now();
    worker.postMessage({ send: true });
    let firstMs: number | null = null;
    for (;;) {
      await nextFrame();
      if (firstMs === null && is('.state.hidden')) {
        await nextFrame();
        firstMs = performance.now() - begun;
      }
      if (is('main[aria-busy="false"]') && firstMs !== null) break;
    }
    await painted();
    worker.removeEventListener('message', relay);
    return { firstMs, fullMs: performance.now() - begun, hostMs };
  },
  move: (key) => void document.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true })),
  point: (clientX, clientY) => void document.querySelector('canvas.lanes')?.dispatchEvent(new PointerEvent('pointermove', { clientX, clientY, bubbles: true })),
  prepareAppend: async (times) => {
    ({ updates } = await answer<{ type: 'updates'; updates: PackedUpdate[] }>({ append: times, each: APPENDED_SPANS }, 'updates'));
  },
  append: () => say({ type: 'update', update: updates.shift() }),
});
