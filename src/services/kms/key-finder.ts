/**
 * From what a request calls a key to the key, in the Region the request was sent to: the caller's
 * own, or another account's where the operation may be used across accounts.
 */
import type { ApiError } from '../../api-error.ts';
import type { Call, Found, Resource } from '../../operation.ts';
import { createManagedKey, type NewManagedKey } from './aws-managed.ts';
import type { BlobOwner } from './envelope.ts';
import { aliasNotFound, ciphertextKeyDenied, foreignKeyDenied, keyNotFound } from './errors.ts';
import { type Key, keyRecordId } from './key.ts';
import {
  aliasArn,
  isAliasName,
  type KeyName,
  keyArn,
  parseKeyName,
  parseKeyOnlyName,
} from './key-id.ts';
import type { Materials } from './material.ts';
import { type Alias, aliasRecordId, type KeyEntry, type Records } from './records.ts';
import { type MaybePromise, whenHere } from './when.ts';

/** The type that CloudTrail gives keys, and aliases too. */
const keyResourceType = 'AWS::KMS::Key';

/** What the trail says of a key. */
export const keyInTrail = (key: Key): Resource => ({
  arn: key.arn,
  account: key.account,
  type: keyResourceType,
});

const resources = new WeakMap<Key, Resource>();

/** With its policy, which must allow even in its own account, and its tags. */
export function keyResource(key: Key): Resource {
  let resource = resources.get(key);
  if (resource === undefined) {
    resource = {
      ...keyInTrail(key),
      tags: Object.fromEntries(key.tags.map((tag) => [tag.key, tag.value])),
      policy: {
        text: key.policy,
        rule: 'required',
        name: 'default',
        ...(key.policyPrincipals === undefined ? {} : { principalIds: key.policyPrincipals }),
      },
    };
    resources.set(key, resource);
  }
  return resource;
}
export const aliasResource = (arn: string, account: string): Resource => ({
  arn,
  account,
  type: keyResourceType,
});
/** What the operations act on that concern no one key. */
export const foundNothing = (_input: unknown, call: Call): Found<undefined> => ({
  resource: everything(call),
  subject: undefined,
});
export const everything = (call: Call): Resource => ({ arn: '*', account: call.principal.account });

const foundKey = (entry: KeyEntry): Found<KeyEntry> => ({
  resource: keyResource(entry.value),
  subject: entry,
});

export interface KeyFinder {
  /**
   * By key id, key ARN, alias name or alias ARN. At once when key and alias are cached. Naming a
   * predefined AWS alias for the first time makes its key. `action` is what a denial names where it
   * is not the operation.
   * @throws ApiError NotFoundException; AccessDeniedException for keys of other accounts that
   * aren't there or can't be used from here.
   */
  readonly find: (keyId: string, call: Call, action?: string) => MaybePromise<KeyEntry>;
  /**
   * By key id or key ARN, for the operations that take no alias.
   * @throws ApiError as `find`; InvalidArnException for aliases.
   */
  readonly findByKeyId: (keyId: string, call: Call) => MaybePromise<KeyEntry>;
  /**
   * The key that a ciphertext names. `action` as `kms:Decrypt`, for the denial when it is not here.
   */
  readonly findOwner: (owner: BlobOwner, action: string, call: Call) => MaybePromise<KeyEntry>;
  /** A key of the caller's account and Region by its stored id, or undefined. */
  readonly peekOrGet: (keyId: string, call: Call) => MaybePromise<KeyEntry | undefined>;
  /** The `find` of rows with a KeyId that may be an alias. */
  readonly named: (input: { readonly KeyId: string }, call: Call) => MaybePromise<Found<KeyEntry>>;
  /** The `find` of rows with a KeyId that may not. */
  readonly namedByKeyId: (
    input: { readonly KeyId: string },
    call: Call,
  ) => MaybePromise<Found<KeyEntry>>;
}

