/**
 * The access keys that this installation knows, as identity/ wants them: found without waiting when
 * they are
 * cached.
 */
import { type AccessKey, rootPrincipal } from './identity/access-key.ts';
import type { SessionTokens } from './identity/session-tokens.ts';
import { sealSecret } from './identity/sigv4.ts';
import type { VerifierOptions } from './identity/verify.ts';
import type { Principal } from './operation.ts';
import {
  type AccessKeyRecord,
  type IamRecords,
  recordId,
  type UserRecord,
} from './services/iam/records.ts';

export type AccessKeys = VerifierOptions['accessKeys'];
type FoundKey = Awaited<ReturnType<AccessKeys['find']>>;

export function accessKeysOf(records: IamRecords, sessions: SessionTokens): AccessKeys {
  // Changed records are other objects, so an access key is never older than what it is made of.
  const made = new WeakMap<
    AccessKeyRecord,
    { accessKey: AccessKey; user: UserRecord | undefined }
  >();
  const toAccessKey = (
    record: AccessKeyRecord,
    user: UserRecord | undefined,
  ): AccessKey | undefined => {
    const known = made.get(record);
    if (known !== undefined && known.user === user) return known.accessKey;
    const principal = principalOf(record, user);
    if (principal === undefined) return undefined;
    const { accessKeyId, secretAccessKey, status } = record;
    const accessKey = { accessKeyId, secret: sealSecret(secretAccessKey), principal, status };
    made.set(record, { accessKey, user });
    return accessKey;
  };
  const withUser = (
    record: AccessKeyRecord,
  ): AccessKey | undefined | Promise<AccessKey | undefined> => {
    if (record.owner === 'Root') return toAccessKey(record, undefined);
    const id = recordId(record.account, record.owner.userName);
    const cached = records.users.peek(id);
    if (cached !== undefined) return toAccessKey(record, cached.value);
    return records.users.get(id).then((user) => toAccessKey(record, user?.value));
  };
  /** A session that ends with a long-term key is good as long as that key is, at every call. */
  const ofSession = (accessKeyId: string, sessionToken: string): FoundKey | Promise<FoundKey> => {
    const found = sessions.find(accessKeyId, sessionToken);
    if (found === undefined || found === 'refused') return found;
    const { accessKey, endsWith } = found;
    if (endsWith === undefined) return accessKey;
    const whileActive = (record: AccessKeyRecord | undefined): FoundKey =>
      record?.status === 'Active' ? accessKey : 'refused';
    const cached = records.accessKeys.peek(endsWith);
    if (cached !== undefined) return whileActive(cached.value);
    return records.accessKeys.get(endsWith).then((entry) => whileActive(entry?.value));
  };
  return {
    find: (accessKeyId, sessionToken) => {
      if (sessionToken !== undefined && accessKeyId.startsWith('ASIA'))
        return ofSession(accessKeyId, sessionToken);
      const cached = records.accessKeys.peek(accessKeyId);
      if (cached !== undefined) return withUser(cached.value);
      return records.accessKeys
        .get(accessKeyId)
        .then((entry) => (entry === undefined ? undefined : withUser(entry.value)));
    },
  };
}

/** Undefined: the user is gone, or is another one of the same name. */
function principalOf(record: AccessKeyRecord, user: UserRecord | undefined): Principal | undefined {
  const { owner, account, accessKeyId } = record;
  if (owner === 'Root') return rootPrincipal(record);
  if (user === undefined || user.userId !== owner.userId) return undefined;
  return {
    type: 'IAMUser',
    account,
    arn: user.arn,
    principalId: user.userId,
    accessKeyId,
    userName: user.name,
  };
}

/** How many strangers dev mode remembers; one more forgets the oldest. */
const rememberedStrangers = 10_000;

/**
 * Dev mode: twelve digits are that account, any other access key is the default account; the caller
 * is its root
 * user.
 */
export function letAnyoneIn(defaultAccount: string): (accessKeyId: string) => Principal {
  const known = new Map<string, Principal>();
  return (accessKeyId) => {
    let principal = known.get(accessKeyId);
    if (principal === undefined) {
      const account = /^\d{12}$/.test(accessKeyId) ? accessKeyId : defaultAccount;
      principal = rootPrincipal({ account, accessKeyId });
      if (known.size >= rememberedStrangers) known.delete(known.keys().next().value as string);
      known.set(accessKeyId, principal);
    }
    return principal;
  };
}
