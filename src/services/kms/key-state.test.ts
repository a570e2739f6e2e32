import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type KeyOperation, type KeyState, requireState } from './key-state.ts';

const arn = 'arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab';

/**
 * AWS's page "Key states of AWS KMS keys" with its own footnote numbers, for keys with material
 * from AWS; `.` is permitted. Columns: Enabled, Disabled, PendingDeletion, PendingReplicaDeletion,
 * PendingImport, Unavailable, Creating, Updating.
 */
const page: Record<string, readonly KeyOperation[]> = {
  '. 1 3 3 5 11 14 .': [
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
    'UpdatePrimaryRegion',
  ],
  '. 1 3 3 5 . 14 .': ['CreateGrant'],
  '. . 3 3 5 11 14 .': ['GetPublicKey'],
  '. . 3 3 5 . 14 15': ['EnableKey', 'DisableKey'],
  '. . 3 3 . . . 15': ['ScheduleKeyDeletion'],
  '4 4 . . 4 4 4 4': ['CancelKeyDeletion'],
  '. . 3 3 . . . .': [
    'CreateAlias',
    'UpdateAlias',
    'TagResource',
    'UntagResource',
    'UpdateKeyDescription',
  ],
  '. 1 3 3 5 11 14 15': ['ReplicateKey'],
  // In AWS's PendingImport column of the rotation settings stands 6: their origin is told first.
  '. 1 3 3 5 7 14 .': [
    'GenerateDataKeyPair',
    'GenerateDataKeyPairWithoutPlaintext',
    'EnableKeyRotation',
    'DisableKeyRotation',
    'RotateKeyOnDemand',
  ],
  '. . . . . 7 . .': ['GetKeyRotationStatus', 'ListKeyRotations'],
  // For keys that imported material can be for; a key of a custom store is none.
  '. . 3 3 . 7 14 15': ['GetParametersForImport'],
  '. . . . . 7 14 .': ['ImportKeyMaterial'],
  '. . . . . 7 14 15': ['DeleteImportedKeyMaterial'],
  '. . . . . . . .': [
    'DescribeKey',
    'DeleteAlias',
    'ListAliases',
    'ListResourceTags',
    'GetKeyPolicy',
    'PutKeyPolicy',
    'ListKeyPolicies',
    'ListGrants',
    'RetireGrant',
    'RevokeGrant',
  ],
};
const states: readonly KeyState[] = [
  'Enabled',
  'Disabled',
  'PendingDeletion',
  'PendingReplicaDeletion',
  'PendingImport',
  'Unavailable',
  'Creating',
  'Updating',
];

function expected(footnote: string, state: KeyState): string {
  const invalid = (text: string) => `KMSInvalidStateException: ${arn} is ${text}.`;
  const texts: Record<string, string> = {
    '.': 'permitted',
    1: `DisabledException: ${arn} is disabled.`,
    3: invalid(state === 'PendingDeletion' ? 'pending deletion' : 'pending replica deletion'),
    4: invalid('not pending deletion'),
    5: invalid('pending import'),
    7: 'UnsupportedOperationException: undefined',
    11: invalid('unavailable'),
    14: invalid('creating'),
    15: invalid('updating'),
  };
  return texts[footnote] ?? `no footnote ${footnote}`;
}

function actual(operation: KeyOperation, state: KeyState): string {
  try {
    requireState({ arn, state }, operation);
    return 'permitted';
  } catch (error) {
    const { code, text } = error as { code: string; text: string };
    return `${code}: ${text}`;
  }
}

describe("the key-state table says what AWS's page says", () => {
  for (const [footnotes, operations] of Object.entries(page))
    for (const operation of operations)
      test(operation, () => {
        const row = footnotes.split(' ');
        for (const [at, state] of states.entries())
          assert.equal(actual(operation, state), expected(row[at] ?? '', state), state);
      });
});
