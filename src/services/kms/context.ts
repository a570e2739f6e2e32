/** What the operations of KMS work with. */
import type { BackingKeyRemovals } from './custom-key-stores/backing-key-removal.ts';
import type { StoreConnections } from './custom-key-stores/store-connections.ts';
import type { KeyFinder } from './key-finder.ts';
import type { KeyGrants } from './key-grants.ts';
import type { Uses } from './key-uses.ts';
import type { Ledger } from './ledger.ts';
import type { Materials } from './material.ts';
import type { Principals } from './principals.ts';
import type { Recipients } from './recipient.ts';
import type { Records } from './records.ts';
import type { ResourceLimits } from './resource-limits.ts';

export interface KmsContext {
  readonly records: Records;
  readonly materials: Materials;
  readonly finder: KeyFinder;
  readonly grants: KeyGrants;
  readonly limits: ResourceLimits;
  readonly recipients: Recipients;
  readonly uses: Uses;
  readonly ledger: Ledger;
  /** Undefined: whom policies and grants name is not looked up. */
  readonly principals: Principals | undefined;
  /** To what is behind custom key stores. */
  readonly connections: StoreConnections;
  readonly removals: BackingKeyRemovals;
}
