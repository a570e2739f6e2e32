/**
 * KMS's condition keys: what a request and its key say to policies.
 * (https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html)
 * A key takes the value that AWS assumes where the request leaves its member out.
 */
import type { Call, ConditionKeys } from '../../operation.ts';
import { foldCase } from '../../policy/context.ts';
import type { Key } from './key.ts';
import { isAliasForm } from './key-id.ts';
import { type Recipient, recipientConditions } from './recipient.ts';

/** What the keys of one decision are read from. */
export interface Conditioned {
  readonly call: Call;
  /** The members of the request, by AWS's names; what they hold was validated by the model. */
  readonly input: Readonly<Record<string, unknown>>;
  /** Undefined for what acts on no one key. */
  readonly key: Key | undefined;
  /** How the request named the key; undefined where it didn't. */
  readonly named?: string | undefined;
  /** Of a ReEncrypt: which half is decided on. */
  readonly half?: 'Source' | 'Destination';
  /** Of a ReEncrypt. */
  readonly isSameKey?: boolean;
  /** Names of the key's aliases, loaded where a policy asks for them. */
  readonly aliases?: readonly string[] | undefined;
  /** Who attested and is answered. */
  readonly recipient?: Recipient | undefined;
}

type Value = string | readonly string[] | undefined;
type Row = readonly [operations: RegExp, value: (asked: Conditioned) => Value];

const text = (value: unknown): string | undefined =>
  value === undefined ? undefined : String(value);
const member =
  (name: string, assumed?: string) =>
  ({ input }: Conditioned): string | undefined =>
    text(input[name]) ?? assumed;
const record = (value: unknown): Readonly<Record<string, string>> =>
  (value ?? {}) as Readonly<Record<string, string>>;

const all = /^/;
const withContext =
  /^(Encrypt|Decrypt|ReEncrypt|GenerateDataKey(Pair)?(WithoutPlaintext)?|CreateGrant)$/;
const withEncryption = /^(Encrypt|Decrypt|ReEncrypt|GenerateDataKey(Pair)?(WithoutPlaintext)?)$/;
const callerless = /^(?!(GenerateRandom|ListKeys|ListAliases|ListRetirableGrants)$)/;
const direct = /^(CreateGrant|ListGrants|RevokeGrant)$/;

/** By lower-case name: for which operations a key has a value, and which. */
const rows: ReadonlyMap<string, Row> = new Map<string, Row>([
  ['kms:calleraccount', [callerless, ({ call }) => call.principal.account]],
  ['kms:viaservice', [all, ({ call }) => viaService(call)]],
  ['kms:keyspec', [all, ({ key, ...asked }) => key?.spec ?? specWanted(asked)]],
  ['kms:customermasterkeyspec', [all, ({ key, ...asked }) => key?.spec ?? specWanted(asked)]],
  ['kms:keyusage', [all, ({ key, ...asked }) => key?.usage ?? usageWanted(asked)]],
  ['kms:customermasterkeyusage', [all, ({ key, ...asked }) => key?.usage ?? usageWanted(asked)]],
  ['kms:keyorigin', [all, ({ key, ...asked }) => key?.origin ?? originWanted(asked)]],
  ['kms:multiregion', [all, (asked) => multiRegion(asked)]],
  ['kms:multiregionkeytype', [all, (asked) => multiRegionKeyType(asked)]],
  ['kms:resourcealiases', [all, ({ aliases }) => aliases]],
  ['kms:requestalias', [all, ({ named }) => aliasNamed(named)]],
  ['kms:encryptioncontextkeys', [withContext, (asked) => contextKeys(asked)]],
  ['kms:encryptionalgorithm', [withEncryption, (asked) => encryptionAlgorithm(asked)]],
  ['kms:signingalgorithm', [/^(Sign|Verify)$/, member('SigningAlgorithm')]],
  ['kms:messagetype', [/^(Sign|Verify)$/, member('MessageType', 'RAW')]],
  ['kms:macalgorithm', [/^(GenerateMac|VerifyMac)$/, member('MacAlgorithm')]],
  ['kms:keyagreementalgorithm', [/^DeriveSharedSecret$/, member('KeyAgreementAlgorithm')]],
  ['kms:datakeypairspec', [/^GenerateDataKeyPair/, member('KeyPairSpec')]],
  ['kms:reencryptonsamekey', [/^ReEncrypt$/, ({ isSameKey }) => text(isSameKey)]],
  ['kms:grantoperations', [/^CreateGrant$/, ({ input }) => input.Operations as readonly string[]]],
  ['kms:granteeprincipal', [/^CreateGrant$/, member('GranteePrincipal')]],
  ['kms:retiringprincipal', [/^CreateGrant$/, member('RetiringPrincipal')]],
  ['kms:grantconstrainttype', [/^CreateGrant$/, (asked) => constraintTypes(asked)]],
  ['kms:grantisforawsresource', [direct, ({ call }) => text(call.via.length > 0)]],
  [
    'kms:bypasspolicylockoutsafetycheck',
    [/^(CreateKey|PutKeyPolicy)$/, member('BypassPolicyLockoutSafetyCheck', 'false')],
  ],
  ['kms:policyname', [/^(Get|Put)KeyPolicy$/, member('PolicyName', 'default')]],
  [
    'kms:schedulekeydeletionpendingwindowindays',
    [/^ScheduleKeyDeletion$/, member('PendingWindowInDays', '30')],
  ],
  ['kms:rotationperiodindays', [/^EnableKeyRotation$/, member('RotationPeriodInDays', '365')]],
  [
    'kms:expirationmodel',
    [/^ImportKeyMaterial$/, member('ExpirationModel', 'KEY_MATERIAL_EXPIRES')],
  ],
  ['kms:validto', [/^ImportKeyMaterial$/, ({ input }) => epochSeconds(input.ValidTo)]],
  ['kms:wrappingalgorithm', [/^GetParametersForImport$/, member('WrappingAlgorithm')]],
  ['kms:wrappingkeyspec', [/^GetParametersForImport$/, member('WrappingKeySpec')]],
  ['kms:primaryregion', [/^UpdatePrimaryRegion$/, member('PrimaryRegion')]],
  ['kms:replicaregion', [/^ReplicateKey$/, member('ReplicaRegion')]],
  ['aws:tagkeys', [all, (asked) => tagKeys(asked)]],
]);

