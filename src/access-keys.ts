/**
 * The access keys that this installation knows, as identity/ wants them: found without waiting when
 * they are
 * cached.
 */
import { type AccessKey, rootPrincipal } from './identity/access-key.ts';
import { sealSecret } from './identity/sigv4.ts';
import type { Principal } from './operation.ts';
import type { AccessKeyRecord, IamRecords } from './services/iam/records.ts';

export interface AccessKeys {
  find(accessKeyId: string): AccessKey | undefined | Promise<AccessKey | undefined>;
}

export function accessKeysOf(records: IamRecords): AccessKeys {
  // A changed record is another object, so an access key is never older than its record.
  const made = new WeakMap<AccessKeyRecord, AccessKey>();
  const toAccessKey = (record: AccessKeyRecord): AccessKey => {
    let accessKey = made.get(record);
    if (accessKey === undefined) {
      accessKey = {
        accessKeyId: record.accessKeyId,
        secret: sealSecret(record.secretAccessKey),
        principal: rootPrincipal(record),
        status: record.status,
      };
      made.set(record, accessKey);
    }
    return accessKey;
  };
  return {
    find: (accessKeyId) => {
      const cached = records.accessKeys.peek(accessKeyId);
      if (cached !== undefined) return toAccessKey(cached.value);
      return records.accessKeys
        .get(accessKeyId)
        .then((entry) => (entry === undefined ? undefined : toAccessKey(entry.value)));
    },
  };
}

/** How many strangers dev mode remembers; one more forgets the oldest. */
const rememberedStrangers = 10_000;

/**
 * Dev mode: twelve digits are that account, any other access key is the default account; the caller
 * is its root
 * user.
 */
export function letAnyoneIn(defaultAccount: string): (accessKeyId: string) => Principal {
  const known = new Map<string, Principal>();
  return (accessKeyId) => {
    let principal = known.get(accessKeyId);
    if (principal === undefined) {
      const account = /^\d{12}$/.test(accessKeyId) ? accessKeyId : defaultAccount;
      principal = rootPrincipal({ account, accessKeyId });
      if (known.size >= rememberedStrangers) known.delete(known.keys().next().value as string);
      known.set(accessKeyId, principal);
    }
    return principal;
  };
}
