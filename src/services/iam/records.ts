/**
 * What IAM stores, where, and by what it is found. Names are unique without regard to case, so
 * record ids hold them in lower case. Secrets stand here in clear because the barrier seals every
 * record.
 */
import type { Collection, Store } from '../../store/store.ts';

export interface Tag {
  readonly key: string;
  readonly value: string;
}

export interface AccountRecord {
  readonly account: string;
  /** ms since 1970 */
  readonly createdAt: number;
  readonly alias?: string;
}

/** Whose account an alias is: aliases are unique over all accounts. */
export interface AccountAliasRecord {
  readonly account: string;
}

export interface AccessKeyRecord {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly account: string;
  /** Whose key it is. */
  readonly owner: 'Root' | { readonly userName: string; readonly userId: string };
  readonly status: 'Active' | 'Inactive';
  readonly createdAt: number;
}

/** The account whose root user runs this installation: the one that the first start made. */
export interface InstallationRecord {
  readonly account: string;
}

/** What users, groups, roles and policies have in common. */
export interface Named {
  readonly account: string;
  /** As it was given; unique in the account without regard to case. */
  readonly name: string;
  /** Begins and ends with `/`. */
  readonly path: string;
  readonly arn: string;
  readonly createdAt: number;
}

/** What policies of an identity can be attached to. */
export interface Identity extends Named {
  /** Inline policies: name → document as it was given. */
  readonly policies: Readonly<Record<string, string>>;
  /** ARNs of managed policies, in the order of their attachment. */
  readonly attached: readonly string[];
}

export interface UserRecord extends Identity {
  /** `AIDA…` */
  readonly userId: string;
  readonly tags: readonly Tag[];
  /** Names of groups, in the order of joining. */
  readonly groups: readonly string[];
  /** ARN of the managed policy that is the permissions boundary. */
  readonly boundary?: string;
}

export interface GroupRecord extends Identity {
  /** `AGPA…` */
  readonly groupId: string;
}

export interface RoleRecord extends Identity {
  /** `AROA…` */
  readonly roleId: string;
  /** The trust policy as it was given. */
  readonly trustPolicy: string;
  /**
   * The unique id of each user and role that the trust policy names by ARN, at the time when the
   * policy was saved. A principal of the same name that was made later is not trusted.
   */
  readonly trusted: Readonly<Record<string, string>>;
  readonly description?: string;
  readonly maxSessionSeconds: number;
  readonly tags: readonly Tag[];
  readonly boundary?: string;
  /** `kms.amazonaws.com`, for the roles that only this service uses. */
  readonly serviceLinkedFor?: string;
}

/** What hands a role to a machine. */
export interface InstanceProfileRecord extends Named {
  /** `AIPA…` */
  readonly profileId: string;
  /** Names of roles; AWS lets a profile have one. */
  readonly roles: readonly string[];
  readonly tags: readonly Tag[];
}

/** Whose web identities roles may trust. */
export interface OidcProviderRecord {
  readonly account: string;
  /** Without `https://`. */
  readonly url: string;
  readonly arn: string;
  readonly createdAt: number;
  readonly clientIds: readonly string[];
  /** Hex digits of SHA-1 sums of certificates, in lower case. */
  readonly thumbprints: readonly string[];
  readonly tags: readonly Tag[];
}

/** The last credential report of an account. */
export interface CredentialReportRecord {
  readonly generatedAt: number;
  /** CSV */
  readonly content: string;
}

export interface PolicyVersion {
  /** `v1`; a number is never used again. */
  readonly id: string;
  readonly document: string;
  readonly createdAt: number;
  readonly isDefault: boolean;
}

export interface ManagedPolicyRecord extends Named {
  /** `ANPA…` */
  readonly policyId: string;
  readonly description?: string;
  readonly updatedAt: number;
  readonly tags: readonly Tag[];
  /** Oldest first. One of them is the default. */
  readonly versions: readonly PolicyVersion[];
  /** The number of the newest version that there ever was. */
  readonly lastVersion: number;
}

