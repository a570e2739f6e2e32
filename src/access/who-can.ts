/**
 * The reverse question: who of an account may do this on a resource? Each user and role is asked
 * for, as its own direct call would be decided. What hangs on conditions that only a request could
 * tell is said to.
 */
import type { Principal, Resource } from '../operation.ts';
import { evaluate, type NamedPolicy, type PolicySet } from '../policy/evaluate.ts';
import type { IamRecords } from '../services/iam/records.ts';
import type { Collection } from '../store/store.ts';
import type { CallerPolicies, FindCallerPolicies } from './caller-policies.ts';
import type { CompiledPolicies } from './compiled-policies.ts';
import { matterOf } from './decide.ts';

export interface Able {
  /** Of the user, the role or the account's root user. */
  readonly arn: string;
  /** `conditionally`: a condition decides that only a request can meet. */
  readonly can: 'yes' | 'conditionally';
  /** `identity-policy`, `resource-policy`, `root-user`. */
  readonly because: string;
  /** The policy that allows: its ARN, or its name where it has none. */
  readonly policy?: string;
}

export interface WhoCanPorts {
  readonly iam: Pick<IamRecords, 'users' | 'roles'>;
  readonly callerPolicies: FindCallerPolicies;
  readonly compiled: CompiledPolicies;
}

export interface ReverseQuestion {
  /** `kms:Decrypt` */
  readonly action: string;
  readonly resource: Resource;
  readonly region: string;
  /** ms since 1970 */
  readonly now: number;
}

/** The principals of the resource's account, in the order of their names. */
export async function whoCan(ports: WhoCanPorts, asked: ReverseQuestion): Promise<readonly Able[]> {
  const { account } = asked.resource;
  const able: Able[] = [];
  for await (const { principal, arn } of principalsOf(ports.iam, account, asked)) {
    const caller = await ports.callerPolicies(principal);
    const found = caller === undefined ? undefined : judge(ports, asked, { caller, principal });
    if (found !== undefined) able.push({ arn, ...found });
  }
  return able;
}

function judge(
  { compiled }: WhoCanPorts,
  { action, resource, region, now }: ReverseQuestion,
  { caller, principal }: { readonly caller: CallerPolicies; readonly principal: Principal },
): Omit<Able, 'arn'> | undefined {
  const source = { remoteAddress: '', userAgent: undefined, tls: undefined };
  const facts = { principal, region, now, via: [], source, principalTags: caller.tags };
  const asked = { facts, caller, action, resource, circumstances: {} };
  const { question, policies } = matterOf(asked, compiled);
  const strict = evaluate(question, policies);
  const decision = strict.allowed ? strict : evaluate(question, unconditional(policies));
  if (!decision.allowed) return undefined;
  const named = decision.policy;
  return {
    can: strict.allowed ? 'yes' : 'conditionally',
    because: decision.because,
    ...(named === undefined ? {} : { policy: named.arn ?? named.name }),
  };
}

/** The policies as they are when every condition of an Allow holds, and none of a Deny. */
function unconditional(policies: PolicySet): PolicySet {
  const { identity, boundary, session, resource } = policies;
  return {
    ...policies,
    identity: identity.map(relaxed),
    ...(boundary === undefined ? {} : { boundary: relaxed(boundary) }),
    ...(session === undefined ? {} : { session: session.map(relaxed) }),
    ...(resource === undefined
      ? {}
      : { resource: { ...resource, policy: relaxed(resource.policy) } }),
  };
}

function relaxed(named: NamedPolicy): NamedPolicy {
  const { policy } = named;
  const allows = policy.allows.map((statement) => ({ ...statement, conditions: [] }));
  const denies = policy.denies.filter(({ conditions }) => conditions.length === 0);
  return { ...named, policy: { ...policy, allows, denies, statements: [...allows, ...denies] } };
}

interface Candidate {
  readonly principal: Principal;
  readonly arn: string;
}

async function* principalsOf(
  { users, roles }: WhoCanPorts['iam'],
  account: string,
  { resource, now }: ReverseQuestion,
): AsyncGenerator<Candidate> {
  const accessKeyId = '';
  const [, partition] = resource.arn.split(':');
  const root = `arn:${partition}:iam::${account}:root`;
  const common = { account, accessKeyId };
  yield { principal: { ...common, type: 'Root', arn: root, principalId: account }, arn: root };
  for await (const { arn, userId, name } of all(users, account)) {
    const principal = { ...common, type: 'IAMUser', arn, principalId: userId, userName: name };
    yield { principal: principal as Principal, arn };
  }
  for await (const { arn, roleId, name } of all(roles, account)) {
    const session = { createdAt: now, expiresAt: now, role: { arn, id: roleId, name } };
    const principal: Principal = {
      ...common,
      type: 'AssumedRole',
      arn: `arn:${partition}:sts::${account}:assumed-role/${name}/any-session`,
      principalId: `${roleId}:any-session`,
      session,
    };
    yield { principal, arn };
  }
}

async function* all<T>(collection: Collection<T>, account: string): AsyncGenerator<T> {
  let after: string | undefined;
  do {
    const page = await collection.page({
      prefix: `${account}/`,
      ...(after === undefined ? {} : { after }),
      limit: 100,
    });
    for (const { value } of page.entries) yield value;
    after = page.next;
  } while (after !== undefined);
}
