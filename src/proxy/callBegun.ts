/** What the recorder is told of a request that has come, whatever becomes of it. */
import { CALL_HEADER, PROGRAM_HEADER } from '../protocol/hook.ts';
import type { CallBegun } from '../recorder/messages.ts';
import type { RequestHead } from './clientConnection.ts';
import { headerValue } from './responseReader.ts';
import type { Route } from './route.ts';

/** @param more what the request's head does not say */
export function callBegun(request: RequestHead, route: Route, more: Pick<CallBegun, 'call' | 'at' | 'upstream' | 'stream' | 'bytes'>): Omit<CallBegun, 'body'> {
  const { headers, method } = request;
  return {
    type: 'begun',
    endpoint: route.endpoint,
    method,
    path: route.path,
    tag: headerValue(headers, CALL_HEADER),
    program: headerValue(headers, PROGRAM_HEADER),
    attempt: attempt(request),
    traceparent: headerValue(headers, 'traceparent'),
    ...more,
  };
}

/** The openai SDKs count their retries from 0. */
function attempt(request: RequestHead): number {
  const retries = Number(headerValue(request.headers, 'x-stainless-retry-count') ?? 0);
  return Number.isInteger(retries) && retries >= 0 && retries < 1000 ? retries + 1 : 1;
}
