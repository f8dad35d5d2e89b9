/** LLMCompiler's plan (Kim et al. 2024, §3.1): numbered calls, each of which may take what earlier ones gave, as `$1`. */
import type { Tool, ToolArguments, ToolCall } from '../agent.ts';
import { parseArguments, renderCall } from '../format/arguments.ts';
import { findTool } from '../model/session.ts';

export const END_OF_PLAN = '<END_OF_PLAN>';

export interface PlannedCall extends ToolCall {
  /** Its number in the plan; `$id` stands for what it gave. */
  id: number;
}

/** Reads a plan while it is written: `1. search("words")`, a line at a time, until `join()`. */
export class PlanParser {
  readonly #tools: readonly Tool[];
  #read = 0;
  #nextId: number;
  #ended = false;
  /** The planner's number of each call of this plan, and the one that it got, where they differ. */
  readonly #renumbered = new Map<number, number>();

  constructor(tools: readonly Tool[], firstId = 1) {
    this.#tools = tools;
    this.#nextId = firstId;
  }

  /** The calls that have become complete with this text, which begins with all that came before. @param isWhole no more will follow */
  feed(text: string, isWhole = false): PlannedCall[] {
    const calls: PlannedCall[] = [];
    while (!this.#ended && this.#read < text.length) {
      const end = text.indexOf('\n', this.#read);
      if (end === -1 && !isWhole) break;
      const line = text.slice(this.#read, end === -1 ? text.length : end);
      this.#read = end === -1 ? text.length : end + 1;
      const call = this.#line(line);
      if (call !== null) calls.push(call);
    }
    return calls;
  }

  #line(line: string): PlannedCall | null {
    const match = /^[\s*>`-]*(?:\$?(\d+)\s*[.):=]\s*)?[`*]*([A-Za-z_][\w-]*)[`*]*\s*[([](.*)$/.exec(line);
    if (match === null) {
      this.#ended = line.includes(END_OF_PLAN);
      return null;
    }
    const [, number, name = '', rest = ''] = match;
    if (/^(join|finish)$/i.test(name)) {
      this.#ended = true;
      return null;
    }
    const tool = findTool(this.#tools, name);
    // Without a number only the name of a tool makes a call of a line.
    if (number === undefined && tool === undefined) return null;
    const argument = rest.replace(END_OF_PLAN, '').replace(/\s*#[^"'\])]*$/, '').replace(/[)\]][`*\s.;]*$/, '');
    this.#ended = rest.includes(END_OF_PLAN);
    const id = this.#nextId++;
    const own = number === undefined ? id : Number(number);
    const call: PlannedCall = { id, tool: tool?.name ?? name, arguments: this.#withIds(tool === undefined ? {} : parseArguments(argument, tool)) };
    this.#renumbered.set(own, id);
    return call;
  }

  /** Models start each plan at 1, though the numbers go on over plans. */
  #withIds(args: ToolArguments): ToolArguments {
    return mapTexts(args, (text) => text.replace(REFERENCE, (whole, braced: string | undefined, bare: string | undefined) => `$${this.#renumbered.get(Number(braced ?? bare)) ?? (braced ?? bare) ?? whole}`));
  }
}

const REFERENCE = /\$(?:\{(\d+)\}|(\d+))/g;

/** The calls that one waits for. */
export function dependencies({ arguments: args }: ToolCall): number[] {
  const found = new Set<number>();
  mapTexts(args, (text) => {
    for (const match of text.matchAll(REFERENCE)) found.add(Number(match[1] ?? match[2]));
    return text;
  });
  return [...found];
}

/** The arguments with what earlier calls gave in the place of `$1` (§3.2). */
export function substitute(args: ToolArguments, results: ReadonlyMap<number, string>): ToolArguments {
  return mapTexts(args, (text) => text.replace(REFERENCE, (whole, braced: string | undefined, bare: string | undefined) => results.get(Number(braced ?? bare)) ?? whole));
}

function mapTexts(args: ToolArguments, change: (text: string) => string): ToolArguments {
  return Object.fromEntries(Object.entries(args).map(([name, value]) => [name, typeof value === 'string' ? change(value) : value]));
}

/** A plan as the planner writes it. */
export function planText(calls: readonly ToolCall[], tools: readonly Tool[], firstId = 1): string {
  return [...calls.map((call, index) => `${firstId + index}. ${renderCall(call, tools, '()')}`), `${firstId + calls.length}. join()${END_OF_PLAN}`].join('\n');
}
