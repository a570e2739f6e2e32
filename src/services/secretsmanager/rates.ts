/**
 * Request quotas: token buckets for each account, Region and group of operations, before the
 * operations. A bucket holds a second's worth and refills steadily. Each node has its own.
 * (https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_limits.html)
 */
import type { Call, Operation, OperationTable } from '../../operation.ts';
import type { World } from '../../world.ts';
import { rateExceeded } from './errors.ts';

/** Requests a second that the operations of one row share. */
// biome-ignore format: a table
const groups: readonly (readonly [perSecond: number, operations: readonly string[]])[] = [
  [10_000, ['DescribeSecret', 'GetSecretValue']],
  [   100, ['BatchGetSecretValue']],
  [   100, ['ListSecrets']],
  [    50, ['ListSecretVersionIds']],
  [    50, ['GetRandomPassword']],
  [    50, ['CreateSecret']],
  [    50, ['DeleteSecret']],
  [    50, ['RestoreSecret']],
  [    50, ['RotateSecret', 'CancelRotateSecret']],
  [    50, ['TagResource', 'UntagResource']],
  [    50, ['GetResourcePolicy', 'PutResourcePolicy', 'DeleteResourcePolicy',
            'ListResourcePolicies', 'ValidateResourcePolicy']],
  [    50, ['PutSecretValue', 'UpdateSecret', 'UpdateSecretVersionStage',
            'ReplicateSecretToRegions', 'RemoveRegionsFromReplication', 'StopReplicationToReplica',
            'AssociateCrossAccountReplica', 'DisassociateCrossAccountReplica']],
];

const groupOf: ReadonlyMap<string, number> = new Map(
  groups.flatMap(([, operations], group) => operations.map((name) => [name, group])),
);

interface Bucket {
  tokens: number;
  /** `world.monotonic()` of the last refill. */
  filledAt: number;
}

/** A bucket that was left alone for a second is full, which is what a new one is. */
const maxBuckets = 20_000;

/**
 * The rows with their rates before them. The caller's account pays, also for what is denied.
 * `nodes`: how many share the work, each of which takes its part of every rate.
 */
export function throttled(
  rows: OperationTable,
  { nodes, world }: { readonly nodes: number; readonly world: World },
): OperationTable {
  const buckets = new Map<string, Bucket>();
  const paid = new WeakSet<Call>();
  const pay = (call: Call): void => {
    // A call that is run again after a conflict was paid for, and one inside another is its part.
    if (paid.has(call) || call.via.length > 0) return;
    paid.add(call);
    const group = groupOf.get(call.operation);
    if (group === undefined) throw new Error(`${call.operation} has no rate.`);
    const capacity = (groups[group]?.[0] ?? 0) / nodes;
    const now = world.monotonic();
    const key = `${call.principal.account}/${call.region}/${group}`;
    const bucket = buckets.get(key) ?? { tokens: capacity, filledAt: now };
    const refill = ((now - bucket.filledAt) / 1_000) * capacity;
    bucket.tokens = Math.min(capacity, bucket.tokens + refill);
    bucket.filledAt = now;
    if (buckets.size >= maxBuckets) buckets.clear();
    buckets.set(key, bucket);
    if (bucket.tokens < 1) throw rateExceeded();
    bucket.tokens -= 1;
  };
  return new Map([...rows].map(([name, row]) => [name, payingRow(row, pay)]));
}

function payingRow(
  row: Operation<unknown, unknown>,
  pay: (call: Call) => void,
): Operation<unknown, unknown> {
  const { find } = row;
  if (find === undefined) throw new Error('A row has no find to put its rate before.');
  return {
    ...row,
    find: (input, call) => {
      pay(call);
      return find(input, call);
    },
  };
}
