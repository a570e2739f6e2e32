/** A session of a role, once somebody may have one: its limits, its claims, the answer. */
import type { AssumedRoleUser } from '../../model/sts.generated.ts';
import type { Call, ConditionKeys } from '../../operation.ts';
import { beyondChainMaximum, beyondRoleMaximum } from './errors.ts';
import type { Role, StsPorts } from './ports.ts';
import { authorizeAlso } from './role.ts';
import {
  type PolicyMembers,
  packedPolicySize,
  requirePolicies,
  type SessionPolicies,
} from './session-policies.ts';
import { hasTags, type SessionTags, taggedSession } from './session-tags.ts';
import { type Issued, issue, lifetime } from './temporary.ts';

/** The members of a request that say what the session will be. */
export interface SessionMembers extends PolicyMembers {
  readonly RoleSessionName: string;
  readonly DurationSeconds?: number | undefined;
  readonly MinimumSessionTokenSize?: number | undefined;
}

/** What was read of a request, and what its conditions are. */
export interface SessionWish {
  readonly members: SessionMembers;
  readonly policies: SessionPolicies;
  readonly tags: SessionTags;
  readonly sourceIdentity: string | undefined;
  readonly federatedProvider?: string;
  readonly keys: ConditionKeys;
}

export interface RoleSession extends Issued {
  readonly AssumedRoleUser: AssumedRoleUser;
  readonly PackedPolicySize?: number;
  readonly SourceIdentity?: string;
}

const defaultSeconds = 3_600;
const mostChainedSeconds = 3_600;

/** The caller may assume the role; what else it wants is asked for here. */
export async function openRoleSession(
  ports: StsPorts,
  { role, wish }: { readonly role: Role; readonly wish: SessionWish },
  call: Call,
): Promise<RoleSession> {
  const { members, policies, tags, sourceIdentity, federatedProvider, keys } = wish;
  if (hasTags(tags)) authorizeAlso(call, 'TagSession', { role, keys });
  if (sourceIdentity !== undefined) authorizeAlso(call, 'SetSourceIdentity', { role, keys });
  const times = lifetime(call, sessionSeconds(call, role, members.DurationSeconds));
  await requirePolicies(ports, policies, role.account);
  const PackedPolicySize = packedPolicySize(policies, tags);
  const { account, arn, name, roleId } = role;
  const AssumedRoleUser = {
    AssumedRoleId: `${roleId}:${members.RoleSessionName}`,
    Arn: `arn:${partitionOf(arn)}:sts::${account}:assumed-role/${name}/${members.RoleSessionName}`,
  };
  const session = {
    ...times,
    role: { arn, id: roleId, name },
    ...policies,
    ...taggedSession(tags),
    ...(sourceIdentity === undefined ? {} : { sourceIdentity }),
    ...(federatedProvider === undefined ? {} : { federatedProvider }),
  };
  const principal = {
    type: 'AssumedRole' as const,
    account,
    arn: AssumedRoleUser.Arn,
    principalId: AssumedRoleUser.AssumedRoleId,
    session,
  };
  return {
    ...issue(ports, { principal }, members.MinimumSessionTokenSize),
    AssumedRoleUser,
    ...(PackedPolicySize === undefined ? {} : { PackedPolicySize }),
    ...(sourceIdentity === undefined ? {} : { SourceIdentity: sourceIdentity }),
  };
}

/** A role that assumes a role may do so for an hour, whatever the second role allows. */
function sessionSeconds({ principal }: Call, role: Role, asked = defaultSeconds): number {
  const isChained = principal.session?.role !== undefined;
  if (isChained && asked > mostChainedSeconds) throw beyondChainMaximum();
  if (asked > role.maxSessionSeconds) throw beyondRoleMaximum();
  return asked;
}

const partitionOf = (arn: string): string => arn.split(':', 2)[1] as string;
