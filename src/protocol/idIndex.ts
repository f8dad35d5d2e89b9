/** From ids to numbers: a hash table of numbers alone, as a `Map` of a million texts would take more memory than all columns. */
export class IdIndex {
  private table = new Int32Array(64);
  private count = 0;
  private readonly idOf: (number: number) => string;

  /** @param idOf the id of a number that was added */
  constructor(idOf: (number: number) => string) {
    this.idOf = idOf;
  }

  /** Makes room for so many ids at once. */
  reserve(count: number): void {
    if (this.count > 0) return;
    let length = this.table.length;
    while (length < count * 2) length *= 2;
    this.table = new Int32Array(length);
  }

  clear(): void {
    this.table = new Int32Array(64);
    this.count = 0;
  }

  /** The number that was added last for this id, or -1. */
  get(id: string): number {
    const mask = this.table.length - 1;
    for (let at = hash(id) & mask; ; at = (at + 1) & mask) {
      const number = (this.table[at] as number) - 1;
      if (number < 0 || this.idOf(number) === id) return number;
    }
  }

  /** Adds a number whose id `idOf` knows by now; of two with one id the later one counts. */
  add(number: number): void {
    if (++this.count * 2 > this.table.length) this.grow();
    this.put(number);
  }

  private put(number: number): void {
    const id = this.idOf(number);
    const mask = this.table.length - 1;
    let at = hash(id) & mask;
    while ((this.table[at] as number) !== 0 && this.idOf((this.table[at] as number) - 1) !== id) at = (at + 1) & mask;
    this.table[at] = number + 1;
  }

  private grow(): void {
    const numbers = this.table.filter((entry) => entry !== 0).sort();
    this.table = new Int32Array(this.table.length * 4);
    for (const entry of numbers) this.put(entry - 1);
  }

  get bytes(): number {
    return this.table.byteLength;
  }
}

/** FNV-1a over UTF-16 units. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  return value ^ (value >>> 15);
}
