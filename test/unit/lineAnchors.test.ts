import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anchorLines, sharedLines, splitLines } from '../../src/analysis/lineAnchors.ts';

const source = ['import os', '', 'def think(messages):', '    reply = client.create(model, messages)', '    return reply', '', 'def search(name):', '    page = fetch(name)', '    return page', '', 'print(think(search("a")))'];
const CALL = 3;
const FETCH = 7;

function after(edit: (lines: string[]) => void): string[] {
  const lines = [...source];
  edit(lines);
  return lines;
}

describe('a line of the run', () => {
  it('stays where it is when nothing changed, whatever the line ends', () => {
    expect(anchorLines(source, splitLines(source.join('\r\n')), [CALL]).get(CALL)).toEqual({ line: CALL, edited: false });
  });

  it('moves with lines added or removed above', () => {
    expect(anchorLines(source, after((lines) => lines.unshift('# one', '# two')), [CALL, FETCH])).toEqual(new Map([[CALL, { line: CALL + 2, edited: false }], [FETCH, { line: FETCH + 2, edited: false }]]));
    expect(anchorLines(source, after((lines) => lines.splice(0, 2)), [CALL]).get(CALL)).toEqual({ line: CALL - 2, edited: false });
  });

  it('is edited once its own text changes, and no longer when that is undone', () => {
    const edited = after((lines) => (lines[CALL] = '    reply = client.create(model, messages, tools=tools)'));
    expect(anchorLines(source, edited, [CALL, FETCH])).toEqual(new Map([[CALL, { line: CALL, edited: true }], [FETCH, { line: FETCH, edited: false }]]));
    expect(anchorLines(source, source, [CALL]).get(CALL)).toEqual({ line: CALL, edited: false });
  });

  it('is found beside a line that was added right above while it was edited', () => {
    const edited = after((lines) => lines.splice(CALL, 1, '    log("before")', '    reply = await client.create(model, messages)'));
    expect(anchorLines(source, edited, [CALL]).get(CALL)).toEqual({ line: CALL + 1, edited: true });
  });

  it('is gone when it was deleted, or replaced by something else', () => {
    expect(anchorLines(source, after((lines) => lines.splice(CALL, 1)), [CALL]).get(CALL)).toBeNull();
    expect(anchorLines(source, after((lines) => (lines[CALL] = '    pass')), [CALL]).get(CALL)).toBeNull();
  });

  it('is gone when the file never had it', () => {
    expect(anchorLines(source, source, [99]).get(99)).toBeNull();
  });

  it('survives a formatter: indentation, spaces, quotes, semicolons', () => {
    const formatted = source.map((line) => line.replace(/^ +/, '\t').replace('(model, messages)', '( model,messages );').replaceAll('"', "'"));
    for (const [line, anchor] of anchorLines(source, formatted, [CALL, FETCH, 10])) expect(anchor).toEqual({ line, edited: false });
  });

  it('survives being broken into several lines, and being joined again', () => {
    const broken = after((lines) => lines.splice(CALL, 1, '    reply = client.create(', '        model,', '        messages,', '    )'));
    expect(anchorLines(source, broken, [CALL, FETCH])).toEqual(new Map([[CALL, { line: CALL, edited: false }], [FETCH, { line: FETCH + 3, edited: false }]]));
    expect(anchorLines(broken, source, [CALL, CALL + 2, FETCH + 3])).toEqual(new Map([[CALL, { line: CALL, edited: false }], [CALL + 2, { line: CALL, edited: false }], [FETCH + 3, { line: FETCH, edited: false }]]));
  });

  it('is found after a formatter broke others beside it that were edited', () => {
    const now = after((lines) => lines.splice(CALL - 1, 2, 'def think(messages, more):', '    reply = client.create(', '        model, messages', '    )'));
    expect(anchorLines(source, now, [CALL, CALL - 1])).toEqual(new Map([[CALL, { line: CALL, edited: false }], [CALL - 1, { line: CALL - 1, edited: true }]]));
  });

  it('is edited when words in it change, and only then', () => {
    expect(anchorLines(['ask("a b")'], ['ask("ab")'], [0]).get(0)).not.toEqual({ line: 0, edited: false });
  });
});

