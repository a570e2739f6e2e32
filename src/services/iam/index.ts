/** IAM: its operation table, and what it notes of the use of keys and roles. */
import type { IamModel } from '../../model/iam.generated.ts';
import type { Operations, OperationTable, Principal } from '../../operation.ts';
import type { Store } from '../../store/store.ts';
import { type Usage, usageOf } from '../../usage/usage.ts';
import type { World } from '../../world.ts';
import { accessKeyOperations } from './access-keys.ts';
import { accountOperations } from './account.ts';
import type { MintAccessKey } from './accounts.ts';
import { attachmentOperations } from './attachments.ts';
import { authorizationDetailOperations } from './authorization-details.ts';
import { boundaryOperations } from './boundaries.ts';
import type { IamContext } from './context.ts';
import { credentialReportOperations } from './credential-report.ts';
import { kindsOf } from './entities.ts';
import { groupOperations } from './groups.ts';
import { inlinePolicyOperations } from './inline-policies.ts';
import { instanceProfileOperations, profileRoleOperations } from './instance-profiles.ts';
import { type LastUse, noteUse, openLastUses } from './last-uses.ts';
import { membershipOperations } from './memberships.ts';
import { oidcProviderChangeOperations, oidcProviderOperations } from './oidc-providers.ts';
import { policyOperations } from './policies.ts';
import { policyEntityOperations } from './policy-entities.ts';
import { policyVersionOperations } from './policy-versions.ts';
import type { IamRecords } from './records.ts';
import { roleChangeOperations, roleOperations } from './roles.ts';
import { serviceLinkedRoleOperations } from './service-linked-roles.ts';
import { simulateOperations } from './simulate.ts';
import { tagOperations } from './tags.ts';
import { userOperations } from './users.ts';

export interface Iam {
  readonly operations: OperationTable;
  /** Notes an authenticated request as a use of its key or role. */
  readonly noteUse: (principal: Principal, use: LastUse) => void;
  /** What is known of last uses and lags behind in the store. */
  readonly usage: Usage;
}

export function createIam(options: {
  readonly store: Store;
  readonly records: IamRecords;
  readonly world: World;
  readonly mint: MintAccessKey;
}): Iam {
  const { store, records, world, mint } = options;
  const lastUses = openLastUses(store, records);
  const iam: IamContext = { records, mint, lastUses };
  return {
    operations: operationsOf(iam),
    noteUse: (principal, use) => noteUse(lastUses, principal, use),
    usage: usageOf([lastUses.records], world),
  };
}

function operationsOf(iam: IamContext): OperationTable {
  const kinds = kindsOf(iam.records);
  const operations = {
    ...userOperations(iam, kinds),
    ...groupOperations(iam, kinds),
    ...membershipOperations(iam, kinds),
    ...roleOperations(iam, kinds),
    ...roleChangeOperations(iam, kinds),
    ...accessKeyOperations(iam, kinds),
    ...inlinePolicyOperations(kinds),
    ...policyOperations(iam),
    ...policyVersionOperations(iam),
    ...policyEntityOperations(iam),
    ...attachmentOperations(iam, kinds),
    ...boundaryOperations(iam, kinds),
    ...tagOperations(iam, kinds),
    ...instanceProfileOperations(iam),
    ...profileRoleOperations(iam, kinds),
    ...accountOperations(iam),
    ...authorizationDetailOperations(iam),
    ...credentialReportOperations(iam),
    ...oidcProviderOperations(iam),
    ...oidcProviderChangeOperations(iam),
    ...serviceLinkedRoleOperations(iam, kinds),
    ...simulateOperations(iam, kinds),
  } satisfies Partial<Operations<IamModel>>;
  return new Map(Object.entries(operations));
}
