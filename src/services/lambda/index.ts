/** Lambda: its operation table, and the events that wait to be run. */
import type { LambdaModel } from '../../model/lambda.generated.ts';
import type { Operations, OperationTable } from '../../operation.ts';
import { aliasOperations } from './aliases.ts';
import { concurrencyOperations } from './concurrency.ts';
import type { LambdaContext } from './context.ts';
import { openEventQueue } from './event-queue.ts';
import { functionOperations } from './functions.ts';
import { invokeOperations } from './invoke.ts';
import { invokeConfigOperations } from './invoke-configs.ts';
import { permissionOperations } from './permissions.ts';
import type { LambdaPorts } from './ports.ts';
import { openRecords } from './records.ts';
import { tagOperations } from './tags.ts';
import { updateOperations } from './updates.ts';
import { versionOperations } from './versions.ts';

export interface Lambda {
  readonly operations: OperationTable;
  /** Runs the events that are due by now. */
  readonly runDue: () => Promise<void>;
  /** Lets nothing begin, ends what runs; events that were not done are another node's. */
  readonly close: () => Promise<void>;
}

export function createLambda(ports: LambdaPorts): Lambda {
  const context: LambdaContext = { ports, records: openRecords(ports.store) };
  const queue = openEventQueue(context);
  const rows = {
    ...functionOperations(context),
    ...updateOperations(context),
    ...versionOperations(context),
    ...aliasOperations(context),
    ...permissionOperations(context),
    ...tagOperations(context),
    ...concurrencyOperations(context),
    ...invokeConfigOperations(context),
    ...invokeOperations(context, queue),
  } satisfies Operations<LambdaModel>;
  return {
    operations: new Map(Object.entries(rows)),
    runDue: () => queue.runDue(),
    close: () => queue.close(),
  };
}
