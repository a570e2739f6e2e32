/** How many invocations of a function run at once; GetAccountSettings. */
import type { LambdaModel } from '../../model/lambda.generated.ts';
import type { Call, Operations } from '../../operation.ts';
import {
  findFunction,
  findNothing,
  type LambdaContext,
  placeOf,
  requireFunction,
  type Subject,
} from './context.ts';
import { everyEntry, type FunctionRecord, placeId } from './records.ts';

/** Lambda's quotas, as an account has them at first. */
const accountQuotas = {
  TotalCodeSize: 80_530_636_800,
  CodeSizeUnzipped: 262_144_000,
  CodeSizeZipped: 52_428_800,
  ConcurrentExecutions: 1000,
} as const;

export function concurrencyOperations(context: LambdaContext) {
  const { records } = context;
  const find = (input: { readonly FunctionName: string }, call: Call) =>
    findFunction(context, input, call);
  const store = (call: Call, subject: Subject, change: Partial<FunctionRecord>): void => {
    const entry = requireFunction(subject);
    const { reservedConcurrency: _, ...record } = entry.value;
    call.stage(records.functions.replace(entry, { ...record, ...change }));
  };
  return {
    PutFunctionConcurrency: {
      readOnly: false,
      find,
      run: (input, call, subject: Subject) => {
        const { ReservedConcurrentExecutions } = input;
        store(call, subject, { reservedConcurrency: ReservedConcurrentExecutions });
        return { ReservedConcurrentExecutions };
      },
    },
    GetFunctionConcurrency: {
      readOnly: true,
      find,
      run: (_input, _call, subject: Subject) => {
        const { reservedConcurrency } = requireFunction(subject).value;
        return reservedConcurrency === undefined
          ? {}
          : { ReservedConcurrentExecutions: reservedConcurrency };
      },
    },
    DeleteFunctionConcurrency: {
      readOnly: false,
      find,
      run: (_input, call, subject: Subject) => store(call, subject, {}),
    },
    GetAccountSettings: {
      readOnly: true,
      find: findNothing,
      run: async (_input, call) => {
        const all = await everyEntry(records.functions, placeId(placeOf(call)));
        const reserved = all.reduce((sum, { value }) => sum + (value.reservedConcurrency ?? 0), 0);
        const { ConcurrentExecutions } = accountQuotas;
        return {
          AccountLimit: {
            ...accountQuotas,
            UnreservedConcurrentExecutions: Math.max(0, ConcurrentExecutions - reserved),
          },
          AccountUsage: {
            TotalCodeSize: all.reduce((sum, { value }) => sum + value.latest.code.sizeBytes, 0),
            FunctionCount: all.length,
          },
        };
      },
    },
  } satisfies Operations<
    LambdaModel,
    | 'PutFunctionConcurrency'
    | 'GetFunctionConcurrency'
    | 'DeleteFunctionConcurrency'
    | 'GetAccountSettings'
  >;
}
