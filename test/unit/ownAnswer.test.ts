import { expect, it } from 'vitest';
import { unreachableRemedy } from '../../src/proxy/ownAnswer.ts';

it.each([
  ['EMFILE', /raise its limit \(`ulimit -n`\)/],
  ['ENFILE', /fewer calls at once/],
  ['ECONNREFUSED', /^Start the server\.$/],
])('what helps against %s is told', (code, remedy) => {
  expect(unreachableRemedy(Object.assign(new Error('x'), { code }), 'Start the server.')).toMatch(remedy);
});
