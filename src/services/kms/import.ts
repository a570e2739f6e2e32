/**
 * GetParametersForImport, ImportKeyMaterial and DeleteImportedKeyMaterial, and the expiry of
 * imported material.
 */
import { acceptedMaterial } from '../../crypto/imported-key.ts';
import { keySpecs } from '../../crypto/key-spec.ts';
import { unwrapMaterial } from '../../crypto/key-wrap.ts';
import type {
  DeleteImportedKeyMaterialRequest,
  DeleteImportedKeyMaterialResponse,
  GetParametersForImportRequest,
  GetParametersForImportResponse,
  ImportKeyMaterialRequest,
  ImportKeyMaterialResponse,
  KmsModel,
} from '../../model/kms.generated.ts';
import type { Call, Operations } from '../../operation.ts';
import type { Write } from '../../store/engine.ts';
import type { KmsContext } from './context.ts';
import type { DueChange } from './due.ts';
import { thenWipe } from './encryption.ts';
import {
  importIncorrect,
  importTokenExpired,
  importTokenInvalid,
  invalidCiphertext,
  materialNotFound,
  symmetricOnly,
  wrongOrigin,
} from './errors.ts';
import { checkedExpiry, checkedWrapping, checkImportMembers } from './import-rules.ts';
import {
  type ImportParameters,
  openToken,
  sealToken,
  type TokenKey,
  tokenRandomBytes,
} from './import-token.ts';
import {
  expiredMaterial,
  generationOf,
  type Import,
  materialDeleted,
  materialImported,
  readyForRotation,
} from './imported-material.ts';
import { currentGeneration, isHere, isSymmetricEncryptionKey, type Key } from './key.ts';
import { keyInTrail } from './key-finder.ts';
import { type KeyOperation, requireState } from './key-state.ts';
import type { KeyEntry } from './records.ts';
import { relatedKeys, replaceShared } from './related-keys.ts';

/** How long an import token and its wrapping key are good for (GetParametersForImport). */
const parametersMs = 24 * 60 * 60 * 1000;

export function importOperations(kms: KmsContext, tokenKey: TokenKey) {
  const find = kms.finder.namedByKeyId;
  return {
    GetParametersForImport: {
      readOnly: true,
      find,
      run: (input, call, { value: key }: KeyEntry) => {
        requireImportable(key, 'GetParametersForImport');
        return importParameters(key, { input, call, tokenKey });
      },
    },
    ImportKeyMaterial: {
      readOnly: false,
      find,
      run: (input, call, entry: KeyEntry) => {
        requireImportable(entry.value, 'ImportKeyMaterial');
        return importKeyMaterial(kms, { input, call, tokenKey }, entry);
      },
    },
    DeleteImportedKeyMaterial: {
      readOnly: false,
      find,
      run: (input, call, entry: KeyEntry) => {
        requireImportable(entry.value, 'DeleteImportedKeyMaterial');
        return deleteImported(kms, input, call, entry);
      },
    },
  } satisfies Operations<
    KmsModel,
    'GetParametersForImport' | 'ImportKeyMaterial' | 'DeleteImportedKeyMaterial'
  >;
}

function requireImportable(key: Key, operation: KeyOperation): void {
  if (key.origin !== 'EXTERNAL') throw wrongOrigin(key);
  requireState(key, operation);
}

interface Asked<Input> {
  readonly input: Input;
  readonly call: Call;
  readonly tokenKey: TokenKey;
}

/** A fresh wrapping key each time, made on the thread pool and kept nowhere but in the token. */
async function importParameters(
  key: Key,
  { input, call, tokenKey }: Asked<GetParametersForImportRequest>,
): Promise<GetParametersForImportResponse> {
  const { algorithm, wrappingSpec } = checkedWrapping(key.spec, input);
  const privateKey = await wrappingSpec.generate();
  const loaded = wrappingSpec.load(privateKey);
  if (loaded?.kind !== 'pair') throw new Error('A generated wrapping key does not load');
  const expiresAt = call.now + parametersMs;
  const parameters = { keyArn: key.arn, algorithm, wrappingSpec, expiresAt, privateKey };
  const token = sealToken(tokenKey, parameters, call.world.randomBytes(tokenRandomBytes));
  privateKey.fill(0);
  return {
    KeyId: key.arn,
    ImportToken: token,
    PublicKey: loaded.publicKeyDer,
    ParametersValidTo: expiresAt,
  };
}

async function importKeyMaterial(
  kms: KmsContext,
  asked: Asked<ImportKeyMaterialRequest>,
  entry: KeyEntry,
): Promise<ImportKeyMaterialResponse> {
  const { input, call } = asked;
  const key = entry.value;
  checkImportMembers(key, input);
  const expiresAt = checkedExpiry(input, call.now);
  const secret = await openedMaterial(key, asked);
  return thenWipe(secret, async () => {
    const materialId = kms.materials.idOf(key, secret);
    if (input.KeyMaterialId !== undefined && input.KeyMaterialId !== materialId)
      throw importIncorrect();
    const wish: Import = {
      materialId,
      type: input.ImportType,
      expiresAt,
      materialDescription: input.KeyMaterialDescription,
    };
    const changed = await completed(kms, materialImported(key, wish), materialId);
    call.stage(keptBytes(kms, key, { id: materialId, secret, now: call.now }));
    call.stage(await replaceShared(kms.records, entry, changed));
    return {
      KeyId: key.arn,
      ...(isSymmetricEncryptionKey(key) ? { KeyMaterialId: materialId } : {}),
    };
  });
}

