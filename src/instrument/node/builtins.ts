/**
 * Node's larger modules, loaded only once there is a session: an `import` would cost every process that merely inherits the
 * environment some 20 ms.
 */
import { createRequire } from 'node:module';
import type childProcess from 'node:child_process';
import type http from 'node:http';
import type http2 from 'node:http2';
import type https from 'node:https';
import type inspector from 'node:inspector';
import type net from 'node:net';
import type perfHooks from 'node:perf_hooks';
import type util from 'node:util';

interface Builtins {
  'node:child_process': typeof childProcess;
  'node:http': typeof http;
  'node:http2': typeof http2;
  'node:https': typeof https;
  'node:inspector': typeof inspector;
  'node:net': typeof net;
  'node:perf_hooks': typeof perfHooks;
  'node:util': typeof util;
}

export function loadBuiltin<Name extends keyof Builtins>(name: Name): Builtins[Name] {
  return createRequire(__filename)(name) as Builtins[Name];
}
