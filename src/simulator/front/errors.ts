/** Errors in the form in which vLLM answers them. */
import type { z } from 'zod';

/** An answer other than 200, with the body that the client gets. */
export class ApiError extends Error {
  readonly status: number;
  readonly body: unknown;
  constructor(status: number, body: unknown, message: string) {
    super(message);
    this.name = 'ApiError';
    this.status = status;
    this.body = body;
  }
}

/** The same error as clients of Anthropic's API read it. */
export function inAnthropicsForm({ status, message }: ApiError): unknown {
  const type = status === 404 ? 'not_found_error' : status === 413 ? 'request_too_large' : status >= 500 ? 'api_error' : 'invalid_request_error';
  return { type: 'error', error: { type, message } };
}

/** A request that was understood and cannot be served. */
export function badRequest(message: string, param: string | null = null): ApiError {
  return new ApiError(400, { error: { message, type: 'BadRequestError', param, code: 400 } }, message);
}

/** The same for a parameter that has a value which vLLM does not take; it says which at the end of its message. */
export function invalidParameter(message: string, parameter: string, value?: string | number): ApiError {
  return badRequest(`${message} (parameter=${parameter}${value === undefined ? '' : `, value=${value}`})`, parameter);
}

/** A fault of this server. */
export function internalError(message: string): ApiError {
  return new ApiError(500, { error: { message, type: 'InternalServerError', param: null, code: 500 } }, message);
}

/** A body larger than this server reads. */
export function tooLarge(limit: number): ApiError {
  const message = `The request's body is larger than ${limit} bytes.`;
  return new ApiError(413, { error: { message, type: 'RequestEntityTooLarge', param: null, code: 413 } }, message);
}

/** No such route. */
export function notFound(): ApiError {
  return new ApiError(404, { detail: 'Not Found' }, 'Not Found');
}

/** The route is there, for another method. */
export function methodNotAllowed(): ApiError {
  return new ApiError(405, { detail: 'Method Not Allowed' }, 'Method Not Allowed');
}

interface ValidationProblem {
  type: string;
  loc: string;
  msg: string;
}

/** A body that is not what the route takes, as vLLM's validation (pydantic) reports it. */
function validationError(problems: ValidationProblem[]): ApiError {
  const lines = problems.map(({ type, loc, msg }) => `  {'type': '${type}', 'loc': '${loc}', 'msg': '${msg.replaceAll("'", '"')}'}`);
  const message = `${problems.length} validation error${problems.length === 1 ? '' : 's'}:\n${lines.join('\n')}`;
  return new ApiError(400, { error: { message, type: 'Bad Request', param: problems[0]?.loc ?? null, code: 400 } }, message);
}

/** A body that is not JSON. */
export function invalidJson(detail: string): ApiError {
  return validationError([{ type: 'json_invalid', loc: 'body', msg: `JSON decode error: ${detail}` }]);
}

/** A body that does not fit the route's schema. */
export function invalidBody(error: z.ZodError): ApiError {
  return validationError(
    error.issues.map((issue) => {
      const missing = issue.code === 'invalid_type' && /received undefined$/.test(issue.message);
      return { type: missing ? 'missing' : issue.code, loc: ['body', ...issue.path.map(String)].join('.'), msg: missing ? 'Field required' : issue.message };
    }),
  );
}
