/**
 * How many secrets an account may have in a Region: counted in a record that changes with them, and
 * only where quotas are asked for, because creations that share a record wait for each other.
 */
import type { Write } from '../../store/engine.ts';
import type { Entry } from '../../store/store.ts';
import { tooManySecrets } from './errors.ts';
import { type Records, type SecretCount, secretsPrefix } from './records.ts';

interface Owner {
  readonly account: string;
  readonly region: string;
}

export interface SecretLimits {
  /**
   * The writes that go with a new secret.
   * @throws ApiError LimitExceededException when the account has as many as it may.
   */
  readonly addSecret: (owner: Owner) => Promise<readonly Write[]>;
  /**
   * The writes that go with secrets that are deleted: each call counts one less than the call
   * before, so the batches must be committed in this order.
   */
  readonly removals: () => (owner: Owner) => Promise<readonly Write[]>;
}

/** https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_limits.html */
export const maxSecrets = 500_000;

/** `max` undefined: as many as there is room for. */
export function secretLimits(records: Records, max: number | undefined): SecretLimits {
  const none = async (): Promise<readonly Write[]> => [];
  if (max === undefined) return { addSecret: none, removals: () => none };
  const { counts } = records;
  const change = (count: Count, secrets: number): { writes: readonly Write[]; after: Count } => {
    const { id, entry } = count;
    const value = { secrets };
    const writes = entry === undefined ? counts.insert(id, value) : counts.replace(entry, value);
    const version = writes[0]?.row?.version;
    if (version === undefined) throw new Error('A count is one record.');
    return { writes, after: { id, secrets, entry: { id, version, value } } };
  };
  return {
    addSecret: async (owner) => {
      const count = await countOf(records, owner);
      if (count.secrets >= max) throw tooManySecrets(max);
      return change(count, count.secrets + 1).writes;
    },
    removals: () => {
      const last = new Map<string, Count>();
      return async (owner) => {
        const before = last.get(secretsPrefix(owner)) ?? (await countOf(records, owner));
        const { writes, after } = change(before, Math.max(0, before.secrets - 1));
        last.set(secretsPrefix(owner), after);
        return writes;
      };
    },
  };
}

interface Count {
  readonly id: string;
  readonly secrets: number;
  /** Undefined when the count is not stored yet. */
  readonly entry: Entry<SecretCount> | undefined;
}

/** The stored count. The first time all secrets are looked at; whoever stores it first wins. */
async function countOf({ counts, secrets }: Records, owner: Owner): Promise<Count> {
  const id = `${owner.account}/${owner.region}`;
  const entry = await counts.get(id);
  if (entry !== undefined) return { id, secrets: entry.value.secrets, entry };
  let counted = 0;
  let after: string | undefined;
  do {
    const page = await secrets.page({
      prefix: secretsPrefix(owner),
      ...(after === undefined ? {} : { after }),
      limit: 500,
    });
    counted += page.entries.length;
    after = page.next;
  } while (after !== undefined);
  return { id, secrets: counted, entry: undefined };
}
