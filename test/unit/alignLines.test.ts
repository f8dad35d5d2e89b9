import { describe, expect, it } from 'vitest';
import { alignedLine } from '../../src/instrument/node/alignLines.ts';

const source = ['import { ask } from "./ask.js";', '', 'async function main() {', '  const answer = await ask(1);', '  show(answer);', '}', '', 'main();', 'again();', 'again();'];

describe('a line of code made of a file', () => {
  it('is the one that says the same, however it is indented and whatever stands before it', () => {
    const running = ['(function anonymous(', ') {', ...source.map((line) => `\t${line}`)];
    expect(alignedLine(running, source, 5)).toBe(3);
    expect(alignedLine(running, source, 7)).toBe(5);
  });

  it('that was rewritten lies between those around it', () => {
    const running = ['/* harmony */', 'async function main() {', '  const answer = await (0,_ask_js__0__.ask)(1);', '  show(answer);', '}'];
    expect(alignedLine(running, source, 3)).toBe(4);
  });

  it('is not told where lines were added or taken out around it, nor where several say the same', () => {
    const running = ['async function main() {', '  const helper = made;', '  const answer = await (0,_ask_js__0__.ask)(1);', '  show(answer);', 'main();', 'again();', 'again();'];
    expect([2, 3, 6, 7].map((line) => alignedLine(running, source, line))).toEqual([null, null, null, null]);
    expect(alignedLine(running, source, 99)).toBeNull();
  });
});
