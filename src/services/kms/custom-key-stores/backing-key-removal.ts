/**
 * The end of keys in HSM clusters: when a KMS key goes, its backing key in the token is destroyed
 * first, once and as well as it can be; the DeleteKey event says how that went.
 */
import type { Write } from '../../../store/engine.ts';
import type { Collection, Entry } from '../../../store/store.ts';
import { deletionBegun, type Key } from '../key.ts';
import { Attempts } from './attempts.ts';
import type { CustomKeyStore } from './custom-key-store.ts';
import type { StoreUse } from './store-cipher.ts';
import { storeOfKey } from './store-records.ts';

/** As CloudTrail shows it. */
export type Facts = Readonly<Record<string, unknown>>;

/** How far the removal has come. */
export type Removal =
  /** What must be committed before anything is destroyed: from then on the key cannot come back. */
  | { readonly kind: 'begin'; readonly writes: readonly Write[] }
  | { readonly kind: 'underWay' }
  | { readonly kind: 'over'; readonly facts: Facts | undefined };

interface Kms extends StoreUse {
  readonly records: StoreUse['records'] & { readonly keys: Collection<Key> };
}

export class BackingKeyRemovals {
  readonly #attempts = new Attempts<Facts>();

  /** For a key of origin AWS_CLOUDHSM whose waiting period is over. */
  of(kms: Kms, entry: Entry<Key>): Removal {
    const key = entry.value;
    if (key.deletionBegan !== true) {
      const writes = kms.records.keys.replace(entry, deletionBegun(key));
      return { kind: 'begin', writes };
    }
    const facts = this.#attempts.resultOf(key.arn, () => remove(kms, key));
    return facts === undefined ? { kind: 'underWay' } : { kind: 'over', facts };
  }
}

async function remove({ records, connections }: Kms, key: Key): Promise<Facts> {
  const { keyId: backingKeyId } = key;
  const store = (await storeOfKey(records, key))?.value;
  const backing = store?.backing;
  const isThere = backing?.type === 'AWS_CLOUDHSM' && store?.state === 'CONNECTED';
  const removed = isThere
    ? await connections.hsm(store, backing).removeKey(backingKeyId)
    : undefined;
  const deletionStatus = removed?.kind === 'done' ? 'SUCCESS' : 'FAILURE';
  const backingKeysDeletionStatus = JSON.stringify([{ backingKeyId, deletionStatus }]);
  return { ...backingFacts(key, store), backingKeysDeletionStatus };
}

/** Which key in which cluster. */
export function backingFacts(key: Key, store: CustomKeyStore | undefined): Facts {
  const backing = store?.backing;
  return {
    customKeyStoreId: key.customKeyStoreId,
    ...(backing?.type === 'AWS_CLOUDHSM' ? { clusterId: backing.clusterId } : {}),
    backingKeys: JSON.stringify([{ backingKeyId: key.keyId }]),
  };
}
