/**
 * What a caller brings to every decision: who it is to policies, its identity policies, boundary
 * and session policies, and its tags. Kept for as long as none of the records it is made of
 * changes.
 */
import type { Principal } from '../operation.ts';
import { foldCase } from '../policy/context.ts';
import type { Caller, NamedPolicy, PolicySet } from '../policy/evaluate.ts';
import type { GroupRecord, IamRecords, RoleRecord, UserRecord } from '../services/iam/records.ts';
import type { Collection, Entry } from '../store/store.ts';
import type { CompiledPolicies } from './compiled-policies.ts';

export interface CallerPolicies {
  readonly caller: Caller;
  readonly policies: PolicySet;
  /** Keys in lower case; a session's tags stand before those of its user or role. */
  readonly tags: ReadonlyMap<string, string>;
  /** Whether one of these policies asks for a condition key, given in lower case. */
  mentions(conditionKey: string): boolean;
}

/**
 * Undefined: the user or role is gone, or is another of the same name, and its credentials with it.
 * At once when all records are cached.
 */
export type FindCallerPolicies = (
  principal: Principal,
) => CallerPolicies | undefined | Promise<CallerPolicies | undefined>;

/** The default version of a managed policy by its ARN; undefined when there is none. */
export type ManagedPolicyText = (arn: string, read: Read) => MaybePromise<string | undefined>;

type MaybePromise<T> = T | Promise<T>;

/** Reads a record and notes that the result depends on it. */
export type Read = <T>(collection: Collection<T>, id: string) => Promise<Entry<T> | undefined>;

interface Kept {
  readonly sources: readonly Source[];
  readonly result: CallerPolicies | undefined;
}

/** A record that a result was made of; `entry` undefined: that there is none. */
interface Source {
  readonly collection: Collection<unknown>;
  readonly id: string;
  readonly entry: Entry<unknown> | undefined;
}

export function callerPoliciesOf(
  iam: IamRecords,
  ports: { readonly compiled: CompiledPolicies; readonly managedPolicyText: ManagedPolicyText },
): FindCallerPolicies {
  const kept = new WeakMap<Principal, Kept>();
  const gather = async (principal: Principal): Promise<CallerPolicies | undefined> => {
    const sources: Source[] = [];
    const read: Read = async (collection, id) => {
      const entry = await collection.get(id);
      sources.push({ collection: collection as Collection<unknown>, id, entry });
      return entry;
    };
    const result = await new Gathering(iam, ports, read).of(principal);
    kept.set(principal, { sources, result });
    return result;
  };
  return (principal) => {
    const known = kept.get(principal);
    return known?.sources.every(isCurrent) ? known.result : gather(principal);
  };
}

/** A record that left the cache is read again; one that wasn't there can only be read. */
const isCurrent = ({ collection, id, entry }: Source): boolean =>
  entry !== undefined && collection.peek(id) === entry;

/** Of someone whom no user, group or role gives anything. */
export function withoutPolicies(principal: Principal): CallerPolicies {
  return {
    mentions: () => false,
    caller: callerOf(principal),
    policies: { identity: [] },
    tags: lowerCaseKeys(principal.session?.tags ?? {}),
  };
}

class Gathering {
  readonly #iam: IamRecords;
  readonly #compiled: CompiledPolicies;
  readonly #managedPolicyText: ManagedPolicyText;
  readonly #read: Read;

  constructor(
    iam: IamRecords,
    ports: { readonly compiled: CompiledPolicies; readonly managedPolicyText: ManagedPolicyText },
    read: Read,
  ) {
    this.#iam = iam;
    this.#compiled = ports.compiled;
    this.#managedPolicyText = ports.managedPolicyText;
    this.#read = read;
  }

  async of(principal: Principal): Promise<CallerPolicies | undefined> {
    const identity = await this.#identity(principal);
    if (identity === undefined) return undefined;
    const session = await this.#sessionPolicies(principal);
    const { policies, boundary, tags } = identity;
    const all = [...policies, ...(boundary === undefined ? [] : [boundary]), ...(session ?? [])];
    const statements = all.flatMap(({ policy }) => policy.statements);
    const keys = new Set(statements.flatMap(({ conditions }) => conditions.map(({ key }) => key)));
    return {
      mentions: (conditionKey) => keys.has(conditionKey),
      caller: callerOf(principal),
      policies: {
        identity: policies,
        ...(boundary === undefined ? {} : { boundary }),
        ...(session === undefined ? {} : { session }),
      },
      tags: lowerCaseKeys({ ...tags, ...principal.session?.tags }),
    };
  }

  /** Whose identity policies a principal has. */
  #identity(principal: Principal): Promise<Identity | undefined> {
    const { session, account, userName, principalId } = principal;
    switch (principal.type) {
      case 'IAMUser':
        return this.#user(account, { userName: userName as string, userId: principalId });
      case 'AssumedRole':
        return this.#role(account, session?.role as { id: string; name: string });
      case 'FederatedUser':
        return session?.issuer === undefined || session.issuer === 'Root'
          ? Promise.resolve(session?.issuer === 'Root' ? this.#everything() : undefined)
          : this.#user(account, session.issuer);
      default:
        return Promise.resolve({ policies: [], tags: {} });
    }
  }

