/**
 * Positions in code that a tool hands to `vm` without its map, which stays with the tool (Vitest): it maps the stacks of errors by its
 * `Error.prepareStackTrace`, and is asked for a stack of one frame.
 */
import type { CallSite } from './stacks.ts';

export interface Place {
  /** A path or URL. */
  source: string;
  line: number;
  column: number;
}

const FRAME = /^\s*at (?:.* \()?(.+):(\d+):(\d+)\)?$/;
/** Files whose code was handed over without a map. */
const withoutMap = new Set<string>();

/** To be told of all code of the user's that is handed to `vm`. */
export function noteHandedOver(file: string, hasMap: boolean): void {
  if (hasMap) withoutMap.delete(file);
  else withoutMap.add(file);
}

/** What the tool that handed the code over takes this position for; null where it does not map it, and for code that nobody handed over. */
export function hostPlace(file: string, line: number, column: number | null): Place | null {
  if (!withoutMap.has(file)) return null;
  const prepare: unknown = Object.getOwnPropertyDescriptor(Error, 'prepareStackTrace')?.value;
  if (typeof prepare !== 'function') return null;
  try {
    const text: unknown = Reflect.apply(prepare, Error, [new Error('where'), [new Frame(file, line, column ?? 1) as unknown as CallSite]]);
    const [, source, toLine, toColumn] = typeof text === 'string' ? (FRAME.exec(text.slice(text.lastIndexOf('\n') + 1)) ?? []) : [];
    if (source === undefined) return null;
    const place = { source, line: Number(toLine), column: Number(toColumn) };
    return source === file && place.line === line && place.column === (column ?? 1) ? null : place;
  } catch {
    // It wants more of a frame than there is.
    return null;
  }
}

/** A frame of a function without a name. Tools that copy frames take all methods of its prototype, as V8's have them there. */
class Frame {
  readonly #file: string;
  readonly #line: number;
  readonly #column: number;

  constructor(file: string, line: number, column: number) {
    this.#file = file;
    this.#line = line;
    this.#column = column;
  }

  getFileName(): string {
    return this.#file;
  }

  getScriptNameOrSourceURL(): string {
    return this.#file;
  }

  getLineNumber(): number {
    return this.#line;
  }

  getEnclosingLineNumber(): number {
    return this.#line;
  }

  getColumnNumber(): number {
    return this.#column;
  }

  getEnclosingColumnNumber(): number {
    return this.#column;
  }

  isToplevel(): boolean {
    return true;
  }

  isEval(): boolean {
    return false;
  }

  isNative(): boolean {
    return false;
  }

  isConstructor(): boolean {
    return false;
  }

  isAsync(): boolean {
    return false;
  }

  isPromiseAll(): boolean {
    return false;
  }

  getThis(): undefined {
    return undefined;
  }

  getFunction(): undefined {
    return undefined;
  }

  getTypeName(): null {
    return null;
  }

  getFunctionName(): null {
    return null;
  }

  getMethodName(): null {
    return null;
  }

  getEvalOrigin(): undefined {
    return undefined;
  }

  getPromiseIndex(): null {
    return null;
  }

  getScriptHash(): string {
    return '';
  }

  getPosition(): number {
    return 0;
  }

  toString(): string {
    return `${this.#file}:${this.#line}:${this.#column}`;
  }
}
