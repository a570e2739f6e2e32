/**
 * What a key in which state lets happen: AWS's table of key states
 * (https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html), laid out to be compared
 * line by line. Pure.
 */
import { keyDisabled, keyIs, unsupportedSpec } from './errors.ts';

export type KeyState =
  | 'Creating'
  | 'Enabled'
  | 'Disabled'
  | 'PendingDeletion'
  | 'PendingReplicaDeletion'
  | 'PendingImport'
  | 'Unavailable'
  | 'Updating';

/** What the table says: permitted, or what forbids it. */
type Verdict =
  | 'yes'
  | 'DisabledException'
  /** KMSInvalidStateException that names the state. */
  | 'invalid'
  /** KMSInvalidStateException saying that the key is not pending deletion. */
  | 'notPending'
  /** UnsupportedOperationException: such a key is in a custom key store. */
  | 'unsupported';

const columns = [
  'Enabled',
  'Disabled',
  'PendingDeletion',
  'PendingReplicaDeletion',
  'PendingImport',
  'Unavailable',
  'Creating',
  'Updating',
] as const satisfies readonly KeyState[];

const yes = 'yes';
const dis = 'DisabledException';
const inv = 'invalid';
const not = 'notPending';
const uns = 'unsupported';

/**
 * For keys pending deletion AWS's table allows DisabledException or KMSInvalidStateException; every
 * recorded answer is the latter. GetPublicKey pending import is an error in recordings though not
 * in the table. A cell that AWS leaves empty, because no such key exists, says what Encrypt's says.
 */
// biome-ignore format: a table
const table = {
  //                                     Enabled
  //                                     |    Disabled
  //                                     |    |    PendingDeletion
  //                                     |    |    |    PendingReplicaDeletion
  //                                     |    |    |    |    PendingImport
  //                                     |    |    |    |    |    Unavailable
  //                                     |    |    |    |    |    |    Creating
  //                                     |    |    |    |    |    |    |    Updating
  Encrypt:                             [yes, dis, inv, inv, inv, inv, inv, yes],
  Decrypt:                             [yes, dis, inv, inv, inv, inv, inv, yes],
  ReEncrypt:                           [yes, dis, inv, inv, inv, inv, inv, yes],
  GenerateDataKey:                     [yes, dis, inv, inv, inv, inv, inv, yes],
  GenerateDataKeyWithoutPlaintext:     [yes, dis, inv, inv, inv, inv, inv, yes],
  GenerateDataKeyPair:                 [yes, dis, inv, inv, inv, uns, inv, yes],
  GenerateDataKeyPairWithoutPlaintext: [yes, dis, inv, inv, inv, uns, inv, yes],
  Sign:                                [yes, dis, inv, inv, inv, inv, inv, yes],
  Verify:                              [yes, dis, inv, inv, inv, inv, inv, yes],
  GenerateMac:                         [yes, dis, inv, inv, inv, inv, inv, yes],
  VerifyMac:                           [yes, dis, inv, inv, inv, inv, inv, yes],
  DeriveSharedSecret:                  [yes, dis, inv, inv, inv, inv, inv, yes],
  Encapsulate:                         [yes, dis, inv, inv, inv, inv, inv, yes],
  Decapsulate:                         [yes, dis, inv, inv, inv, inv, inv, yes],
  GetPublicKey:                        [yes, yes, inv, inv, inv, inv, inv, yes],
  DescribeKey:                         [yes, yes, yes, yes, yes, yes, yes, yes],
  EnableKey:                           [yes, yes, inv, inv, inv, yes, inv, inv],
  DisableKey:                          [yes, yes, inv, inv, inv, yes, inv, inv],
  ScheduleKeyDeletion:                 [yes, yes, inv, inv, yes, yes, yes, inv],
  CancelKeyDeletion:                   [not, not, yes, yes, not, not, not, not],
  UpdateKeyDescription:                [yes, yes, inv, inv, yes, yes, yes, yes],
  CreateAlias:                         [yes, yes, inv, inv, yes, yes, yes, yes],
  UpdateAlias:                         [yes, yes, inv, inv, yes, yes, yes, yes],
  DeleteAlias:                         [yes, yes, yes, yes, yes, yes, yes, yes],
  ListAliases:                         [yes, yes, yes, yes, yes, yes, yes, yes],
  TagResource:                         [yes, yes, inv, inv, yes, yes, yes, yes],
  UntagResource:                       [yes, yes, inv, inv, yes, yes, yes, yes],
  ListResourceTags:                    [yes, yes, yes, yes, yes, yes, yes, yes],
  EnableKeyRotation:                   [yes, dis, inv, inv, inv, uns, inv, yes],
  DisableKeyRotation:                  [yes, dis, inv, inv, inv, uns, inv, yes],
  GetKeyRotationStatus:                [yes, yes, yes, yes, yes, uns, yes, yes],
  ListKeyRotations:                    [yes, yes, yes, yes, yes, uns, yes, yes],
  RotateKeyOnDemand:                   [yes, dis, inv, inv, inv, uns, inv, yes],
  GetParametersForImport:              [yes, yes, inv, inv, yes, uns, inv, inv],
  ImportKeyMaterial:                   [yes, yes, yes, yes, yes, uns, inv, yes],
  DeleteImportedKeyMaterial:           [yes, yes, yes, yes, yes, uns, inv, inv],
  GetKeyPolicy:                        [yes, yes, yes, yes, yes, yes, yes, yes],
  PutKeyPolicy:                        [yes, yes, yes, yes, yes, yes, yes, yes],
  ReplicateKey:                        [yes, dis, inv, inv, inv, inv, inv, inv],
  UpdatePrimaryRegion:                 [yes, dis, inv, inv, inv, inv, inv, yes],
  ListKeyPolicies:                     [yes, yes, yes, yes, yes, yes, yes, yes],
  CreateGrant:                         [yes, dis, inv, inv, inv, yes, inv, yes],
  ListGrants:                          [yes, yes, yes, yes, yes, yes, yes, yes],
  RetireGrant:                         [yes, yes, yes, yes, yes, yes, yes, yes],
  RevokeGrant:                         [yes, yes, yes, yes, yes, yes, yes, yes],
} as const satisfies Record<string, Row>;

