/**
 * AWS's quotas of KMS as a table, the operator's changes to it, and which request draws on which
 * rate. Pure. (https://docs.aws.amazon.com/kms/latest/developerguide/requests-per-second.html and
 * …/resource-limits.html)
 */
import type { Key } from './key.ts';

export interface Quota {
  /** AWS's name of the quota without its ` request rate`. */
  readonly id: string;
  readonly kind: 'rate' | 'resource';
  /** In Service Quotas; undefined where it is not known. */
  readonly code: string | undefined;
  /** A second for rates. */
  readonly value: number;
  /** Regions where AWS's value is another. */
  readonly valueByRegion: ReadonlyMap<string, number>;
  readonly adjustable: boolean;
}

/** What the operator says of the quotas. */
export interface QuotaSettings {
  /** By quota id; null lifts the quota. */
  readonly values: ReadonlyMap<string, number | null>;
  /** What holds for quotas without a value here. */
  readonly others: 'aws' | 'none';
}

/** Every quota as AWS has it. */
export const awsQuotas: QuotaSettings = { values: new Map(), others: 'aws' };

const everywhere: ReadonlyMap<string, number> = new Map();
const inChina = (value: number): ReadonlyMap<string, number> =>
  new Map(['cn-north-1', 'cn-northwest-1'].map((region) => [region, value]));

const busyRegions: ReadonlyMap<string, number> = new Map([
  ...[
    'us-east-2',
    'ap-southeast-1',
    'ap-southeast-2',
    'ap-northeast-1',
    'eu-central-1',
    'eu-west-2',
  ].map((region): [string, number] => [region, 20_000]),
  ...['us-east-1', 'us-west-2', 'eu-west-1'].map((region): [string, number] => [region, 100_000]),
]);

type Row = readonly [
  id: string,
  value: number,
  code?: string | undefined,
  valueByRegion?: ReadonlyMap<string, number>,
];

/**
 * The rates for ML-KEM are ours: AWS's page has none yet. That of custom key stores has no name in
 * AWS's tables.
 */
// biome-ignore format: a table
const rates: readonly Row[] = [
  ['Cryptographic operations (symmetric)',          10_000, 'L-6E3AF000', busyRegions],
  ['Cryptographic operations (RSA)',                 1_000, 'L-2AC98190'],
  ['Cryptographic operations (ECC and SM2)',         1_000, 'L-DC14942D'],
  ['Cryptographic operations (ML-DSA)',              1_000],
  ['Cryptographic operations (ML-KEM)',              1_000],
  ['Cryptographic operations (custom key store)',    1_800],
  ['GenerateDataKeyPair (ECC_NIST_P256)',              100, 'L-D2EEB5E0'],
  ['GenerateDataKeyPair (ECC_NIST_P384)',              100, 'L-16B46EF0'],
  ['GenerateDataKeyPair (ECC_NIST_P521)',              100, 'L-1D966DA0'],
  ['GenerateDataKeyPair (ECC_SECG_P256K1)',            100],
  ['GenerateDataKeyPair (ECC_NIST_EDWARDS25519)',      100],
  ['GenerateDataKeyPair (RSA_2048)',                    20, undefined, inChina(1)],
  ['GenerateDataKeyPair (RSA_3072)',                     4, undefined, inChina(0.5)],
  ['GenerateDataKeyPair (RSA_4096)',                     1, undefined, inChina(0.1)],
  ['GenerateDataKeyPair (SM2 — China Regions only)',    25],
  ['GenerateDataKeyPair (ML_KEM_512)',                 100],
  ['GenerateDataKeyPair (ML_KEM_768)',                 100],
  ['GenerateDataKeyPair (ML_KEM_1024)',                100],
  ['CancelKeyDeletion',                                  5, 'L-635264CC'],
  ['ConnectCustomKeyStore',                              5, 'L-705B9E79'],
  ['CreateAlias',                                        5, 'L-F7504F73'],
  ['CreateCustomKeyStore',                               5, 'L-08932E37'],
  ['CreateGrant',                                       50, 'L-0428A42E'],
  ['CreateKey',                                          5, 'L-32B67F4A'],
  ['DeleteAlias',                                       15, 'L-1F75ADD1'],
  ['DeleteCustomKeyStore',                               5, 'L-E99520CB'],
  ['DeleteImportedKeyMaterial',                         15, 'L-1233BF9B'],
  ['DescribeCustomKeyStores',                            5, 'L-E20AA94C'],
  ['DescribeKey',                                    2_000, 'L-FAE8F084'],
  ['DisableKey',                                         5, 'L-6B8C93BD'],
  ['DisableKeyRotation',                                 5, 'L-CE1DB614'],
  ['DisconnectCustomKeyStore',                           5, 'L-9F1FCF6D'],
  ['EnableKey',                                          5, 'L-BD96F100'],
  ['EnableKeyRotation',                                 15, 'L-BE799B67'],
  ['GetKeyLastUsage',                                    5],
  ['GetKeyPolicy',                                   1_000],
  ['GetKeyRotationStatus',                           1_000],
  ['GetParametersForImport',                             1],
  ['GetPublicKey',                                   2_000],
  ['ImportKeyMaterial',                                 15],
  ['ListAliases',                                      500],
  ['ListGrants',                                       100],
  ['ListKeyPolicies',                                  100],
  ['ListKeyRotations',                                 100],
  ['ListKeys',                                         500],
  ['ListResourceTags',                               2_000],
  ['ListRetirableGrants',                              100],
  ['PutKeyPolicy',                                      15],
  ['ReplicateKey',                                       5],
  ['RetireGrant',                                       50],
  ['RevokeGrant',                                       50],
  ['RotateKeyOnDemand',                                  5],
  ['ScheduleKeyDeletion',                               15],
  ['TagResource',                                       10],
  ['UntagResource',                                      5],
  ['UpdateAlias',                                        5],
  ['UpdateCustomKeyStore',                               5],
  ['UpdateKeyDescription',                               5],
  ['UpdatePrimaryRegion',                                5],
];

