/**
 * From what a request calls a key to the key: the caller's own, in the Region the request was sent
 * to.
 */
import type { Call, Found, Resource } from '../../operation.ts';
import { createManagedKey } from './aws-managed.ts';
import type { BlobOwner } from './envelope.ts';
import {
  aliasNotFound,
  ciphertextKeyDenied,
  foreignKeyDenied,
  keyNotFound,
  managedKeyDenied,
} from './errors.ts';
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

export const keyResource = (key: Key): Resource => ({
  arn: key.arn,
  account: key.account,
  type: keyResourceType,
});
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
   * @throws ApiError NotFoundException; AccessDeniedException for keys of other accounts.
   */
  readonly find: (keyId: string, call: Call, action?: string) => MaybePromise<KeyEntry>;
  /**
   * By key id or key ARN, for the operations that take no alias.
   * @throws ApiError as `find`; InvalidArnException for aliases; AccessDeniedException for AWS
   * managed keys when the
   * operation would change them.
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
  const peekOrGet = (keyId: string, call: Call): MaybePromise<KeyEntry | undefined> => {
    const id = keyRecordId({ account: call.principal.account, region: call.region, keyId });
    return records.keys.peek(id) ?? records.keys.get(id);
  };
  const byId = (name: KeyName & { kind: 'key' }, call: Call): MaybePromise<KeyEntry> =>
    whenHere(peekOrGet(name.keyId, call), (entry) => {
      if (entry === undefined) throw keyNotFound(keyArn(ownerOf(call), name.written));
      return entry;
    });
  const ofAlias = (alias: Alias, call: Call): MaybePromise<KeyEntry> =>
    whenHere(peekOrGet(alias.keyId, call), (entry) => {
      if (entry === undefined) throw aliasNotFound(aliasArn(ownerOf(call), alias.name));
      return entry;
    });
  const makeManaged = async (name: string, call: Call): Promise<KeyEntry> => {
    // AWS makes them for the service that first needs one, or for who asks what they are.
    const made = readsMetadata.test(call.operation)
      ? await createManagedKey(name, call, { records, materials })
      : undefined;
    if (made === undefined) throw aliasNotFound(aliasArn(ownerOf(call), name));
    call.stage(...made.writes);
    return made.entry;
  };
  const byAlias = (name: KeyName & { kind: 'alias' }, call: Call): MaybePromise<KeyEntry> => {
    if (!isAliasName(name.name)) throw aliasNotFound(aliasArn(ownerOf(call), name.name));
    const id = aliasRecordId({ ...ownerOf(call), name: name.name });
    return whenHere(records.aliases.peek(id) ?? records.aliases.get(id), (alias) =>
      alias === undefined ? makeManaged(name.name, call) : ofAlias(alias.value, call),
    );
  };
  const find = (keyId: string, call: Call, action?: string): MaybePromise<KeyEntry> => {
    const name = parseKeyName(keyId, call);
    refuseForeign(name.account, call, action);
    return whenHere(name.kind === 'key' ? byId(name, call) : byAlias(name, call), (entry) =>
      refuseUseOfManaged(entry, call, action),
    );
  };
  const findByKeyId = (keyId: string, call: Call): MaybePromise<KeyEntry> => {
    const name = parseKeyOnlyName(keyId, call);
    refuseForeign(name.account, call);
    return whenHere(byId(name, call), (entry) => refuseUseOfManaged(entry, call));
  };
  const findOwner = (owner: BlobOwner, action: string, call: Call): MaybePromise<KeyEntry> => {
    const denied = () => ciphertextKeyDenied({ callerArn: call.principal.arn, action });
    if (owner.account !== call.principal.account) throw denied();
    return whenHere(peekOrGet(owner.keyId, call), (entry) => {
      if (entry === undefined) throw denied();
      return refuseUseOfManaged(entry, call, action);
    });
  };
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

/**
 * Until key policies can open a key to other accounts, a foreign ARN is closed, whether or not the
 * key exists.
 */
function refuseForeign(account: string | undefined, call: Call, action?: string): void {
  if (account === undefined || account === call.principal.account) return;
  throw foreignKeyDenied({
    callerArn: call.principal.arn,
    action: action ?? `kms:${call.operation}`,
  });
}

const readsMetadata = /^(Describe|Get|List)/;

/**
 * What the policies of AWS managed keys let the account itself do: read their metadata. Use is
 * for the services (`kms:ViaService`), of which none calls yet.
 */
function refuseUseOfManaged(entry: KeyEntry, call: Call, action?: string): KeyEntry {
  if (entry.value.manager !== 'AWS' || readsMetadata.test(call.operation)) return entry;
  throw managedKeyDenied({
    callerArn: call.principal.arn,
    action: action ?? `kms:${call.operation}`,
    keyArn: entry.value.arn,
  });
}
