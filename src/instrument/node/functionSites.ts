/**
 * Where a function is written. Only V8's inspector knows, which is asked from within, without a port or a pause: some 2 ms for
 * the first function, and once some 20 to 70 more where its file is not on the stack.
 */
import type { InspectorNotification, Runtime, Session } from 'node:inspector';
import { loadBuiltin } from './builtins.ts';
import { sourceSite } from './callSites.ts';
import { HOOK_SYMBOL, type Site } from './contract.ts';

type Post = <Result>(method: string, params?: object) => Result;
interface Location {
  scriptId: string;
  lineNumber: number;
  columnNumber: number;
}
type GetCallSites = (frames: number) => { scriptId?: string; scriptName: string }[];

/** A function bound to something stands for another. */
const MOST_BOUND = 3;
const FRAMES = 60;
/** Handed to the inspector by this name on the object that the hook left on `globalThis`. */
const HANDLE = 'located';

const known = new WeakMap<object, Site | null>();
const files = new Map<string, string>();

/** Null for what is not written in the user's code, or where the inspector is not to be had. */
export function siteOfFunction(value: object): Site | null {
  let site = known.get(value);
  if (site === undefined) {
    site = locate(value);
    known.set(value, site);
  }
  return site;
}

function locate(value: object): Site | null {
  try {
    const session = new (loadBuiltin('node:inspector').Session)();
    session.connect();
    try {
      const location = locationOf(session, value);
      const file = location === null ? null : fileOf(session, location.scriptId);
      const name = (value as { name?: unknown }).name;
      if (location === null || file === null) return null;
      return sourceSite(file, location.lineNumber + 1, location.columnNumber + 1, typeof name === 'string' && name !== '' ? name : null);
    } finally {
      session.disconnect();
    }
  } catch {
    // Built without an inspector, or forbidden to use it: the line is unknown.
    return null;
  }
}

function posting(session: Session): Post {
  return <Result>(method: string, params: object = {}): Result => {
    let answer: unknown;
    // Answers at once: it is the same thread.
    session.post(method, params, (error, result) => {
      if (error !== null) throw error;
      answer = result;
    });
    return answer as Result;
  };
}

function locationOf(session: Session, value: object): Location | null {
  const post = posting(session);
  const holder = Reflect.get(globalThis, HOOK_SYMBOL) as Record<string, unknown>;
  holder[HANDLE] = value;
  try {
    const expression = `globalThis[Symbol.for(${JSON.stringify(HOOK_SYMBOL.description)})].${HANDLE}`;
    let { objectId } = post<Runtime.EvaluateReturnType>('Runtime.evaluate', { expression, silent: true }).result;
    for (let bound = 0; bound <= MOST_BOUND && objectId !== undefined; bound += 1) {
      const { internalProperties = [] } = post<Runtime.GetPropertiesReturnType>('Runtime.getProperties', { objectId, ownProperties: true });
      const location = internalProperties.find(({ name }) => name === '[[FunctionLocation]]')?.value?.value as Location | undefined;
      if (location !== undefined) return location;
      objectId = internalProperties.find(({ name }) => name === '[[TargetFunction]]')?.value?.objectId;
    }
    return null;
  } finally {
    Reflect.deleteProperty(holder, HANDLE);
  }
}

/** A script's file is mostly that of a frame on the stack; the debugger knows all, but takes its time to list them. */
function fileOf(session: Session, scriptId: string): string | null {
  if (!files.has(scriptId)) for (const frame of framesOnStack()) if (frame.scriptId !== undefined) files.set(frame.scriptId, frame.scriptName);
  if (!files.has(scriptId)) listScripts(session);
  return files.get(scriptId) ?? null;
}

function framesOnStack(): ReturnType<GetCallSites> {
  const { getCallSites } = loadBuiltin('node:util') as { getCallSites?: GetCallSites };
  return getCallSites?.(FRAMES) ?? [];
}

function listScripts(session: Session): void {
  const post = posting(session);
  const onScript = ({ params }: InspectorNotification<{ scriptId: string; url: string }>): void => void files.set(params.scriptId, params.url);
  session.on('Debugger.scriptParsed', onScript);
  post('Debugger.enable');
  post('Debugger.disable');
}