export interface IamRecords {
  readonly accounts: Collection<AccountRecord>;
  /** By alias. */
  readonly accountAliases: Collection<AccountAliasRecord>;
  /** By access key id. Index `owner`: below `ownerPrefix`. */
  readonly accessKeys: Collection<AccessKeyRecord>;
  /**
   * By `recordId`. Indexes `policy` and `boundary` as below, `group`: below `groupPrefix`, `id`:
   * below the unique id and a slash.
   */
  readonly users: Collection<UserRecord>;
  readonly groups: Collection<GroupRecord>;
  readonly roles: Collection<RoleRecord>;
  readonly policies: Collection<ManagedPolicyRecord>;
  /** By `oidcProviderId`. */
  readonly oidcProviders: Collection<OidcProviderRecord>;
  /** By account. */
  readonly credentialReports: Collection<CredentialReportRecord>;
  /** Index `role`: below `rolePrefix`. */
  readonly instanceProfiles: Collection<InstanceProfileRecord>;
  /** One record, `first`. */
  readonly installation: Collection<InstallationRecord>;
}

export function iamRecords(store: Store): IamRecords {
  return {
    accounts: store.collection<AccountRecord>({ path: 'iam/accounts' }),
    accountAliases: store.collection<AccountAliasRecord>({ path: 'iam/account-aliases' }),
    accessKeys: store.collection<AccessKeyRecord>({
      path: 'iam/access-keys',
      indexes: { owner: (id, key) => [`${ownerPrefix(key)}${id}`] },
    }),
    users: store.collection<UserRecord>({
      path: 'iam/users',
      indexes: {
        policy: policyEntries,
        boundary: boundaryEntries,
        id: (id, { userId }) => [`${userId}/${id}`],
        group: (id, user) => user.groups.map((group) => `${recordId(user.account, group)}/${id}`),
      },
    }),
    groups: store.collection<GroupRecord>({
      path: 'iam/groups',
      indexes: { policy: policyEntries },
    }),
    roles: store.collection<RoleRecord>({
      path: 'iam/roles',
      indexes: { policy: policyEntries, boundary: boundaryEntries },
    }),
    policies: store.collection<ManagedPolicyRecord>({ path: 'iam/policies' }),
    oidcProviders: store.collection<OidcProviderRecord>({ path: 'iam/oidc-providers' }),
    credentialReports: store.collection<CredentialReportRecord>({
      path: 'iam/credential-reports',
      cacheEntries: 0,
    }),
    instanceProfiles: store.collection<InstanceProfileRecord>({
      path: 'iam/instance-profiles',
      indexes: {
        role: (id, { account, roles }) => roles.map((role) => `${recordId(account, role)}/${id}`),
      },
    }),
    installation: store.collection<InstallationRecord>({ path: 'iam/installation' }),
  };
}

/** Where the record of a user, group, role or managed policy lies. */
export const recordId = (account: string, name: string): string =>
  `${account}/${name.toLowerCase()}`;

/** Where the record of an identity provider lies; the path of its URL counts in its case. */
export const oidcProviderId = (account: string, url: string): string => {
  const [host, ...path] = url.split('/');
  return [account, host?.toLowerCase(), ...path].join('/');
};

/** Where the users, groups, roles or policies of an account begin. */
export const accountPrefix = (account: string): string => `${account}/`;

/** Where the members of a group begin in the users' index `group`. */
export const groupPrefix = (group: Pick<GroupRecord, 'account' | 'name'>): string =>
  `${recordId(group.account, group.name)}/`;

/** Where the instance profiles with a role begin in their index `role`. */
export const rolePrefix = (role: Pick<RoleRecord, 'account' | 'name'>): string =>
  `${recordId(role.account, role.name)}/`;

/** Where the access keys of one owner begin in the index `owner`. */
export const ownerPrefix = (key: Pick<AccessKeyRecord, 'account' | 'owner'>): string =>
  `${key.account}/${key.owner === 'Root' ? 'root' : key.owner.userId}/`;

/**
 * Where those of an account begin that a managed policy is attached to, or bounds. A blank can't
 * be in an ARN, so the ARN of one policy is never the beginning of another's entry.
 */
export const usesPrefix = (policyArn: string, account: string): string =>
  `${policyArn} ${accountPrefix(account)}`;

const policyEntries = (id: string, { attached }: Identity): readonly string[] =>
  attached.map((arn) => `${arn} ${id}`);

const boundaryEntries = (id: string, { boundary }: { boundary?: string }): readonly string[] =>
  boundary === undefined ? [] : [`${boundary} ${id}`];
