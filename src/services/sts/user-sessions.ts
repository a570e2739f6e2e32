/** GetSessionToken and GetFederationToken: temporary credentials of a user, for as long as its key. */
import type {
  GetFederationTokenRequest,
  GetFederationTokenResponse,
  GetSessionTokenRequest,
  GetSessionTokenResponse,
  StsModel,
} from '../../model/sts.generated.ts';
import type { Call, Operations, Principal, Session } from '../../operation.ts';
import { sessionCredentials } from './errors.ts';
import type { StsPorts } from './ports.ts';
import { packedPolicySize, requirePolicies, sessionPoliciesOf } from './session-policies.ts';
import { hasTags, sessionTagsOf, tagCondition, taggedSession } from './session-tags.ts';
import { issue, lifetime, refuseMfa } from './temporary.ts';

export function userSessionOperations(ports: StsPorts) {
  return {
    /** Open: it only changes how a user proves to be itself, and AWS lets no policy speak to it. */
    GetSessionToken: {
      readOnly: true,
      recordsAnswer: true,
      open: true,
      run: (input, call) => getSessionToken(ports, input, call),
    },
    GetFederationToken: {
      readOnly: true,
      recordsAnswer: true,
      find: (input, call) => {
        refuseSessions(call);
        const tags = sessionTagsOf(input);
        const { account } = call.principal;
        return {
          resource: { arn: federatedArn(input.Name, call), account },
          conditions: (key) => tagCondition(tags, key),
          subject: undefined,
        };
      },
      run: (input, call) => getFederationToken(ports, input, call),
    },
  } satisfies Operations<StsModel, 'GetSessionToken' | 'GetFederationToken'>;
}

const defaultSeconds = 43_200;
const mostRootSeconds = 3_600;

/** More than an hour is an hour to root users. */
function sessionSeconds({ type }: Principal, asked = defaultSeconds): number {
  return type === 'Root' ? Math.min(asked, mostRootSeconds) : asked;
}

function refuseSessions({ principal, operation }: Call): void {
  const isOfUser = principal.type === 'Root' || principal.type === 'IAMUser';
  if (!isOfUser || principal.session !== undefined) throw sessionCredentials(operation);
}

function getSessionToken(
  ports: StsPorts,
  input: GetSessionTokenRequest,
  call: Call,
): GetSessionTokenResponse {
  refuseSessions(call);
  refuseMfa(input);
  const { accessKeyId, ...user } = call.principal;
  const session = lifetime(call, sessionSeconds(call.principal, input.DurationSeconds));
  return issue(
    ports,
    { principal: { ...user, session }, endsWith: accessKeyId },
    input.MinimumSessionTokenSize,
  );
}

const federatedArn = (name: string, { partition, principal }: Call): string =>
  `arn:${partition}:sts::${principal.account}:federated-user/${name}`;

async function getFederationToken(
  ports: StsPorts,
  input: GetFederationTokenRequest,
  call: Call,
): Promise<GetFederationTokenResponse> {
  const tags = sessionTagsOf(input);
  const policies = sessionPoliciesOf(input);
  const { account, accessKeyId } = call.principal;
  const Arn = federatedArn(input.Name, call);
  if (hasTags(tags))
    call.authorize(
      'sts:TagSession',
      { arn: Arn, account },
      { conditions: (key) => tagCondition(tags, key) },
    );
  await requirePolicies(ports, policies, account);
  const PackedPolicySize = packedPolicySize(policies, tags) ?? 0;
  const FederatedUserId = `${account}:${input.Name}`;
  const session: Session = {
    ...lifetime(call, sessionSeconds(call.principal, input.DurationSeconds)),
    issuer: issuerOf(call.principal),
    ...policies,
    ...taggedSession(tags),
  };
  const principal = {
    type: 'FederatedUser' as const,
    account,
    arn: Arn,
    principalId: FederatedUserId,
    session,
  };
  return {
    ...issue(ports, { principal, endsWith: accessKeyId }, input.MinimumSessionTokenSize),
    FederatedUser: { FederatedUserId, Arn },
    PackedPolicySize,
  };
}

function issuerOf({ type, userName, principalId, arn }: Principal): NonNullable<Session['issuer']> {
  if (type === 'Root' || userName === undefined) return 'Root';
  return { userName, userId: principalId, arn };
}