/** Bytes that are here already, because the import changes their expiry only, stay as they are. */
function keptBytes(
  { materials }: KmsContext,
  key: Key,
  material: { readonly id: string; readonly secret: Buffer; readonly now: number },
): readonly Write[] {
  const known = generationOf(key, material.id);
  return known !== undefined && isHere(known) ? [] : materials.keepImported(key, material);
}

/** Once all related keys have the material that is to be rotated to, nothing else is waited for. */
async function completed(kms: KmsContext, changed: Key, materialId: string): Promise<Key> {
  if (generationOf(changed, materialId)?.state !== 'PENDING_MULTI_REGION_IMPORT_AND_ROTATION')
    return changed;
  const related = await relatedKeys(kms.records, changed);
  const isThere = ({ value }: KeyEntry): boolean => {
    const known = generationOf(value, materialId);
    return known !== undefined && isHere(known);
  };
  return related.every(isThere) ? readyForRotation(changed, materialId) : changed;
}

/**
 * Token, wrapping and material, in this order. The caller wipes the result.
 * @throws ApiError InvalidImportTokenException, ExpiredImportTokenException,
 * InvalidCiphertextException, IncorrectKeyMaterialException.
 */
async function openedMaterial(
  key: Key,
  { input, call, tokenKey }: Asked<ImportKeyMaterialRequest>,
): Promise<Buffer> {
  const parameters = openToken(tokenKey, input.ImportToken, key.arn);
  if (parameters === undefined) throw importTokenInvalid();
  return thenWipe(parameters.privateKey, async () => {
    if (parameters.expiresAt <= call.now) throw importTokenExpired();
    const unwrapped = await unwrap(parameters, input.EncryptedKeyMaterial);
    const spec = keySpecs.get(key.spec);
    if (spec === undefined) throw new Error(`No key spec ${key.spec}`);
    const accepted = await thenWipe(unwrapped, () => acceptedMaterial(spec, unwrapped));
    if (accepted === undefined) throw importIncorrect();
    return accepted;
  });
}

async function unwrap(parameters: ImportParameters, wrapped: Buffer): Promise<Buffer> {
  const { algorithm, wrappingSpec, privateKey } = parameters;
  const pair = wrappingSpec.load(privateKey);
  if (pair?.kind !== 'pair') throw new Error('The wrapping key of a token does not load');
  const material = await unwrapMaterial(pair, algorithm, wrapped);
  if (material === undefined) throw invalidCiphertext();
  return material;
}

async function deleteImported(
  kms: KmsContext,
  input: DeleteImportedKeyMaterialRequest,
  call: Call,
  entry: KeyEntry,
): Promise<DeleteImportedKeyMaterialResponse> {
  const key = entry.value;
  const materialId = materialToDelete(key, input.KeyMaterialId);
  if (materialId !== undefined) call.stage(await deletion(kms, entry, materialId));
  return {
    KeyId: key.arn,
    ...(materialId === undefined || !isSymmetricEncryptionKey(key)
      ? {}
      : { KeyMaterialId: materialId }),
  };
}

/** The material named, or the current one; undefined before the first import. */
function materialToDelete(key: Key, named: string | undefined): string | undefined {
  if (named === undefined) return currentGeneration(key)?.id;
  if (!isSymmetricEncryptionKey(key)) throw symmetricOnly('KeyMaterialId');
  if (generationOf(key, named) === undefined) throw materialNotFound(named);
  return named;
}

/**
 * Removes the bytes and says so in the key's record. Material that waited for a rotation is
 * forgotten by replicas too, with what they have imported of it.
 */
async function deletion(
  kms: KmsContext,
  entry: KeyEntry,
  materialId: string,
): Promise<readonly Write[]> {
  const { records, materials } = kms;
  const changed = materialDeleted(entry.value, materialId);
  const isForgotten = generationOf(changed, materialId) === undefined;
  const related = isForgotten ? await relatedKeys(records, entry.value) : [];
  const owners = [entry.value, ...related.map(({ value }) => value)];
  const discarded = await Promise.all(owners.map((key) => materials.discard(key, materialId)));
  return [...discarded.flat(), ...(await replaceShared(records, entry, changed))];
}

/** The imported material whose time is over at `now`, longest over first, at most `limit`. */
export async function dueExpiries(
  kms: KmsContext,
  { now, limit }: { readonly now: number; readonly limit: number },
): Promise<readonly DueChange[]> {
  const { keys } = kms.records;
  // Asked every second, and hardly ever is anything due: the first in the index tells.
  const [first] = (await keys.pageBy('expiry', { key: '', limit: 1 })).entries;
  if (first === undefined || !isAnythingOver(first, now)) return [];
  const { entries } = await keys.pageBy('expiry', { key: '', limit });
  // A key stands in the index once for each of its materials.
  const keysDue = new Map(entries.map((entry) => [entry.id, entry])).values();
  return Promise.all(
    [...keysDue].flatMap((entry) =>
      expiredMaterial(entry.value, now).map(({ id }) => expiry(kms, entry, id)),
    ),
  );
}

const isAnythingOver = ({ value }: KeyEntry, now: number): boolean =>
  value.generations.some(({ expiresAt }) => expiresAt !== undefined && expiresAt <= now);

/** KMS Developer Guide, "DeleteExpiredKeyMaterial" log entry; it names the key by its id. */
async function expiry(kms: KmsContext, entry: KeyEntry, materialId: string): Promise<DueChange> {
  const key = entry.value;
  return {
    id: key.arn,
    writes: await deletion(kms, entry, materialId),
    event: {
      eventName: 'DeleteExpiredKeyMaterial',
      account: key.account,
      region: key.region,
      resources: [keyInTrail(key)],
      serviceEventDetails: {
        keyId: key.keyId,
        ...(isSymmetricEncryptionKey(key) ? { keyMaterialId: materialId } : {}),
      },
    },
  };
}
