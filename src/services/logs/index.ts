/** CloudWatch Logs, as far as functions need it: its operation table, and where they log to. */
import type { LogsModel } from '../../model/logs.generated.ts';
import type { Operations, OperationTable } from '../../operation.ts';
import type { LogsContext } from './context.ts';
import { groupOperations } from './groups.ts';
import { logEventOperations } from './log-events.ts';
import { openRecords } from './records.ts';
import { type LogWriter, openLogWriter, type WriterOptions } from './writer.ts';

export interface Logs {
  readonly operations: OperationTable;
  readonly writer: LogWriter;
}

export function createLogs(options: Omit<WriterOptions, 'records'>): Logs {
  const records = openRecords(options.store);
  const writer = openLogWriter({ ...options, records });
  const context: LogsContext = { records, writer };
  const rows = {
    ...groupOperations(context),
    ...logEventOperations(context),
  } satisfies Operations<LogsModel>;
  return { operations: new Map(Object.entries(rows)), writer };
}
