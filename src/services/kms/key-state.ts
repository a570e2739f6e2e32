/**
 * What a key in which state lets happen: AWS's table of key states
 * (https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html), laid out to be compared line by line. Pure.
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

/**
 * `yes`, or what forbids it. `DISABLED` is DisabledException; `PENDING`, `IMPORT`, `UNAVAIL`, `CREATING` and
 * `UPDATING` are KMSInvalidStateException naming the state, `NOTPEND` the same saying that the key is not pending
 * deletion; `NEVER` is UnsupportedOperationException: such a key is in a custom key store.
 */
type Verdict =
  | 'yes'
  | 'DISABLED'
  | 'PENDING'
  | 'NOTPEND'
  | 'IMPORT'
  | 'UNAVAIL'
  | 'CREATING'
  | 'UPDATING'
  | 'NEVER';

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

/**
 * AWS's table allows DisabledException or KMSInvalidStateException for keys pending deletion; every recorded answer
 * is the latter. GetPublicKey pending import is an error in recordings though not in the table.
 */
// biome-ignore format: a table
const table = {
  //                                     Enabled    Disabled    PendDel    PendReplDel PendImport Unavail    Creating    Updating
  Encrypt:                             ['yes',     'DISABLED', 'PENDING', 'PENDING',  'IMPORT',  'UNAVAIL', 'CREATING', 'yes'],
  Decrypt:                             ['yes',     'DISABLED', 'PENDING', 'PENDING',  'IMPORT',  'UNAVAIL', 'CREATING', 'yes'],
  ReEncrypt:                           ['yes',     'DISABLED', 'PENDING', 'PENDING',  'IMPORT',  'UNAVAIL', 'CREATING', 'yes'],
  GenerateDataKey:                     ['yes',     'DISABLED', 'PENDING', 'PENDING',  'IMPORT',  'UNAVAIL', 'CREATING', 'yes'],
  GenerateDataKeyWithoutPlaintext:     ['yes',     'DISABLED', 'PENDING', 'PENDING',  'IMPORT',  'UNAVAIL', 'CREATING', 'yes'],
  GenerateDataKeyPair:                 ['yes',     'DISABLED', 'PENDING', 'PENDING',  'IMPORT',  'NEVER',   'CREATING', 'yes'],
  GenerateDataKeyPairWithoutPlaintext: ['yes',     'DISABLED', 'PENDING', 'PENDING',  'IMPORT',  'NEVER',   'CREATING', 'yes'],
  Sign:                                ['yes',     'DISABLED', 'PENDING', 'PENDING',  'IMPORT',  'UNAVAIL', 'CREATING', 'yes'],
  Verify:                              ['yes',     'DISABLED', 'PENDING', 'PENDING',  'IMPORT',  'UNAVAIL', 'CREATING', 'yes'],
  GenerateMac:                         ['yes',     'DISABLED', 'PENDING', 'PENDING',  'IMPORT',  'UNAVAIL', 'CREATING', 'yes'],
  VerifyMac:                           ['yes',     'DISABLED', 'PENDING', 'PENDING',  'IMPORT',  'UNAVAIL', 'CREATING', 'yes'],
  DeriveSharedSecret:                  ['yes',     'DISABLED', 'PENDING', 'PENDING',  'IMPORT',  'UNAVAIL', 'CREATING', 'yes'],
  Encapsulate:                         ['yes',     'DISABLED', 'PENDING', 'PENDING',  'IMPORT',  'UNAVAIL', 'CREATING', 'yes'],
  Decapsulate:                         ['yes',     'DISABLED', 'PENDING', 'PENDING',  'IMPORT',  'UNAVAIL', 'CREATING', 'yes'],
  GetPublicKey:                        ['yes',     'yes',      'PENDING', 'PENDING',  'IMPORT',  'UNAVAIL', 'CREATING', 'yes'],
  DescribeKey:                         ['yes',     'yes',      'yes',     'yes',      'yes',     'yes',     'yes',      'yes'],
  EnableKey:                           ['yes',     'yes',      'PENDING', 'PENDING',  'IMPORT',  'yes',     'CREATING', 'UPDATING'],
  DisableKey:                          ['yes',     'yes',      'PENDING', 'PENDING',  'IMPORT',  'yes',     'CREATING', 'UPDATING'],
  ScheduleKeyDeletion:                 ['yes',     'yes',      'PENDING', 'PENDING',  'yes',     'yes',     'yes',      'UPDATING'],
  CancelKeyDeletion:                   ['NOTPEND', 'NOTPEND',  'yes',     'yes',      'NOTPEND', 'NOTPEND', 'NOTPEND',  'NOTPEND'],
  UpdateKeyDescription:                ['yes',     'yes',      'PENDING', 'PENDING',  'yes',     'yes',     'yes',      'yes'],
  CreateAlias:                         ['yes',     'yes',      'PENDING', 'PENDING',  'yes',     'yes',     'yes',      'yes'],
  UpdateAlias:                         ['yes',     'yes',      'PENDING', 'PENDING',  'yes',     'yes',     'yes',      'yes'],
  DeleteAlias:                         ['yes',     'yes',      'yes',     'yes',      'yes',     'yes',     'yes',      'yes'],
  ListAliases:                         ['yes',     'yes',      'yes',     'yes',      'yes',     'yes',     'yes',      'yes'],
  TagResource:                         ['yes',     'yes',      'PENDING', 'PENDING',  'yes',     'yes',     'yes',      'yes'],
  UntagResource:                       ['yes',     'yes',      'PENDING', 'PENDING',  'yes',     'yes',     'yes',      'yes'],
  ListResourceTags:                    ['yes',     'yes',      'yes',     'yes',      'yes',     'yes',     'yes',      'yes'],
  GetKeyPolicy:                        ['yes',     'yes',      'yes',     'yes',      'yes',     'yes',     'yes',      'yes'],
  PutKeyPolicy:                        ['yes',     'yes',      'yes',     'yes',      'yes',     'yes',     'yes',      'yes'],
  ListKeyPolicies:                     ['yes',     'yes',      'yes',     'yes',      'yes',     'yes',     'yes',      'yes'],
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
 * @throws ApiError DisabledException, KMSInvalidStateException or UnsupportedOperationException with AWS's text.
 */
export function requireState(key: StatefulKey, operation: KeyOperation): void {
  const verdict = verdicts.get(operation)?.get(key.state);
  if (verdict === 'yes') return;
  if (verdict === 'DISABLED') throw keyDisabled(key.arn);
  if (verdict === 'NOTPEND') throw keyIs(key.arn, 'not pending deletion');
  if (verdict === 'NEVER') throw unsupportedSpec();
  if (verdict === undefined) throw new Error(`No key-state rule for ${operation} in ${key.state}`);
  throw keyIs(key.arn, words[key.state]);
}
