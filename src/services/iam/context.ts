/** What IAM's operations share. */
import type { MintAccessKey } from './accounts.ts';
import type { LastUses } from './last-uses.ts';
import type { IamRecords } from './records.ts';

export interface IamContext {
  readonly records: IamRecords;
  readonly mint: MintAccessKey;
  readonly lastUses: LastUses;
}
