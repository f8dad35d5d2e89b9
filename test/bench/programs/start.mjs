// A program of ordinary size that calls no model: what is measured is how long it takes to come and go.
import { readFileSync } from 'node:fs';

const words = new Map();

function count(text) {
  for (const word of text.split(/\W+/)) {
    words.set(word, (words.get(word) ?? 0) + 1);
  }
  return words.size;
}

const report = {
  top(n) {
    return [...words].sort(([, a], [, b]) => b - a).slice(0, n);
  },
  async print() {
    const lines = this.top(3).map(([word, times]) => {
      return `${word}: ${times}`;
    });
    return lines.join('\n');
  },
};

count(readFileSync(new URL(import.meta.url), 'utf8'));
process.stdout.write(`${await report.print()}\n`);