  async #user(
    account: string,
    who: { readonly userName: string; readonly userId: string },
  ): Promise<Identity | undefined> {
    const entry = await this.#read(this.#iam.users, `${account}/${who.userName.toLowerCase()}`);
    if (entry === undefined || entry.value.userId !== who.userId) return undefined;
    const user: UserRecord = entry.value;
    const policies = await this.#ofEntity(user, 'identity');
    for (const name of user.groups) {
      const group = await this.#read(this.#iam.groups, `${account}/${name.toLowerCase()}`);
      if (group !== undefined) policies.push(...(await this.#ofEntity(group.value, 'identity')));
    }
    return this.#bounded(user, policies);
  }

  async #role(
    account: string,
    who: { readonly id: string; readonly name: string },
  ): Promise<Identity | undefined> {
    const entry = await this.#read(this.#iam.roles, `${account}/${who.name.toLowerCase()}`);
    if (entry === undefined || entry.value.roleId !== who.id) return undefined;
    return this.#bounded(entry.value, await this.#ofEntity(entry.value, 'identity'));
  }

  async #bounded(entity: UserRecord | RoleRecord, policies: NamedPolicy[]): Promise<Identity> {
    const tags = Object.fromEntries(entity.tags.map(({ key, value }) => [key, value]));
    if (entity.boundary === undefined) return { policies, tags };
    const text = await this.#managedPolicyText(entity.boundary, this.#read);
    const boundary = this.#named(text ?? allowsNothing, {
      type: 'boundary',
      arn: entity.boundary,
      name: lastSegment(entity.boundary),
      attachedTo: entity.arn,
    });
    return { policies, tags, boundary };
  }

  /** Inline policies and attached ones, in this order. */
  async #ofEntity(
    entity: Pick<GroupRecord, 'arn' | 'policies' | 'attached'>,
    type: 'identity',
  ): Promise<NamedPolicy[]> {
    const found = Object.entries(entity.policies).map(([name, text]) =>
      this.#named(text, { type, name, attachedTo: entity.arn }),
    );
    for (const arn of entity.attached) {
      const text = await this.#managedPolicyText(arn, this.#read);
      if (text === undefined) continue;
      const name = lastSegment(arn);
      found.push(this.#named(text, { type, name, arn, attachedTo: entity.arn }));
    }
    return found;
  }

  /** Undefined: none were passed, so that they limit nothing. */
  async #sessionPolicies({ type, arn, session }: Principal): Promise<NamedPolicy[] | undefined> {
    const { policies, policyArns } = session ?? {};
    // A federated user's session has what it was given, and nothing when it was given nothing.
    if (policies === undefined && policyArns === undefined)
      return type === 'FederatedUser' ? [] : undefined;
    const found = (policies ?? []).map((text) =>
      this.#named(text, { type: 'session', name: 'session-policy', attachedTo: arn }),
    );
    for (const policyArn of policyArns ?? []) {
      const text = await this.#managedPolicyText(policyArn, this.#read);
      if (text === undefined) continue;
      const name = lastSegment(policyArn);
      found.push(this.#named(text, { type: 'session', name, arn: policyArn, attachedTo: arn }));
    }
    return found;
  }

  /** What the root user may: whom it federates is limited by session policies only. */
  #everything(): Identity {
    const policy = this.#named(allowsEverything, { type: 'identity', name: 'root-user' });
    return { policies: [policy], tags: {} };
  }

  #named(text: string, name: Omit<NamedPolicy, 'policy'>): NamedPolicy {
    return { policy: this.#compiled.of(text), ...name };
  }
}

interface Identity {
  readonly policies: readonly NamedPolicy[];
  readonly boundary?: NamedPolicy;
  readonly tags: Readonly<Record<string, string>>;
}

const allowsEverything =
  '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}';
/** For a boundary that is gone: whoever it limited may do nothing rather than everything. */
const allowsNothing =
  '{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*"}]}';

const lastSegment = (arn: string): string => arn.slice(arn.lastIndexOf('/') + 1);

function callerOf(principal: Principal): Caller {
  const { type, account, arn, principalId, session, serviceName, identityProvider } = principal;
  const { issuer } = session ?? {};
  return {
    type,
    account,
    arn,
    principalId,
    ...(session?.role === undefined ? {} : { role: session.role }),
    ...(typeof issuer === 'object' ? { user: { arn: issuer.arn, id: issuer.userId } } : {}),
    ...(serviceName === undefined ? {} : { serviceName }),
    ...(identityProvider === undefined ? {} : { federatedProvider: identityProvider }),
  };
}

function lowerCaseKeys(tags: Readonly<Record<string, string>>): ReadonlyMap<string, string> {
  return new Map(Object.entries(tags).map(([key, value]) => [foldCase(key), value]));
}
