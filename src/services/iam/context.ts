/** What IAM's operations share. */
import type { Store } from '../../store/store.ts';
import type { MintAccessKey } from './accounts.ts';
import type { IamRecords } from './records.ts';

export interface LastUsed {
  /** ms since 1970 */
  readonly at: number;
  /** `kms` */
  readonly service: string;
  readonly region: string;
}

/** Knows when something was last used: by access key id, or by role id. Undefined: never. */
export type FindLastUsed = (id: string) => LastUsed | undefined | Promise<LastUsed | undefined>;

export interface IamContext {
  readonly store: Store;
  readonly records: IamRecords;
  readonly mint: MintAccessKey;
  readonly lastUsed: FindLastUsed;
}
