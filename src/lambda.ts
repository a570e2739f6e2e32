/** Lambda on one node: the service, what runs its functions, and where these log to. */
import { type FunctionsOptions, openFunctions } from './functions/functions.ts';
import type { OperationTable } from './operation.ts';
import { createLambda } from './services/lambda/index.ts';
import type { LambdaPorts } from './services/lambda/ports.ts';
import { createLogs, type Logs } from './services/logs/index.ts';
import type { Store } from './store/store.ts';
import type { World } from './world.ts';

export interface LambdaOptions {
  readonly store: Store;
  readonly world: World;
  /** Calls that Lambda makes by itself. */
  readonly calls: Pick<LambdaPorts, 'perform' | 'identify' | 'uniqueIdOf' | 'arnOf'>;
  /** Undefined: functions are not run. */
  readonly functions: Omit<FunctionsOptions, 'world' | 'logs'> | undefined;
  readonly log: (line: string) => void;
}

export function openLambda({ store, world, calls, log, functions: setting }: LambdaOptions): {
  readonly tables: ReadonlyArray<readonly [service: string, operations: OperationTable]>;
  /** For others that write to log groups. */
  readonly logs: Logs['writer'];
  /** In this order, before the store closes. */
  readonly closing: ReadonlyArray<() => Promise<void>>;
} {
  const onFault = (error: unknown) => log(`What functions logged could not be stored: ${error}`);
  const logs = createLogs({ store, world, onFault });
  const functions =
    setting === undefined ? undefined : openFunctions({ ...setting, world, logs: logs.writer });
  const lambda = createLambda({ ...calls, store, world, functions, log });
  return {
    tables: [
      ['lambda', lambda.operations],
      ['logs', logs.operations],
    ],
    logs: logs.writer,
    closing: [() => lambda.close(), () => logs.writer.close()],
  };
}
