/** Stays up until the user asks for the end: Ctrl-C, or SIGTERM. Signals keep the process alive only with something to wait for. */
export function untilAsked(): Promise<void> {
  return new Promise((resolve) => {
    const stayUp = setInterval(() => undefined, 1 << 30);
    const end = () => {
      clearInterval(stayUp);
      resolve();
    };
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, end);
  });
}
