/** Where a catch clause tells the hook what it caught. */
import { parse } from 'acorn';
import { describe, expect, it } from 'vitest';
import { catchInsertions } from '../../src/instrument/node/transform/catchClauses.ts';
import type { Tree } from '../../src/instrument/node/transform/trees.ts';

const TOLD = (name: string) => `$agentCost.caught?.(${name});`;

/** The text with what is put into its clauses, which must be a program still. */
function told(text: string, mayMove = false): string {
  const parsed = (source: string) => parse(source, { ecmaVersion: 'latest', allowReturnOutsideFunction: true }) as unknown as Tree;
  const restOfLine = (at: number) => text.slice(at).split('\n')[0] ?? '';
  let changed = text;
  for (const { at, text: added } of catchInsertions(parsed(text), restOfLine, mayMove).toSorted((a, b) => a.at - b.at).toReversed()) changed = changed.slice(0, at) + added + changed.slice(at);
  parsed(changed);
  return changed;
}

describe('a catch clause', () => {
  it.each([
    ['at its beginning', 'try { a() } catch (e) {\n  b();\n}', `try { a() } catch (e) {${TOLD('e')}\n  b();\n}`],
    ['by a name of its own', 'try { a() } catch { // no matter\n  b();\n}', `try { a() } catch ($agentCostError){${TOLD('$agentCostError')} // no matter\n  b();\n}`],
    ['where it does nothing', 'try { a() } catch {}', `try { a() } catch ($agentCostError){${TOLD('$agentCostError')}}`],
    ['before it returns what cannot fail', 'const f = () => { try { return a() } catch (e) { return { b: [-1, `x`] }; } };', `const f = () => { try { return a() } catch (e) {${TOLD('e')} return { b: [-1, \`x\`] }; } };`],
    ['behind what has a place', 'try { a() } catch (e) { b(); return undefined }', `try { a() } catch (e) { b(); ;${TOLD('e')}return undefined }`],
    ['at its end, whatever ends the line before', 'try { a() } catch (e) { b = null }', `try { a() } catch (e) { b = null ;${TOLD('e')}}`],
    ['within a loop', 'for (;;) { try { a() } catch { continue } }', `for (;;) { try { a() } catch ($agentCostError){${TOLD('$agentCostError')} continue } }`],
  ])('tells %s', (_what, text, expected) => {
    expect(told(text)).toBe(expected);
  });

  it.each([
    ['what it does has a place and there is no name', 'try { a() } catch { b() }'],
    ['something else stands on the line', 'try { a() } catch {} b();'],
    ['a part of what it caught has a name', 'try { a() } catch ({ message }) {\n  b(message);\n}'],
    ['what it does ends on another line', 'try { a() } catch { return [1,\n2]; }'],
  ])('tells nothing where %s', (_what, text) => {
    expect(told(text)).toBe(text);
  });

  it('tells wherever it stands in a file whose map is moved along', () => {
    expect(told('try { a() } catch { b() } c();', true)).toBe(`try { a() } catch ($agentCostError){${TOLD('$agentCostError')} b() } c();`);
  });
});
