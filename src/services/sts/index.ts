/** STS: its operation table. */
import type { StsModel } from '../../model/sts.generated.ts';
import type { Operations, OperationTable } from '../../operation.ts';
import { assumeRoleOperations } from './assume-role.ts';
import { callerOperations } from './callers.ts';
import type { StsPorts } from './ports.ts';
import { userSessionOperations } from './user-sessions.ts';
import { webIdentityOperations } from './web-identity.ts';

export function createSts(ports: StsPorts): OperationTable {
  const operations = {
    ...assumeRoleOperations(ports),
    ...webIdentityOperations(ports),
    ...userSessionOperations(ports),
    ...callerOperations(ports),
  } satisfies Partial<Operations<StsModel>>;
  return new Map(Object.entries(operations));
}
