/** `--http-targets`: which addresses users may have events sent to. */
import type { Reach } from '../http/reach.ts';
import { type Flag, type Flags, UsageError } from './command.ts';

export const httpTargetsFlag = (usual: Reach | 'off'): Flag => ({
  name: 'http-targets',
  value: 'W',
  help:
    'where EventBridge may call HTTP endpoints: off, public, private (also private networks) or ' +
    `any (also this machine, and plain HTTP) (${usual})`,
});

/** Undefined: nowhere. Throws UsageError. */
export function httpTargetsOf(flags: Flags, usual: Reach | 'off'): Reach | undefined {
  const reach = flags.text('http-targets') ?? usual;
  if (reach === 'off') return undefined;
  if (reach === 'public' || reach === 'private' || reach === 'any') return reach;
  throw new UsageError(`--http-targets takes off, public, private or any, not '${reach}'.`);
}
