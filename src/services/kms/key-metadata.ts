/**
 * A key as AWS describes it: KeyMetadata, and the algorithm list that GetPublicKey shows too. Pure.
 */
import type {
  CustomerMasterKeySpec,
  GetPublicKeyResponse,
  KeyMetadata,
  MultiRegionConfiguration,
} from '../../model/kms.generated.ts';
import type { CustomKeyStore } from './custom-key-stores/custom-key-store.ts';
import {
  currentGeneration,
  isHere,
  isPermanent,
  isSymmetricEncryptionKey,
  type Key,
  type MultiRegion,
} from './key.ts';
import { keyArn } from './key-id.ts';
import { algorithmsOf } from './usable.ts';

/** `store`: that of a key which lies in one. */
export function keyMetadata(key: Key, store?: CustomKeyStore): KeyMetadata {
  return {
    AWSAccountId: key.account,
    KeyId: key.keyId,
    Arn: key.arn,
    CreationDate: key.createdAt,
    Enabled: key.state === 'Enabled' || key.state === 'Updating',
    Description: key.description,
    KeyUsage: key.usage,
    KeyState: key.state,
    ...(key.deletionDate === undefined ? {} : { DeletionDate: key.deletionDate }),
    ...(key.pendingWindowDays === undefined
      ? {}
      : { PendingDeletionWindowInDays: key.pendingWindowDays }),
    Origin: key.origin,
    KeyManager: key.manager,
    ...specMembers(key),
    ...algorithmMembers(key),
    MultiRegion: key.multiRegion !== undefined,
    ...(key.multiRegion === undefined
      ? {}
      : { MultiRegionConfiguration: multiRegionConfiguration(key, key.multiRegion) }),
    ...storeMembers(key, store),
    ...expirationMembers(key),
    ...currentMaterialMember(key),
  };
}

function storeMembers(key: Key, store: CustomKeyStore | undefined): Partial<KeyMetadata> {
  const { customKeyStoreId, xksKeyId } = key;
  if (customKeyStoreId === undefined) return {};
  return {
    CustomKeyStoreId: customKeyStoreId,
    ...(store?.backing.type === 'AWS_CLOUDHSM'
      ? { CloudHsmClusterId: store.backing.clusterId }
      : {}),
    ...(xksKeyId === undefined ? {} : { XksKeyConfiguration: { Id: xksKeyId } }),
  };
}

/**
 * Of keys that can rotate or import. Kept while the material is deleted; absent before the first
 * import and while Creating.
 */
function currentMaterialMember(key: Key): Pick<KeyMetadata, 'CurrentKeyMaterialId'> {
  const isOurs = isSymmetricEncryptionKey(key) && key.customKeyStoreId === undefined;
  const isShown = isOurs && key.state !== 'Creating';
  const current = isShown ? currentGeneration(key) : undefined;
  return current === undefined ? {} : { CurrentKeyMaterialId: current.id };
}

/** Of the imported material that is here; ValidTo is the earliest that any of it expires. */
function expirationMembers(key: Key): Pick<KeyMetadata, 'ExpirationModel' | 'ValidTo'> {
  if (key.origin !== 'EXTERNAL') return {};
  const here = key.generations.filter((material) => isPermanent(material) && isHere(material));
  if (here.length === 0) return {};
  const times = here.flatMap(({ expiresAt }) => (expiresAt === undefined ? [] : [expiresAt]));
  return times.length === 0
    ? { ExpirationModel: 'KEY_MATERIAL_DOES_NOT_EXPIRE' }
    : { ExpirationModel: 'KEY_MATERIAL_EXPIRES', ValidTo: Math.min(...times) };
}

/** The deprecated twin repeats the spec; its list in the model ends before the newest ones. */
export const specMembers = (key: Key) => ({
  KeySpec: key.spec,
  CustomerMasterKeySpec: key.spec as CustomerMasterKeySpec,
});

type AlgorithmMembers = Pick<
  KeyMetadata & GetPublicKeyResponse,
  | 'EncryptionAlgorithms'
  | 'SigningAlgorithms'
  | 'MacAlgorithms'
  | 'KeyAgreementAlgorithms'
  | 'EncapsulationAlgorithms'
>;

const memberOfUsage = {
  ENCRYPT_DECRYPT: 'EncryptionAlgorithms',
  SIGN_VERIFY: 'SigningAlgorithms',
  GENERATE_VERIFY_MAC: 'MacAlgorithms',
  KEY_AGREEMENT: 'KeyAgreementAlgorithms',
  ENCAPSULATE_DECAPSULATE: 'EncapsulationAlgorithms',
} as const satisfies Record<Key['usage'], keyof AlgorithmMembers>;

/** Exactly one list, by the key's usage. */
export const algorithmMembers = (key: Key): AlgorithmMembers => ({
  [memberOfUsage[key.usage]]: algorithmsOf(key),
});

function multiRegionConfiguration(key: Key, config: MultiRegion): MultiRegionConfiguration {
  const partition = key.arn.split(':')[1] ?? '';
  const related = (region: string) => ({
    Arn: keyArn({ partition, region, account: key.account }, key.keyId),
    Region: region,
  });
  return {
    MultiRegionKeyType: config.primaryRegion === key.region ? 'PRIMARY' : 'REPLICA',
    PrimaryKey: related(config.primaryRegion),
    ReplicaKeys: config.replicaRegions.map(related),
  };
}
