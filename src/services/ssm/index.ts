/** Parameter Store: its operation table, and what of it falls due with time. */
import type { SsmModel } from '../../model/ssm.generated.ts';
import type { Operations, OperationTable } from '../../operation.ts';
import { openPageTokens } from '../../paging/page-token.ts';
import type { Store } from '../../store/store.ts';
import type { World } from '../../world.ts';
import type { Ports, SsmContext } from './context.ts';
import { awsLimits, type Limits, openCounts } from './counts.ts';
import { deleteOperations } from './delete-parameters.ts';
import type { DueWork } from './due.ts';
import { historyOperations } from './history.ts';
import { labelOperations } from './labels.ts';
import { listOperations } from './list-parameters.ts';
import { duePolicyActions } from './policy-actions.ts';
import { putOperations } from './put-parameter.ts';
import { readOperations } from './read-parameters.ts';
import { openRecords } from './records.ts';
import { resourcePolicyOperations } from './resource-policies.ts';
import { settingOperations } from './service-settings.ts';
import { tagOperations } from './tags.ts';

export interface ParameterStore {
  readonly operations: OperationTable;
  readonly dueWork: readonly DueWork[];
}

/**
 * Opens Parameter Store on a store. At the very first start it commits the key that seals page
 * tokens. `limits`: how many parameters an account may have in a Region, AWS's unless told.
 */
export async function createParameterStore(
  options: { readonly store: Store; readonly world: World; readonly limits?: Limits } & Ports,
): Promise<ParameterStore> {
  const { store, world, limits = awsLimits } = options;
  const records = openRecords(store);
  const ssm: SsmContext = {
    records,
    counts: openCounts({ records, world, limits }),
    tokens: await openPageTokens({ store, path: 'ssm/token-key', world }),
    ports: options,
  };
  const rows = {
    ...putOperations(ssm),
    ...readOperations(ssm),
    ...listOperations(ssm),
    ...historyOperations(ssm),
    ...deleteOperations(ssm),
    ...labelOperations(ssm),
    ...tagOperations(ssm),
    ...settingOperations(ssm),
    ...resourcePolicyOperations(ssm),
  } satisfies Operations<SsmModel>;
  return {
    operations: new Map(Object.entries(rows)),
    dueWork: [
      { kind: 'ssm/policy-action', due: (now, limit) => duePolicyActions(ssm, { now, limit }) },
    ],
  };
}