/** With `true` those that cannot be raised. The last has nothing to change here. */
// biome-ignore format: a table
const resources: readonly (readonly [id: string, value: number, code: string, isFixed?: true])[] = [
  ['Customer Master Keys (CMKs)', 100_000, 'L-C2F1777E'],
  ['Aliases per CMK',                  50, 'L-340F62FB'],
  ['Grants per CMK',               50_000, 'L-D594A657'],
  ['Custom Key Stores',                10, 'L-F33DCFEB'],
  ['On-demand rotations per CMK',      25, 'L-0E66C9C0', true],
];

/** In AWS's order, by id. */
export const quotas: ReadonlyMap<string, Quota> = new Map(
  [
    ...rates.map(
      ([id, value, code, valueByRegion = everywhere]): Quota => ({
        id,
        kind: 'rate',
        code,
        value,
        valueByRegion,
        adjustable: true,
      }),
    ),
    ...resources.map(
      ([id, value, code, isFixed]): Quota => ({
        id,
        kind: 'resource',
        code,
        value,
        valueByRegion: everywhere,
        adjustable: isFixed !== true,
      }),
    ),
  ].map((quota) => [quota.id, quota]),
);

/** The quota of that id, which is in the table. */
export function quotaOf(id: string): Quota {
  const quota = quotas.get(id);
  if (quota === undefined) throw new Error(`KMS has no quota ${id}`);
  return quota;
}

export const keysQuota = quotaOf('Customer Master Keys (CMKs)');
export const aliasesQuota = quotaOf('Aliases per CMK');
export const grantsQuota = quotaOf('Grants per CMK');
export const customKeyStoresQuota = quotaOf('Custom Key Stores');
/** Each store's own, beside what the account has for all of its keys. */
export const storeUseQuota = quotaOf('Cryptographic operations (custom key store)');

/** AWS's name in full. */
export const quotaName = ({ id, kind }: Quota): string =>
  kind === 'rate' ? `${id} request rate` : id;

/** AWS's value in a Region. */
export const awsValue = (quota: Quota, region: string): number =>
  quota.valueByRegion.get(region) ?? quota.value;

/** The value in force; undefined = no limit. */
export function quotaValue(
  quota: Quota,
  { settings, region }: { readonly settings: QuotaSettings; readonly region: string },
): number | undefined {
  const value = settings.values.get(quota.id);
  if (value !== undefined) return value ?? undefined;
  return settings.others === 'aws' ? awsValue(quota, region) : undefined;
}

/** The only quotas that a file may set besides the rates. */
const settable: ReadonlySet<Quota> = new Set([
  ...[...quotas.values()].filter(({ kind }) => kind === 'rate'),
  keysQuota,
  aliasesQuota,
  grantsQuota,
  customKeyStoresQuota,
]);
export const isSettable = (quota: Quota): boolean => settable.has(quota);
/** The largest value that Service Quotas can say. */
export const maxQuotaValue = 10_000_000_000;

/**
 * Reads an operator's file: `{"CreateKey": 50, "L-6E3AF000": 500, "*": null}`, quota codes, quota
 * names or operation names to numbers; null lifts a quota, and `*` stands for all the others, which
 * otherwise are as AWS has them.
 * @throws RangeError with a text for people.
 */
export function parseQuotas(json: string): QuotaSettings {
  let file: unknown;
  try {
    file = JSON.parse(json);
  } catch (error) {
    throw new RangeError(`it is not JSON (${(error as Error).message})`);
  }
  if (typeof file !== 'object' || file === null || Array.isArray(file))
    throw new RangeError('it is no JSON object of quotas and numbers');
  const values = new Map<string, number | null>();
  let others: QuotaSettings['others'] = 'aws';
  for (const [written, value] of Object.entries(file)) {
    if (written === '*') {
      if (value !== null) throw new RangeError("'*' takes null only: the other quotas are lifted");
      others = 'none';
      continue;
    }
    const { id } = settableQuota(written);
    if (values.has(id)) throw new RangeError(`'${written}' names a quota for the second time`);
    values.set(id, checkedValue(written, value));
  }
  return { values, others };
}

