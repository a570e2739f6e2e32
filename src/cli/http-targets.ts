/** `--http-targets`: which addresses users may have events sent to. */
import type { Reach } from '../http/reach.ts';
import { type Flag, type Flags, UsageError } from './command.ts';

export const httpTargetsFlag = (usual: Reach): Flag => ({
  name: 'http-targets',
  value: 'W',
  help:
    `where API destinations may be: public, private (also private networks) or any ` +
    `(also this machine, and plain HTTP) (${usual})`,
});

/** Throws UsageError. */
export function httpTargetsOf(flags: Flags, usual: Reach): Reach {
  const reach = flags.text('http-targets') ?? usual;
  if (reach === 'public' || reach === 'private' || reach === 'any') return reach;
  throw new UsageError(`--http-targets takes public, private or any, not '${reach}'.`);
}
