/**
 * Where Jazzer.js cannot be loaded: fast-check changes the kept inputs by chance, without looking at which code they reach, and makes
 * what fails smaller.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import type { Ran } from './jazzer.ts';
import type { Target } from './targets.ts';

type Change = { at: number; what: 'set' | 'insert' | 'delete' | 'double'; bytes: Uint8Array };

/** Words that these formats are made of, so that chance finds its way behind the first byte. */
const WORDS = ['\r\n', '\n\n', '\r', 'data: ', '"usage":null', '"usage":{', 'null', '{}', '[]', '"', '\\u0000', '\\"', ':', ',', '{"', '-1', '1e999', '\u{1F600}', '\uFEFF', 'chunked', '0\r\n\r\n', 'HTTP/1.1 ', 'Content-Length: ', '__proto__', 'true'];

const change = fc.record<Change>({
  at: fc.nat(),
  what: fc.constantFrom('set', 'insert', 'delete', 'double'),
  bytes: fc.oneof(fc.uint8Array({ minLength: 1, maxLength: 8 }), fc.constantFrom(...WORDS).map((word) => new Uint8Array(Buffer.from(word)))),
});

function changed(kept: Buffer, changes: Change[]): Buffer {
  let bytes = kept;
  for (const { at, what, bytes: more } of changes) {
    const from = at % (bytes.length + 1);
    const to = what === 'set' || what === 'delete' ? from + more.length : from;
    const middle = what === 'delete' ? Buffer.alloc(0) : what === 'double' ? bytes.subarray(from, from + 64) : more;
    bytes = Buffer.concat([bytes.subarray(0, from), middle, bytes.subarray(to)]);
  }
  return bytes;
}

/** Runs a target for so long. @param failures where an input that fails is put */
export function runByChance(target: Target, corpus: string, failures: string, seconds: number, seed: number): Ran {
  const kept = readdirSync(corpus).map((name) => readFileSync(join(corpus, name)));
  const inputs = fc.tuple(fc.constantFrom(...kept, Buffer.alloc(0)), fc.array(change, { minLength: 1, maxLength: 12 })).map(([one, changes]) => changed(one, changes));
  let runs = 0;
  const property = fc.property(inputs, (bytes) => {
    runs++;
    target(bytes);
  });
  const result = fc.check(property, { seed, numRuns: 1e9, interruptAfterTimeLimit: seconds * 1000, markInterruptAsFailure: false });
  if (!result.failed) return { ok: true, runs: String(runs), covered: '–', said: '' };
  const [bytes] = result.counterexample ?? [Buffer.alloc(0)];
  const name = `chance-${createHash('sha256').update(bytes).digest('hex').slice(0, 16)}`;
  writeFileSync(join(failures, name), bytes);
  return { ok: false, runs: String(runs), covered: '–', said: `${name}: ${JSON.stringify(bytes.toString('latin1'))}\n${String(result.errorInstance instanceof Error ? result.errorInstance.stack : result.errorInstance)}` };
}
