/** Values that are here or still coming. */
export type MaybePromise<T> = T | Promise<T>;

/**
 * Goes on with a value at once when it is here, otherwise when it comes. Reading a parameter finds
 * everything in caches and must not pay for promises.
 */
export function whenHere<T, R>(
  value: MaybePromise<T>,
  use: (value: T) => MaybePromise<R>,
): MaybePromise<R> {
  return value instanceof Promise ? value.then(use) : use(value);
}
