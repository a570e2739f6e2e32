/** The recorded KMS cases about rotation of material that KMS makes. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { type Ask, b64, type Case, newKey, recordable } from './case.ts';

const rotate = async (ask: Ask, KeyId: string | undefined) =>
  recordable(await ask('RotateKeyOnDemand', { KeyId }));
const status = async (ask: Ask, KeyId: string | undefined) =>
  recordable(await ask('GetKeyRotationStatus', { KeyId }));
const current = async (ask: Ask, KeyId: string | undefined) =>
  recordable(await ask('DescribeKey', { KeyId })) as { KeyMetadata: Record<string, string> };

const statusAfterRotation =
  (isEnabled: boolean): Case =>
  async (ask) => {
    const { KeyId } = await newKey(ask);
    if (isEnabled) await ask('EnableKeyRotation', { KeyId });
    return {
      'rotate-on-demand-response': await rotate(ask, KeyId),
      'rotation-status-response-after-rotation': await status(ask, KeyId),
    };
  };

const refused =
  (prepare: (ask: Ask) => Promise<string | undefined>): Case =>
  async (ask) => ({ 'error-response': await rotate(ask, await prepare(ask)) });

/** How often AWS lets one key rotate on demand. */
const limit = 25;

export const rotationCases: ReadonlyMap<string, Case> = new Map<string, Case>([
  [
    'test_key_enable_rotation_status',
    async (ask, [days]) => {
      const { KeyId } = await newKey(ask);
      await ask('EnableKeyRotation', { KeyId, RotationPeriodInDays: Number(days) });
      return { match_response: await status(ask, KeyId) };
    },
  ],
  [
    'test_rotate_key_on_demand_modifies_key_material',
    async (ask) => {
      const { KeyId } = await newKey(ask);
      const before = (await current(ask, KeyId)).KeyMetadata.CurrentKeyMaterialId;
      const rotated = await rotate(ask, KeyId);
      assert.notEqual((await current(ask, KeyId)).KeyMetadata.CurrentKeyMaterialId, before);
      return { 'rotate-on-demand-response': rotated };
    },
  ],
  [
    'test_rotate_key_on_demand_with_symmetric_key_and_automatic_rotation_disabled',
    statusAfterRotation(false),
  ],
  [
    'test_rotate_key_on_demand_with_symmetric_key_and_automatic_rotation_enabled',
    statusAfterRotation(true),
  ],
  [
    'test_rotate_key_on_demand_raises_error_given_key_is_disabled',
    refused(async (ask) => {
      const { KeyId, Arn } = await newKey(ask);
      await ask('DisableKey', { KeyId });
      return Arn;
    }),
  ],
  [
    'test_rotate_key_on_demand_raises_error_given_key_that_does_not_exist',
    refused(async () => randomUUID()),
  ],
  [
    'test_rotate_key_on_demand_raises_error_given_non_symmetric_key',
    refused(
      async (ask) =>
        (await newKey(ask, { KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' })).KeyId,
    ),
  ],
  [
    'test_key_rotations_encryption_decryption',
    async (ask) => {
      const { KeyId } = await newKey(ask);
      const seal = async () => (await ask('Encrypt', { KeyId, Plaintext: b64('m') })).body;
      const before = await seal();
      await rotate(ask, KeyId);
      const after = await seal();
      for (const { CiphertextBlob } of [before, after])
        assert.equal((await ask('Decrypt', { CiphertextBlob })).body.Plaintext, b64('m'));
      const blob = Buffer.from(after.CiphertextBlob as string, 'base64');
      blob[blob.length - 1] = (blob.at(-1) ?? 0) ^ 1;
      const CiphertextBlob = blob.toString('base64');
      return { 'bad-ciphertext': recordable(await ask('Decrypt', { CiphertextBlob })) };
    },
  ],
  [
    'test_key_rotations_limits',
    async (ask) => {
      const { KeyId } = await newKey(ask);
      for (let i = 0; i < limit; i++)
        assert.equal((await ask('RotateKeyOnDemand', { KeyId })).status, 200);
      return { 'error-response': await rotate(ask, KeyId) };
    },
  ],
  [
    'test_rotate_on_demand_returns_arn_for_key_id',
    async (ask) => {
      const { KeyId, Arn } = await newKey(ask);
      const rotated = await rotate(ask, KeyId);
      assert.equal(rotated.KeyId, Arn);
      return { 'rotate-on-demand-aws-key': rotated };
    },
  ],
  [
    'test_key_rotation_updates_current_key_material_id_for_aws_symmetric_keys',
    async (ask) => {
      const { KeyId } = await newKey(ask, { Description: 'test-key' });
      const before = await current(ask, KeyId);
      await rotate(ask, KeyId);
      return {
        'describe-key-before-rotation': before,
        'describe-key-after-rotation': await current(ask, KeyId),
      };
    },
  ],
]);