type Row = readonly [Verdict, Verdict, Verdict, Verdict, Verdict, Verdict, Verdict, Verdict];

/** An operation that acts on a key; for UpdateAlias the key is the new target. */
export type KeyOperation = keyof typeof table;

const verdicts: ReadonlyMap<string, ReadonlyMap<KeyState, Verdict>> = new Map(
  Object.entries(table).map(([operation, row]) => [
    operation,
    new Map(columns.map((state, at): [KeyState, Verdict] => [state, row[at]!])),
  ]),
);

const words: Record<KeyState, string> = {
  Creating: 'creating',
  Enabled: 'enabled',
  Disabled: 'disabled',
  PendingDeletion: 'pending deletion',
  PendingReplicaDeletion: 'pending replica deletion',
  PendingImport: 'pending import',
  Unavailable: 'unavailable',
  Updating: 'updating',
};

export interface StatefulKey {
  readonly arn: string;
  readonly state: KeyState;
}

/**
 * Passes when the key's state permits the operation.
 * @throws ApiError DisabledException, KMSInvalidStateException or UnsupportedOperationException
 * with AWS's text.
 */
export function requireState(key: StatefulKey, operation: KeyOperation): void {
  const verdict = verdicts.get(operation)?.get(key.state);
  if (verdict === 'yes') return;
  if (verdict === 'DisabledException') throw keyDisabled(key.arn);
  if (verdict === 'notPending') throw keyIs(key.arn, 'not pending deletion');
  if (verdict === 'unsupported') throw unsupportedSpec();
  if (verdict === undefined) throw new Error(`No key-state rule for ${operation} in ${key.state}`);
  throw keyIs(key.arn, words[key.state]);
}