const contextKey = 'kms:encryptioncontext:';
const requestTag = 'aws:requesttag/';
const attestation = 'kms:recipientattestation:';

export function conditionsOf(asked: Conditioned): ConditionKeys {
  return (key) => {
    const row = rows.get(key);
    if (row !== undefined) {
      const [operations, value] = row;
      return operations.test(asked.call.operation) ? value(asked) : undefined;
    }
    if (key.startsWith(contextKey)) return contextValue(asked, key.slice(contextKey.length));
    if (key.startsWith(attestation)) return recipientConditions(asked.recipient).get(key);
    if (key.startsWith(requestTag)) return tagValue(asked, key.slice(requestTag.length));
    return undefined;
  };
}

/** The service that calls, as it is named in the Region. */
function viaService({ via, region }: Call): string | undefined {
  return via.at(-1)?.replace(/\.amazonaws\.com$/, `.${region}.amazonaws.com`);
}

type Wanted = Omit<Conditioned, 'key'>;
const wanted = (asked: Wanted, value: () => string): string | undefined =>
  asked.call.operation === 'CreateKey' ? value() : undefined;
const specWanted = (asked: Wanted) =>
  wanted(asked, () =>
    String(asked.input.KeySpec ?? asked.input.CustomerMasterKeySpec ?? 'SYMMETRIC_DEFAULT'),
  );
const usageWanted = (asked: Wanted) =>
  wanted(asked, () => String(asked.input.KeyUsage ?? 'ENCRYPT_DECRYPT'));
const originWanted = (asked: Wanted) =>
  wanted(asked, () => String(asked.input.Origin ?? 'AWS_KMS'));

function multiRegion({ key, call, input }: Conditioned): string | undefined {
  if (key !== undefined) return text(key.multiRegion !== undefined);
  return call.operation === 'CreateKey' ? text(input.MultiRegion === true) : undefined;
}

function multiRegionKeyType({ key, call, input }: Conditioned): string | undefined {
  if (key === undefined)
    return call.operation === 'CreateKey' && input.MultiRegion === true ? 'PRIMARY' : undefined;
  if (key.multiRegion === undefined) return undefined;
  return key.multiRegion.primaryRegion === key.region ? 'PRIMARY' : 'REPLICA';
}

function aliasNamed(named: string | undefined): string | undefined {
  if (named === undefined || !isAliasForm(named)) return undefined;
  return named.slice(named.indexOf('alias/'));
}

function encryptionAlgorithm({ input, half }: Conditioned): string {
  return text(input[`${half ?? ''}EncryptionAlgorithm`]) ?? 'SYMMETRIC_DEFAULT';
}

/** The context of the half that is decided on; a grant's is what it is constrained to. */
function contextOf({ call, input, half }: Conditioned): Readonly<Record<string, string>> {
  if (call.operation !== 'CreateGrant') return record(input[`${half ?? ''}EncryptionContext`]);
  const constraints = record(input.Constraints) as Readonly<Record<string, unknown>>;
  return record(constraints.EncryptionContextEquals ?? constraints.EncryptionContextSubset);
}

function contextKeys(asked: Conditioned): readonly string[] | undefined {
  const names = Object.keys(contextOf(asked));
  return names.length === 0 ? undefined : names;
}

/** Two keys of a context may differ by case only; then both values count. */
function contextValue(asked: Conditioned, lowerCaseKey: string): Value {
  if (!withContext.test(asked.call.operation)) return undefined;
  const values = Object.entries(contextOf(asked))
    .filter(([key]) => foldCase(key) === lowerCaseKey)
    .map(([, value]) => value);
  return values.length > 1 ? values : values[0];
}

/** One value unless a source ARN stands beside the constraint on the context. */
function constraintTypes({ input }: Conditioned): Value {
  const types = Object.keys(record(input.Constraints));
  return types.length > 1 ? types : types[0];
}

const epochSeconds = (ms: unknown): string | undefined =>
  typeof ms === 'number' ? String(Math.floor(ms / 1000)) : undefined;

interface WireTag {
  readonly TagKey: string;
  readonly TagValue: string;
}
const tagsOf = ({ input }: Conditioned): readonly WireTag[] =>
  (input.Tags ?? []) as readonly WireTag[];

function tagKeys(asked: Conditioned): readonly string[] | undefined {
  const keys = [
    ...tagsOf(asked).map(({ TagKey }) => TagKey),
    ...((asked.input.TagKeys ?? []) as readonly string[]),
  ];
  return keys.length === 0 ? undefined : keys;
}

function tagValue(asked: Conditioned, lowerCaseKey: string): Value {
  const values = tagsOf(asked)
    .filter(({ TagKey }) => foldCase(TagKey) === lowerCaseKey)
    .map(({ TagValue }) => TagValue);
  return values.length > 1 ? values : values[0];
}
