/** AssumeRole: for users, sessions of other roles, and services that work for a role. */
import type { AssumeRoleRequest, StsModel } from '../../model/sts.generated.ts';
import type { Call, ConditionKeys, Operations } from '../../operation.ts';
import {
  providedContextsUnknown,
  rootCannotAssume,
  sessionCredentials,
  sourceIdentityFixed,
} from './errors.ts';
import type { Role, StsPorts } from './ports.ts';
import { findRole, parseRoleArn, roleFound } from './role.ts';
import { openRoleSession, type SessionWish } from './role-session.ts';
import { sessionPoliciesOf } from './session-policies.ts';
import { type SessionTags, sessionTagsOf, tagCondition } from './session-tags.ts';
import { refuseMfa } from './temporary.ts';

/** `role` is there once the call is authorized: nobody may assume one that isn't. */
interface Subject {
  readonly role: Role | undefined;
  readonly wish: SessionWish;
}

export function assumeRoleOperations(ports: StsPorts) {
  return {
    AssumeRole: {
      readOnly: true,
      recordsAnswer: true,
      find: async (input, call) => {
        refuseWhoCannot(call);
        const name = parseRoleArn(input.RoleArn);
        const wish = wishOf(input, call);
        const role = await findRole(ports, name);
        return { ...roleFound(call, { name, role }, wish.keys), subject: { role, wish } };
      },
      run: (_input, call, { role, wish }: Subject) =>
        openRoleSession(ports, { role: role as Role, wish }, call),
    },
  } satisfies Operations<StsModel, 'AssumeRole'>;
}

function refuseWhoCannot({ principal: { type }, operation }: Call): void {
  if (type === 'Root') throw rootCannotAssume();
  if (type === 'FederatedUser') throw sessionCredentials(operation);
}

/** What the request alone can be wrong in is told before the role is looked at. */
function wishOf(input: AssumeRoleRequest, { principal: { session } }: Call): SessionWish {
  refuseMfa(input);
  if (input.ProvidedContexts !== undefined) throw providedContextsUnknown();
  const tags = sessionTagsOf(input, session);
  const inherited = session?.sourceIdentity;
  const { SourceIdentity = inherited } = input;
  if (inherited !== undefined && SourceIdentity !== inherited) throw sourceIdentityFixed();
  return {
    members: input,
    policies: sessionPoliciesOf(input),
    tags,
    sourceIdentity: SourceIdentity,
    keys: conditionsOf(input, { tags, sourceIdentity: SourceIdentity }),
  };
}

function conditionsOf(
  { RoleSessionName, ExternalId }: AssumeRoleRequest,
  {
    tags,
    sourceIdentity,
  }: { readonly tags: SessionTags; readonly sourceIdentity?: string | undefined },
): ConditionKeys {
  return (key) => {
    switch (key) {
      case 'sts:externalid':
        return ExternalId;
      case 'sts:rolesessionname':
        return RoleSessionName;
      case 'sts:sourceidentity':
        return sourceIdentity;
      default:
        return tagCondition(tags, key);
    }
  };
}
