/** Raised when the profiler cannot serve: `code` is stable, `message` says what, where and what to do. */
export class ProfilerError extends Error {
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.name = 'ProfilerError';
    this.code = code;
  }
}
