/**
 * What IAM stores: accounts and access keys. Secrets stand here in clear because the barrier seals
 * every
 * record.
 */
import type { Collection, Store } from '../../store/store.ts';

export interface AccountRecord {
  readonly account: string;
  /** ms since 1970 */
  readonly createdAt: number;
}

export interface AccessKeyRecord {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly account: string;
  /** Whose key it is. Users come with the rest of IAM. */
  readonly owner: 'Root';
  readonly status: 'Active' | 'Inactive';
  readonly createdAt: number;
}

/** The account whose root user runs this installation: the one that the first start made. */
export interface InstallationRecord {
  readonly account: string;
}

export interface IamRecords {
  readonly accounts: Collection<AccountRecord>;
  readonly accessKeys: Collection<AccessKeyRecord>;
  /** One record, `first`. */
  readonly installation: Collection<InstallationRecord>;
}

export function iamRecords(store: Store): IamRecords {
  return {
    accounts: store.collection<AccountRecord>({ path: 'iam/accounts' }),
    accessKeys: store.collection<AccessKeyRecord>({ path: 'iam/access-keys' }),
    installation: store.collection<InstallationRecord>({ path: 'iam/installation' }),
  };
}
