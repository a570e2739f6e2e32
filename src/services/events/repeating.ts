/** Work that is done again and again, never twice at a time. */

export interface Repeating {
  /** Does it now; resolves when it is done. */
  readonly now: () => Promise<void>;
  readonly close: () => Promise<void>;
}

export function repeating(
  work: () => Promise<void>,
  { everyMs, onFault }: { readonly everyMs: number; readonly onFault: (error: unknown) => void },
): Repeating {
  let running: Promise<void> | undefined;
  const now = (): Promise<void> => {
    running ??= work()
      .catch(onFault)
      .finally(() => {
        running = undefined;
      });
    return running;
  };
  const timer = setInterval(() => void now(), everyMs).unref();
  return {
    now,
    close: async () => {
      clearInterval(timer);
      await running;
    },
  };
}
