/** GetSessionToken and GetFederationToken: credentials for a while, of a user and its key. */
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
import {
  packedPolicySize,
  requirePolicies,
  type SessionPolicies,
  sessionPoliciesOf,
} from './session-policies.ts';
import {
  hasTags,
  type SessionTags,
  sessionTagsOf,
  tagCondition,
  taggedSession,
} from './session-tags.ts';
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
        const wish = { tags: sessionTagsOf(input), policies: sessionPoliciesOf(input) };
        const { account } = call.principal;
        return {
          resource: { arn: federatedArn(input.Name, call), account },
          conditions: (key) => tagCondition(wish.tags, key),
          subject: wish,
        };
      },
      run: (input, call, wish: FederationWish) =>
        getFederationToken(ports, { ...input, ...wish }, call),
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

interface FederationWish {
  readonly tags: SessionTags;
  readonly policies: SessionPolicies;
}

async function getFederationToken(
  ports: StsPorts,
  input: GetFederationTokenRequest & FederationWish,
  call: Call,
): Promise<GetFederationTokenResponse> {
  const { tags, policies } = input;
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
