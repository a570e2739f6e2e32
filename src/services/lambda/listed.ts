/** Functions in lists, each as the caller may see it. */
import type { FunctionConfiguration } from '../../model/lambda.generated.ts';
import type { Call } from '../../operation.ts';
import { shownConfiguration } from './configuration.ts';
import { shownEnvironment } from './environment.ts';
import { recordArn } from './names.ts';
import type { FunctionRecord, VersionRecord } from './records.ts';

export interface Listed {
  readonly record: FunctionRecord;
  readonly version: VersionRecord;
}

export async function listed(
  call: Call,
  items: readonly Listed[],
  isQualified: boolean,
): Promise<FunctionConfiguration[]> {
  const shown: FunctionConfiguration[] = [];
  for (const { record, version } of items) {
    const environment = await shownEnvironment(call, version.environment, recordArn(record));
    shown.push(shownConfiguration(record, version, { environment, isQualified }));
  }
  return shown;
}
