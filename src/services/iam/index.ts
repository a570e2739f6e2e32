/** IAM: its operation table. */
import type { IamModel } from '../../model/iam.generated.ts';
import type { Operations, OperationTable } from '../../operation.ts';
import type { Store } from '../../store/store.ts';
import { accessKeyOperations } from './access-keys.ts';
import type { MintAccessKey } from './accounts.ts';
import { attachmentOperations } from './attachments.ts';
import { boundaryOperations } from './boundaries.ts';
import type { FindLastUsed, IamContext } from './context.ts';
import { kindsOf } from './entities.ts';
import { groupOperations } from './groups.ts';
import { inlinePolicyOperations } from './inline-policies.ts';
import { instanceProfileOperations } from './instance-profiles.ts';
import { membershipOperations } from './memberships.ts';
import { policyOperations } from './policies.ts';
import { policyEntityOperations } from './policy-entities.ts';
import { policyVersionOperations } from './policy-versions.ts';
import type { IamRecords } from './records.ts';
import { roleOperations } from './roles.ts';
import { tagOperations } from './tags.ts';
import { userOperations } from './users.ts';

export interface IamPorts {
  readonly store: Store;
  readonly records: IamRecords;
  readonly mint: MintAccessKey;
  readonly lastUsed: FindLastUsed;
}

export function createIam(ports: IamPorts): OperationTable {
  const iam: IamContext = ports;
  const kinds = kindsOf(iam.records);
  const operations = {
    ...userOperations(iam, kinds),
    ...groupOperations(iam, kinds),
    ...membershipOperations(iam, kinds),
    ...roleOperations(iam, kinds),
    ...accessKeyOperations(iam, kinds),
    ...inlinePolicyOperations(kinds),
    ...policyOperations(iam),
    ...policyVersionOperations(iam),
    ...policyEntityOperations(iam),
    ...attachmentOperations(iam, kinds),
    ...boundaryOperations(iam, kinds),
    ...tagOperations(iam, kinds),
    ...instanceProfileOperations(iam, kinds),
  } satisfies Partial<Operations<IamModel>>;
  return new Map(Object.entries(operations));
}
