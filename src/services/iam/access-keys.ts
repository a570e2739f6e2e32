/** Access keys of users and of the root user. A secret is told once, when it is made. */
import type {
  AccessKey,
  AccessKeyMetadata,
  GetAccessKeyLastUsedResponse,
  IamModel,
} from '../../model/iam.generated.ts';
import type { Call, Found, Operations } from '../../operation.ts';
import type { Write } from '../../store/engine.ts';
import type { Entry } from '../../store/store.ts';
import { callerOrUser } from './caller.ts';
import type { IamContext } from './context.ts';
import { find, type Kinds, need, type Sought } from './entities.ts';
import { accessKeyHidden, accessKeyNotFound, quotaExceeded } from './errors.ts';
import { limits } from './limits.ts';
import { keysOf } from './owned-keys.ts';
import { pageOf } from './page.ts';
import type { AccessKeyRecord, UserRecord } from './records.ts';

/** Whose keys: a named user, the caller, or the root user. */
type Owner = Sought<UserRecord> | 'Root';

export function accessKeyOperations(iam: IamContext, { users }: Kinds) {
  const findOwner = ({ UserName }: { UserName?: string }, call: Call): Promise<Found<Owner>> =>
    callerOrUser(users, UserName, call);
  return {
    CreateAccessKey: {
      readOnly: false,
      find: findOwner,
      run: (_input, call, owner: Owner) => createKey(iam, call, owner),
    },
    ListAccessKeys: {
      readOnly: true,
      find: findOwner,
      run: async (input, call, owner: Owner) => {
        const keys = await keysOf(iam.records, ownerOf(owner, call));
        const { items, tail } = pageOf(keys, ({ id }) => id, input);
        return { AccessKeyMetadata: items.map(({ value }) => metadataOf(value)), ...tail };
      },
    },
    UpdateAccessKey: {
      readOnly: false,
      find: findOwner,
      run: async ({ AccessKeyId, Status }, call, owner: Owner) => {
        const key = await ownKey(iam, AccessKeyId, ownerOf(owner, call));
        const status = Status as AccessKeyRecord['status'];
        call.stage(iam.records.accessKeys.replace(key, { ...key.value, status }));
      },
    },
    DeleteAccessKey: {
      readOnly: false,
      find: findOwner,
      run: async ({ AccessKeyId }, call, owner: Owner) => {
        const key = await ownKey(iam, AccessKeyId, ownerOf(owner, call));
        call.stage(iam.records.accessKeys.remove(key), await iam.lastUses.forgetKey(AccessKeyId));
      },
    },
    GetAccessKeyLastUsed: {
      readOnly: true,
      find: async ({ AccessKeyId }, call) => {
        const key = await iam.records.accessKeys.get(AccessKeyId);
        const { account, arn } = call.principal;
        if (key?.value.account !== account) throw accessKeyHidden(arn, AccessKeyId);
        const { owner } = key.value;
        if (owner === 'Root')
          return { resource: { arn: rootArn(call), account }, subject: key.value };
        return { ...(await find(users, owner.userName, call)), subject: key.value };
      },
      run: (_input, _call, key: AccessKeyRecord) => lastUseOf(iam, key),
    },
  } satisfies Operations<
    IamModel,
    | 'CreateAccessKey'
    | 'ListAccessKeys'
    | 'UpdateAccessKey'
    | 'DeleteAccessKey'
    | 'GetAccessKeyLastUsed'
  >;
}

const rootArn = ({ partition, principal: { account } }: Call): string =>
  `arn:${partition}:iam::${account}:root`;

function ownerOf(owner: Owner, call: Call): Pick<AccessKeyRecord, 'account' | 'owner'> {
  if (owner === 'Root') return { account: call.principal.account, owner };
  const { account, name, userId } = need(owner).value;
  return { account, owner: { userName: name, userId } };
}

async function createKey(
  iam: IamContext,
  call: Call,
  owner: Owner,
): Promise<{ AccessKey: AccessKey }> {
  const { accessKeys } = iam.records;
  const owned = ownerOf(owner, call);
  if ((await keysOf(iam.records, owned)).length >= limits.accessKeysPerUser)
    throw quotaExceeded('AccessKeysPerUser', limits.accessKeysPerUser);
  const { account } = owned;
  const made: AccessKeyRecord = {
    ...iam.mint(account),
    ...owned,
    status: 'Active',
    createdAt: call.now,
  };
  call.stage(await ownerTouch(iam, owner, call), accessKeys.insert(made.accessKeyId, made));
  return { AccessKey: { ...metadataOf(made), SecretAccessKey: made.secretAccessKey } as AccessKey };
}

/**
 * The owner's record, written as it is: of two requests that find room for one more key, only one
 * can commit.
 */
async function ownerTouch(
  { records }: IamContext,
  owner: Owner,
  { principal: { account }, now }: Call,
): Promise<readonly Write[]> {
  if (owner !== 'Root') {
    const user = need(owner);
    return records.users.replace(user, user.value);
  }
  const known = await records.accounts.get(account);
  // Dev mode knows accounts that nobody has made.
  return known === undefined
    ? records.accounts.insert(account, { account, createdAt: now })
    : records.accounts.replace(known, known.value);
}

/** AWS names no user with the keys of a root user. */
const metadataOf = ({ owner, accessKeyId, status, createdAt }: AccessKeyRecord) =>
  ({
    ...(owner === 'Root' ? {} : { UserName: owner.userName }),
    AccessKeyId: accessKeyId,
    Status: status,
    CreateDate: createdAt,
  }) satisfies AccessKeyMetadata;

/** @throws ApiError NoSuchEntity for the key of somebody else, as for one that isn't there. */
async function ownKey(
  { records }: IamContext,
  accessKeyId: string,
  owned: Pick<AccessKeyRecord, 'account' | 'owner'>,
): Promise<Entry<AccessKeyRecord>> {
  const keys = await keysOf(records, owned);
  const key = keys.find(({ id }) => id === accessKeyId);
  if (key === undefined) throw accessKeyNotFound(accessKeyId);
  return key;
}

async function lastUseOf(
  { lastUses }: IamContext,
  { accessKeyId, owner }: AccessKeyRecord,
): Promise<GetAccessKeyLastUsedResponse> {
  const last = await lastUses.ofKey(accessKeyId);
  const AccessKeyLastUsed =
    last === undefined
      ? { ServiceName: 'N/A', Region: 'N/A' }
      : { LastUsedDate: last.at, ServiceName: last.service, Region: last.region };
  return {
    ...(owner === 'Root' ? {} : { UserName: owner.userName }),
    AccessKeyLastUsed,
  };
}
