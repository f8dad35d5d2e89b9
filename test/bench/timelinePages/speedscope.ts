/** speedscope's own page with its drawing by WebGL left out (see the runner): how long its data takes. Runs before the page's scripts. */
import { makeBench, nextFrame, painted } from './drive.ts';

const canvas = (): Element | null => document.querySelector('canvas');
const wheel = (deltaX: number, deltaY: number, ctrlKey: boolean): void => void (document.elementFromPoint(640, 500) ?? canvas())?.dispatchEvent(new WheelEvent('wheel', { deltaX, deltaY, ctrlKey, clientX: 640, clientY: 500, bubbles: true, cancelable: true }));

globalThis.bench = makeBench({
  load: async () => {
    // The toolbar names the orders once a profile is shown.
    while (!document.body.textContent.includes('Time Order')) await nextFrame();
    await painted();
    const fullMs = performance.now();
    return { firstMs: fullMs, fullMs, hostMs: null };
  },
  move: (key) => (key === 'w' || key === 's' ? wheel(0, key === 'w' ? -30 : 30, true) : wheel(key === 'd' ? 160 : -160, 0, false)),
  point: (clientX, clientY) => void document.elementFromPoint(clientX, clientY)?.dispatchEvent(new MouseEvent('mousemove', { clientX, clientY, bubbles: true })),
  append: null,
});
