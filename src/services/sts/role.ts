/** Roles as STS sees them: found by their ARN, with the trust policy that decides who may. */
import type { Call, ConditionKeys, Found, Resource } from '../../operation.ts';
import { foldCase } from '../../policy/context.ts';
import { invalidArn } from './errors.ts';
import type { Role, StsPorts } from './ports.ts';

/** `arn:partition:service:Region:account:resource`, where only Region and account may be empty. */
const anyArn = /^arn:[^:]+:[^:]+:[^:]*:[^:]*:.+$/s;
const roleArn = /^arn:aws[a-z-]*:iam::(\d{12}):role\/(?:.*\/)?([\w+=,.@-]+)$/;

export interface RoleName {
  readonly arn: string;
  readonly account: string;
  /** Undefined: the ARN is none of a role. */
  readonly name: string | undefined;
}

/** Throws ValidationError for what is no ARN at all. */
export function parseRoleArn(arn: string): RoleName {
  if (!anyArn.test(arn)) throw invalidArn(arn);
  const [, account, name] = roleArn.exec(arn) ?? [];
  return { arn, account: account ?? '', name };
}

/** Undefined: there is none with exactly this ARN; the path counts. */
export async function findRole(
  { findRole: find }: Pick<StsPorts, 'findRole'>,
  { arn, account, name }: RoleName,
): Promise<Role | undefined> {
  const role = name === undefined ? undefined : await find(account, name);
  return role?.arn === arn ? role : undefined;
}

/** Trusts nobody: a role that isn't there refuses as one that doesn't trust the caller. */
const noTrust = '{"Version":"2012-10-17","Statement":[]}';

/** What is asked of a role, to be decided by its trust policy and what the caller may. */
export function roleFound(
  call: Call,
  asked: { readonly name: RoleName; readonly role: Role | undefined },
  keys: ConditionKeys,
): Omit<Found<unknown>, 'subject'> {
  const { name, role } = asked;
  return {
    resource: resourceOf(name, role),
    conditions: (key) => keys(key) ?? roleTag(role, key),
    denialText: denialText(call, call.operation, name),
  };
}

/** Asks for one more permission for the same role. */
export function authorizeAlso(
  call: Call,
  operation: 'TagSession' | 'SetSourceIdentity',
  { role, keys }: { readonly role: Role; readonly keys: ConditionKeys },
): void {
  const { arn, account, name } = role;
  const found = roleFound(call, { name: { arn, account, name }, role }, keys);
  call.authorize(`sts:${operation}`, found.resource, {
    ...found,
    denialText: denialText(call, operation, role),
  });
}

/** AWS gives no reason; and of web identities, who have no name, not even the role. */
function denialText(
  { principal }: Call,
  operation: string,
  { arn }: { readonly arn: string },
): string {
  if (principal.type === 'WebIdentityUser') return `Not authorized to perform sts:${operation}`;
  return `User: ${principal.arn} is not authorized to perform: sts:${operation} on resource: ${arn}`;
}

function resourceOf({ arn, account }: RoleName, role: Role | undefined): Resource {
  return {
    arn,
    account,
    type: 'AWS::IAM::Role',
    ...(role === undefined
      ? {}
      : { tags: Object.fromEntries(role.tags.map(({ key, value }) => [key, value])) }),
    policy: {
      text: role?.trustPolicy ?? noTrust,
      type: 'trust',
      rule: 'required',
      name: 'trust-policy',
      ...(role === undefined ? {} : { principalIds: role.trusted }),
    },
  };
}

const tagKey = 'iam:resourcetag/';

function roleTag(role: Role | undefined, key: string): string | undefined {
  if (!key.startsWith(tagKey)) return undefined;
  const name = key.slice(tagKey.length);
  return role?.tags.find((tag) => foldCase(tag.key) === name)?.value;
}