describe('any edit', () => {
  const text = fc.array(fc.constantFrom('a = call(x)', 'b = call(y)', '', 'return a', 'if x:', 'call(z)'), { maxLength: 40 });

  it('leaves an anchor on a line with the same text, in the same order, unless it says edited', () => {
    fc.assert(
      fc.property(text, text, (before, now) => {
        const anchors = anchorLines(before, now, before.map((_, index) => index));
        const unedited = [...anchors].flatMap(([from, anchor]) => (anchor && !anchor.edited ? [[from, anchor.line] as const] : []));
        for (const [from, to] of unedited) expect(now[to]).toBe(before[from]);
        for (let index = 1; index < unedited.length; index++) expect(unedited[index]?.[1]).toBeGreaterThan(unedited[index - 1]?.[1] ?? Infinity);
      }),
    );
  });

  it('that is none leaves each line in its place, as what ran', () => {
    fc.assert(
      fc.property(fc.array(fc.string(), { maxLength: 60 }), (lines) => {
        for (const [line, anchor] of anchorLines(lines, lines, lines.map((_, index) => index))) expect(anchor).toEqual({ line, edited: false });
      }),
    );
  });

  it('that only adds lines loses none', () => {
    fc.assert(
      fc.property(text, fc.array(fc.tuple(fc.nat(40), fc.string({ minLength: 1, maxLength: 5 })), { maxLength: 8 }), (before, additions) => {
        const now: string[] = [...before];
        for (const [place, line] of additions) now.splice(Math.min(place, now.length), 0, `# new ${line.replace(/\s/g, '_')}`);
        for (const anchor of anchorLines(before, now, before.map((_, index) => index)).values()) expect(anchor?.edited).toBe(false);
      }),
    );
  });
});

describe('what two texts share', () => {
  const text = fc.array(fc.constantFrom('a = call(x)', 'b = call(y)', '', '}', 'return a'), { maxLength: 30 });

  it('is a share, the same both ways, all of it in an order of its own, and none of what has no words', () => {
    fc.assert(
      fc.property(text, text, (a, b) => {
        const shared = sharedLines(a, b);
        expect(shared).toBeGreaterThanOrEqual(0);
        expect(shared).toBeLessThanOrEqual(1);
        expect(sharedLines(b, a)).toBe(shared);
        if (a.some((line) => /\w/.test(line))) expect(sharedLines(a, [...a].reverse().map((line) => `  ${line};`))).toBe(1);
      }),
    );
    expect(sharedLines(['{', '}', ''], ['{', '}', ''])).toBe(0);
    expect(sharedLines(source, source.slice(0, 4))).toBeCloseTo((2 * 3) / (8 + 3));
  });
});

it('large replaced hunks are answered at once', () => {
  const before = Array.from({ length: 5000 }, (_, index) => `line ${index % 7}`);
  const now = Array.from({ length: 5000 }, (_, index) => `other ${index % 5}`);
  const begun = performance.now();
  anchorLines(before, now, [10]);
  expect(performance.now() - begun).toBeLessThan(2000);
});

it('any indentation of any line leaves every line what it was', () => {
  const lines = fc.array(fc.constantFrom('a = call(x)', 'b = call(y)', '', 'return a', 'if x:', 'call(z)'), { minLength: 1, maxLength: 40 });
  fc.assert(
    fc.property(lines, fc.array(fc.nat(8), { minLength: 40, maxLength: 40 }), (before, indents) => {
      const now = before.map((line, index) => ' '.repeat(indents[index] ?? 0) + line);
      for (const [line, anchor] of anchorLines(before, now, before.map((_, index) => index))) expect(anchor).toEqual({ line, edited: false });
    }),
  );
});

describe('what is remembered of texts', () => {
  it('changes nothing: the same two texts have the same anchors, whatever was looked at in between', () => {
    const lines = fc.array(fc.constantFrom('a = 1', 'a = 2', '', 'call(a)', '  call( a )', 'b'), { maxLength: 12 });
    fc.assert(
      fc.property(lines, lines, lines, (before, after, other) => {
        const wanted = before.map((_, index) => index);
        const first = anchorLines([...before], [...after], wanted);
        anchorLines([...other], [...before, 'x', ...after], []);
        expect(anchorLines([...before], [...after], wanted)).toEqual(first);
        // What stays where it was is found there.
        for (const [line, anchor] of anchorLines([...before], [...before], wanted)) expect(anchor).toEqual({ line, edited: false });
      }),
    );
  });
});