const byEveryName: ReadonlyMap<string, Quota> = new Map(
  [...quotas.values()].flatMap((quota) =>
    [quota.id, quotaName(quota), quota.code ?? quota.id].map((name) => [name, quota]),
  ),
);

function settableQuota(written: string): Quota {
  const quota = byEveryName.get(written);
  if (quota !== undefined && isSettable(quota)) return quota;
  if (quota !== undefined)
    throw new RangeError(`'${written}' is a quota that can't be changed here`);
  if (isKeyed(written) || written === 'GenerateRandom')
    throw new RangeError(`'${written}' has no rate of its own; name its pool, e.g. L-6E3AF000`);
  if (isPair(written))
    throw new RangeError(`'${written}' has a rate for each spec: 'GenerateDataKeyPair (RSA_2048)'`);
  throw new RangeError(`'${written}' is no quota of KMS`);
}

function checkedValue(written: string, value: unknown): number | null {
  if (value === null) return null;
  if (typeof value === 'number' && value >= 0 && value <= maxQuotaValue) return value;
  throw new RangeError(`'${written}' takes a number from 0 to ${maxQuotaValue}, or null`);
}

/** What a request draws on that is known before its key is found. */
export interface Draw {
  readonly quota: Quota;
  /** Undefined = the Region of the call. */
  readonly region?: string;
  readonly times?: number;
}

/** The cryptographic operations; which pool they draw on their key's spec decides. */
const keyedOperations: ReadonlySet<string> = new Set([
  'Encrypt',
  'Decrypt',
  'ReEncrypt',
  'GenerateDataKey',
  'GenerateDataKeyWithoutPlaintext',
  'Sign',
  'Verify',
  'GenerateMac',
  'VerifyMac',
  'DeriveSharedSecret',
  'Encapsulate',
  'Decapsulate',
]);
export const isKeyed = (operation: string): boolean => keyedOperations.has(operation);

const isPair = (operation: string): boolean =>
  operation === 'GenerateDataKeyPair' || operation === 'GenerateDataKeyPairWithoutPlaintext';

const symmetricPool = quotaOf('Cryptographic operations (symmetric)');
const poolsBySpec: readonly (readonly [start: string, quota: Quota])[] = [
  ['SYMMETRIC_DEFAULT', symmetricPool],
  ['HMAC_', symmetricPool],
  ['RSA_', quotaOf('Cryptographic operations (RSA)')],
  ['ECC_', quotaOf('Cryptographic operations (ECC and SM2)')],
  ['SM2', quotaOf('Cryptographic operations (ECC and SM2)')],
  ['ML_DSA_', quotaOf('Cryptographic operations (ML-DSA)')],
  ['ML_KEM_', quotaOf('Cryptographic operations (ML-KEM)')],
];

/** The pool that cryptographic operations with such a key share. */
export function poolOf({ spec }: Pick<Key, 'spec'>): Quota {
  if (spec === 'SYMMETRIC_DEFAULT') return symmetricPool;
  const pool = poolsBySpec.find(([start]) => spec.startsWith(start))?.[1];
  if (pool === undefined) throw new Error(`No request quota is for keys of spec ${spec}`);
  return pool;
}

/** The input's members that decide what a request draws on. */
interface Weighed {
  readonly KeyPairSpec?: string;
  readonly ReplicaRegion?: string;
  readonly PrimaryRegion?: string;
}

/**
 * What an operation's requests draw on whatever their key is; undefined for the cryptographic
 * operations, whose pool is found with the key.
 */
export function drawsOf(operation: string): ((input: Weighed) => readonly Draw[]) | undefined {
  if (isKeyed(operation)) return undefined;
  if (operation === 'GenerateRandom') return () => [{ quota: symmetricPool }];
  if (isPair(operation)) return ({ KeyPairSpec = '' }) => pairDraws(KeyPairSpec);
  const own: Draw = { quota: quotaOf(operation) };
  // Both count in the other Region too, says AWS's page; the second CreateKey is a dry run.
  if (operation === 'ReplicateKey')
    return ({ ReplicaRegion }) => [
      own,
      ...elsewhere(ReplicaRegion, { quota: quotaOf('CreateKey'), times: 2 }),
    ];
  if (operation === 'UpdatePrimaryRegion')
    return ({ PrimaryRegion }) => [own, ...elsewhere(PrimaryRegion, own)];
  const draws = [own];
  return () => draws;
}

const elsewhere = (region: string | undefined, draw: Draw): readonly Draw[] =>
  region === undefined ? [] : [{ ...draw, region }];

function pairDraws(spec: string): readonly Draw[] {
  const id = spec === 'SM2' ? 'SM2 — China Regions only' : spec;
  const quota = quotas.get(`GenerateDataKeyPair (${id})`);
  return quota === undefined ? [] : [{ quota }];
}
