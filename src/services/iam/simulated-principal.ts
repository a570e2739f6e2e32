/** The user, group or role whose policies are simulated. */
import type { Call, Found } from '../../operation.ts';
import { foldCase } from '../../policy/context.ts';
import type { Caller } from '../../policy/evaluate.ts';
import { find, type Kinds, need, type Sought } from './entities.ts';
import { invalidEntityArn } from './errors.ts';
import { policyText } from './policy-text.ts';
import {
  type GroupRecord,
  type IamRecords,
  type Identity,
  type RoleRecord,
  recordId,
  type UserRecord,
} from './records.ts';
import { type SimulatedPolicy, simulatedPolicy } from './simulated-policies.ts';

export type SoughtPrincipal = Sought<UserRecord> | Sought<GroupRecord> | Sought<RoleRecord>;

export interface SimulatedPrincipal {
  readonly caller: Caller;
  readonly policies: readonly SimulatedPolicy[];
  readonly boundary: SimulatedPolicy | undefined;
  /** What is known of it without being told, by lower-case name. */
  readonly keys: ReadonlyMap<string, string>;
}

/** For a row's `find`. @throws ApiError InvalidInput when the ARN names nothing of the kind. */
export async function findPrincipal(
  { users, groups, roles }: Kinds,
  arn: string,
  call: Call,
): Promise<Found<SoughtPrincipal>> {
  const match = /^arn:aws[a-z-]*:iam::(\d{12}):(user|group|role)\/(?:.*\/)?([\w+=,.@-]+)$/.exec(
    arn,
  );
  if (match === null) throw invalidEntityArn(arn);
  const [, account, type, name] = match as unknown as [string, string, string, string];
  const found: Found<SoughtPrincipal> =
    type === 'user'
      ? await find(users, name, call)
      : type === 'group'
        ? await find(groups, name, call)
        : await find(roles, name, call);
  const sought = found.subject;
  // Another account's principal, and one that lay elsewhere, are authorized and missed by this ARN.
  const isIt = account === call.principal.account && sought.entry?.value.arn === arn;
  return {
    ...found,
    resource: { ...found.resource, arn, account },
    subject: isIt ? sought : ({ ...sought, entry: undefined } as SoughtPrincipal),
  };
}

/** @throws ApiError NoSuchEntity when it isn't there. */
export async function simulatedPrincipal(
  records: IamRecords,
  sought: SoughtPrincipal,
): Promise<SimulatedPrincipal> {
  const { value } = need(sought as Sought<Identity>);
  const { boundary } = value as Partial<UserRecord>;
  const policies = await policiesOf(records, sought.kind.type, value);
  if (sought.kind.type === 'user')
    for (const name of (value as UserRecord).groups) {
      const group = await records.groups.get(recordId(value.account, name));
      if (group !== undefined) policies.push(...(await policiesOf(records, 'group', group.value)));
    }
  return {
    caller: callerOf(value),
    policies,
    boundary: boundary === undefined ? undefined : await boundaryOf(records, boundary),
    keys: keysOf(value),
  };
}

/** Inline policies are named after what they stand in. */
async function policiesOf(
  records: IamRecords,
  type: string,
  { name: owner, policies, attached }: Identity,
): Promise<SimulatedPolicy[]> {
  const found = Object.entries(policies).map(([name, text]) =>
    simulatedPolicy({ type: 'identity', name: `${type}_${owner}_${name}`, text }),
  );
  for (const arn of attached) {
    const text = (await policyText(records, arn))?.document;
    if (text !== undefined)
      found.push(simulatedPolicy({ type: 'identity', name: lastSegment(arn), text, arn }));
  }
  return found;
}

/** A boundary that is gone allows nothing. */
async function boundaryOf(records: IamRecords, arn: string): Promise<SimulatedPolicy> {
  const text = (await policyText(records, arn))?.document ?? '{"Statement":[]}';
  return simulatedPolicy({ type: 'boundary', name: lastSegment(arn), text, arn });
}

const lastSegment = (arn: string): string => arn.slice(arn.lastIndexOf('/') + 1);

function callerOf(value: Identity): Caller {
  const { account, arn, name } = value;
  if ('userId' in value)
    return { type: 'IAMUser', account, arn, principalId: String(value.userId) };
  if (!('roleId' in value)) return { type: 'IAMUser', account, arn, principalId: '' };
  const id = String(value.roleId);
  const session = `arn:${arn.split(':')[1]}:sts::${account}:assumed-role/${name}/simulation`;
  const principalId = `${id}:simulation`;
  return { type: 'AssumedRole', account, arn: session, principalId, role: { arn, id } };
}

/** What a request of its own would say of it; a group makes no requests. */
function keysOf(value: Identity): ReadonlyMap<string, string> {
  if ('groupId' in value) return new Map();
  const { arn, account, name } = value;
  const { tags, userId } = value as Partial<UserRecord>;
  const keys = new Map([
    ['aws:principalarn', arn],
    ['aws:principalaccount', account],
    ['aws:principaltype', userId === undefined ? 'AssumedRole' : 'User'],
    ['aws:userid', callerOf(value).principalId],
    ...(userId === undefined ? [] : [['aws:username', name] as const]),
  ]);
  for (const tag of tags ?? []) keys.set(foldCase(`aws:PrincipalTag/${tag.key}`), tag.value);
  return keys;
}
