/** The account as a whole: its alias, and its figures. */
import type { GetAccountSummaryResponse, IamModel } from '../../model/iam.generated.ts';
import type { Call, Operations } from '../../operation.ts';
import type { Entry } from '../../store/store.ts';
import type { IamContext } from './context.ts';
import { aliasExists, aliasNotFound } from './errors.ts';
import { limits } from './limits.ts';
import { keysOf } from './owned-keys.ts';
import { allOfAccount, pageOf } from './page.ts';
import type { AccountRecord } from './records.ts';

export function accountOperations(iam: IamContext) {
  const find = (_input: unknown, { principal: { account } }: Call) => ({
    resource: { arn: '*', account },
    subject: undefined,
  });
  return {
    CreateAccountAlias: {
      readOnly: false,
      find,
      run: ({ AccountAlias }, call) => createAlias(iam, AccountAlias, call),
    },
    DeleteAccountAlias: {
      readOnly: false,
      find,
      run: async ({ AccountAlias }, call) => {
        const { accounts, accountAliases } = iam.records;
        const { account } = call.principal;
        const owner = await accounts.get(account);
        const alias = await accountAliases.get(AccountAlias);
        if (owner === undefined || alias?.value.account !== account)
          throw aliasNotFound(AccountAlias);
        const { alias: _gone, ...rest } = owner.value;
        call.stage(accounts.replace(owner, rest), accountAliases.remove(alias));
      },
    },
    ListAccountAliases: {
      readOnly: true,
      find,
      run: async (input, { principal: { account } }) => {
        const alias = (await iam.records.accounts.get(account))?.value.alias;
        const { items, tail } = pageOf(alias === undefined ? [] : [alias], (name) => name, input);
        return { AccountAliases: items, ...tail };
      },
    },
    GetAccountSummary: {
      readOnly: true,
      find,
      run: (_input, call) => accountSummary(iam, call),
    },
  } satisfies Operations<
    IamModel,
    'CreateAccountAlias' | 'DeleteAccountAlias' | 'ListAccountAliases' | 'GetAccountSummary'
  >;
}

/** An account has one alias; a new one takes the place of the old. */
async function createAlias({ records }: IamContext, alias: string, call: Call): Promise<void> {
  const { accounts, accountAliases } = records;
  const { account } = call.principal;
  const taken = await accountAliases.get(alias);
  if (taken?.value.account === account) return;
  if (taken !== undefined) throw aliasExists(alias);
  const owner = await accounts.get(account);
  const old = owner?.value.alias;
  const before = old === undefined ? undefined : await accountAliases.get(old);
  call.stage(
    before === undefined ? [] : accountAliases.remove(before),
    accountAliases.insert(alias, { account }),
    withAlias(records, owner, { account, alias, createdAt: call.now }),
  );
}

function withAlias(
  { accounts }: IamContext['records'],
  owner: Entry<AccountRecord> | undefined,
  made: AccountRecord & { readonly alias: string },
) {
  // Dev mode knows accounts that nobody has made.
  return owner === undefined
    ? accounts.insert(made.account, made)
    : accounts.replace(owner, { ...owner.value, alias: made.alias });
}

async function accountSummary(
  { records }: IamContext,
  { principal: { account } }: Call,
): Promise<GetAccountSummaryResponse> {
  const policies = await allOfAccount(records.policies, account);
  const count = async (collection: Parameters<typeof allOfAccount>[0]): Promise<number> =>
    (await allOfAccount(collection, account)).length;
  return {
    SummaryMap: {
      Users: await count(records.users),
      UsersQuota: limits.users,
      Groups: await count(records.groups),
      GroupsQuota: limits.groups,
      Roles: await count(records.roles),
      RolesQuota: limits.roles,
      Policies: policies.length,
      PoliciesQuota: limits.policies,
      PolicySizeQuota: limits.policySize,
      PolicyVersionsInUse: policies.reduce((sum, { versions }) => sum + versions.length, 0),
      PolicyVersionsInUseQuota: limits.policyVersionsInUse,
      VersionsPerPolicyQuota: limits.versionsPerPolicy,
      InstanceProfiles: await count(records.instanceProfiles),
      InstanceProfilesQuota: limits.instanceProfiles,
      Providers: await count(records.oidcProviders),
      AccessKeysPerUserQuota: limits.accessKeysPerUser,
      AccountAccessKeysPresent: await rootKeys(records, account),
      AssumeRolePolicySizeQuota: limits.trustPolicySize,
      AttachedPoliciesPerGroupQuota: limits.attachedPolicies,
      AttachedPoliciesPerRoleQuota: limits.attachedPolicies,
      AttachedPoliciesPerUserQuota: limits.attachedPolicies,
      GroupPolicySizeQuota: limits.groupPolicySize,
      GroupsPerUserQuota: limits.groupsPerUser,
      RolePolicySizeQuota: limits.rolePolicySize,
      UserPolicySizeQuota: limits.userPolicySize,
      ...unhad,
    },
  };
}

/** Told as a figure: 1 when the root user has a key, however many. */
async function rootKeys(records: IamContext['records'], account: string): Promise<number> {
  return (await keysOf(records, { account, owner: 'Root' })).length > 0 ? 1 : 0;
}

/** Figures of what no account of this server has: passwords, certificates, MFA devices. */
const unhad = {
  AccountMFAEnabled: 0,
  AccountPasswordPresent: 0,
  AccountSigningCertificatesPresent: 0,
  GlobalEndpointTokenVersion: 1,
  MFADevices: 0,
  MFADevicesInUse: 0,
  ServerCertificates: 0,
  ServerCertificatesQuota: limits.serverCertificates,
  SigningCertificatesPerUserQuota: limits.signingCertificatesPerUser,
};
