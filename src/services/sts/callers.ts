/** Who asks, whose an access key is, and why something was denied. */
import type { StsModel } from '../../model/sts.generated.ts';
import type { Call, Found, Operations } from '../../operation.ts';
import { notAnAccessKeyId, sessionCredentials, unreadableMessage } from './errors.ts';
import type { StsPorts } from './ports.ts';

export function callerOperations(ports: StsPorts) {
  return {
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
      find: anything,
      run: async ({ AccessKeyId }) => {
        const account = await ports.accountOf(AccessKeyId);
        if (account === undefined) throw notAnAccessKeyId();
        return { Account: account };
      },
    },
    DecodeAuthorizationMessage: {
      readOnly: true,
      find: anything,
      run: ({ EncodedMessage }, { principal }) => {
        const message = ports.decodeMessage(EncodedMessage);
        if (message === undefined || message.account !== principal.account)
          throw unreadableMessage();
        return { DecodedMessage: message.text };
      },
    },
  } satisfies Operations<
    StsModel,
    'GetCallerIdentity' | 'GetAccessKeyInfo' | 'DecodeAuthorizationMessage'
  >;
}

/** Sessions of users can assume roles and ask who they are, and nothing else of STS. */
function anything(_input: unknown, { principal, operation }: Call): Found<undefined> {
  const { session, account } = principal;
  if (session !== undefined && session.role === undefined) throw sessionCredentials(operation);
  return { resource: { arn: '*', account }, subject: undefined };
}
