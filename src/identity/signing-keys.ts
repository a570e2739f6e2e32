/**
 * Derived signing keys of the access keys in use: four HMACs saved per request. Bounded, and never
 * stale.
 */
import type { KeyObject } from 'node:crypto';
import type { AccessKey } from './access-key.ts';

export interface SigningKeys {
  /**
   * `credential` is `<access key id>/<scope>`. A key derived for an older state of the access key
   * isn't found.
   */
  find(credential: string, accessKey: AccessKey): KeyObject | undefined;
  /**
   * Only for keys that have just proved a signature right: so strangers can't push others' keys
   * out.
   */
  keep(credential: string, accessKey: AccessKey, signingKey: KeyObject): void;
}

interface Kept {
  readonly accessKey: AccessKey;
  readonly signingKey: KeyObject;
}

/**
 * Two generations stand in for the order of use: what was used since the last turn survives it, and
 * a hit costs one look-up and no writing. An entry belongs to one AccessKey object; whoever changes
 * a key's secret or status makes a new object, and the old entry is dead.
 */
export function createSigningKeys(capacity = 4096): SigningKeys {
  const generation = Math.max(1, capacity >> 1);
  let young = new Map<string, Kept>();
  let old = new Map<string, Kept>();

  function insert(credential: string, kept: Kept): void {
    if (young.size >= generation) {
      old = young;
      young = new Map();
    }
    young.set(credential, kept);
  }

  return {
    find(credential, accessKey) {
      const kept = young.get(credential);
      if (kept !== undefined) return kept.accessKey === accessKey ? kept.signingKey : undefined;
      const older = old.get(credential);
      if (older === undefined || older.accessKey !== accessKey) return undefined;
      insert(credential, older);
      return older.signingKey;
    },
    keep(credential, accessKey, signingKey) {
      insert(credential, { accessKey, signingKey });
    },
  };
}
