/** The operation table of STS. */
import type { StsModel } from '../../model/sts.generated.ts';
import type { Operations, OperationTable } from '../../operation.ts';
import { notAnAccessKeyId } from './errors.ts';

export interface StsPorts {
  /** The account that an access key id names by itself or that is on record for it. */
  readonly accountOf: (accessKeyId: string) => Promise<string | undefined>;
}

export function createSts(ports: StsPorts): OperationTable {
  const operations = {
    GetCallerIdentity: {
      readOnly: true,
      open: true,
      run: (_input, { principal }) => ({
        UserId: principal.principalId,
        Account: principal.account,
        Arn: principal.arn,
      }),
    },
    GetAccessKeyInfo: {
      readOnly: true,
      find: (_input, { principal }) => ({
        resource: { arn: '*', account: principal.account },
        subject: undefined,
      }),
      run: async ({ AccessKeyId }) => {
        const account = await ports.accountOf(AccessKeyId);
        if (account === undefined) throw notAnAccessKeyId();
        return { Account: account };
      },
    },
  } satisfies Operations<StsModel, 'GetCallerIdentity' | 'GetAccessKeyInfo'>;
  return new Map(Object.entries(operations));
}