export function createKeyFinder(records: Records, materials: Materials): KeyFinder {
  const inAccount = (
    keyId: string,
    account: string,
    call: Call,
  ): MaybePromise<KeyEntry | undefined> => {
    const id = keyRecordId({ account, region: call.region, keyId });
    return records.keys.peek(id) ?? records.keys.get(id);
  };
  const peekOrGet = (keyId: string, call: Call) => inAccount(keyId, call.principal.account, call);
  const byId = (name: KeyName & { kind: 'key' }, asked: Asked): MaybePromise<KeyEntry> =>
    whenHere(inAccount(name.keyId, asked.account, asked.call), (entry) => {
      if (entry === undefined)
        throw absent(asked, (owner) => keyNotFound(keyArn(owner, name.written)));
      return entry;
    });
  const ofAlias = (alias: Alias, asked: Asked): MaybePromise<KeyEntry> =>
    whenHere(inAccount(alias.keyId, asked.account, asked.call), (entry) => {
      if (entry === undefined)
        throw absent(asked, (owner) => aliasNotFound(aliasArn(owner, alias.name)));
      return entry;
    });
  const makeManaged = async (name: string, asked: Asked): Promise<KeyEntry> => {
    // AWS makes them for the service that first needs one, or for who asks what they are.
    const { call } = asked;
    const isWanted = readsMetadata.test(call.operation) || call.via.length > 0;
    const id = `kms ${call.region} ${name}`;
    // A service may need it several times before it is stored.
    const made =
      isWanted && asked.account === call.principal.account
        ? ((call.made.get(id) as NewManagedKey | undefined) ??
          (await createManagedKey(name, call, { records, materials })))
        : undefined;
    if (made === undefined) throw absent(asked, (owner) => aliasNotFound(aliasArn(owner, name)));
    call.made.set(id, made);
    call.stage(...made.writes);
    return made.entry;
  };
  const byAlias = (name: KeyName & { kind: 'alias' }, asked: Asked): MaybePromise<KeyEntry> => {
    const { account, call } = asked;
    if (!isAliasName(name.name))
      throw absent(asked, (owner) => aliasNotFound(aliasArn(owner, name.name)));
    const id = aliasRecordId({ account, region: call.region, name: name.name });
    return whenHere(records.aliases.peek(id) ?? records.aliases.get(id), (alias) =>
      alias === undefined ? makeManaged(name.name, asked) : ofAlias(alias.value, asked),
    );
  };
  const find = (keyId: string, call: Call, action?: string): MaybePromise<KeyEntry> => {
    const name = parseKeyName(keyId, call);
    const asked = askedOf(name.account, call, action);
    return name.kind === 'key' ? byId(name, asked) : byAlias(name, asked);
  };
  const findByKeyId = (keyId: string, call: Call): MaybePromise<KeyEntry> => {
    const name = parseKeyOnlyName(keyId, call);
    return byId(name, askedOf(name.account, call));
  };
  const findOwner = (owner: BlobOwner, action: string, call: Call): MaybePromise<KeyEntry> =>
    whenHere(inAccount(owner.keyId, owner.account, call), (entry) => {
      if (entry === undefined) throw ciphertextKeyDenied({ callerArn: call.principal.arn, action });
      return entry;
    });
  return {
    find,
    findByKeyId,
    findOwner,
    peekOrGet,
    named: ({ KeyId }, call) => whenHere(find(KeyId, call), foundKey),
    namedByKeyId: ({ KeyId }, call) => whenHere(findByKeyId(KeyId, call), foundKey),
  };
}

export const ownerOf = (call: Call) => ({
  account: call.principal.account,
  region: call.region,
  partition: call.partition,
});

interface Asked {
  /** Whose key is named. */
  readonly account: string;
  readonly call: Call;
  /** What a denial names. */
  readonly action: string;
}

/** KMS API Reference, "Cross-account use" of each operation. */
const acrossAccounts: ReadonlySet<string> = new Set([
  'CreateGrant',
  'Decapsulate',
  'Decrypt',
  'DeriveSharedSecret',
  'DescribeKey',
  'Encapsulate',
  'Encrypt',
  'GenerateDataKey',
  'GenerateDataKeyPair',
  'GenerateDataKeyPairWithoutPlaintext',
  'GenerateDataKeyWithoutPlaintext',
  'GenerateMac',
  'GetKeyRotationStatus',
  'GetPublicKey',
  'ListGrants',
  'ReEncrypt',
  'RevokeGrant',
  'Sign',
  'Verify',
  'VerifyMac',
]);

/** @throws ApiError AccessDeniedException for a key of another account that can't be used so. */
function askedOf(named: string | undefined, call: Call, action?: string): Asked {
  const { account } = call.principal;
  const asked = { account: named ?? account, call, action: action ?? `kms:${call.operation}` };
  if (asked.account !== account && !acrossAccounts.has(call.operation)) throw foreignDenied(asked);
  return asked;
}

const foreignDenied = ({ call, action }: Asked) =>
  foreignKeyDenied({ callerArn: call.principal.arn, action });

/** What isn't there: in another account it looks as what is forbidden does. */
function absent(
  asked: Asked,
  inOwnAccount: (owner: ReturnType<typeof ownerOf>) => ApiError,
): ApiError {
  const isOwn = asked.account === asked.call.principal.account;
  return isOwn ? inOwnAccount(ownerOf(asked.call)) : foreignDenied(asked);
}

const readsMetadata = /^(Describe|Get|List)/;
