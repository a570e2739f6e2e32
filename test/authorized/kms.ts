/** What KMS's operations need to reach their decision. */
import { ask } from '../ask.ts';
import type { Credentials } from '../identities.ts';
import { type ServiceSamples, unused } from './sample.ts';

async function newKey(
  root: Credentials,
  input: object = {},
): Promise<{ KeyId: string; Arn: string }> {
  const { body } = await ask(root)('CreateKey', input);
  return body.KeyMetadata as { KeyId: string; Arn: string };
}
const key = async (root: Credentials): Promise<string> => (await newKey(root)).KeyId;

async function ciphertext(root: Credentials): Promise<string> {
  const Plaintext = Buffer.from('x').toString('base64');
  const { body } = await ask(root)('Encrypt', { KeyId: await key(root), Plaintext });
  return String(body.CiphertextBlob);
}

async function alias(root: Credentials): Promise<string> {
  const AliasName = `alias/${unused('a')}`;
  await ask(root)('CreateAlias', { AliasName, TargetKeyId: await key(root) });
  return AliasName;
}

async function grant(root: Credentials) {
  const { KeyId, Arn } = await newKey(root);
  const [, , , , account] = Arn.split(':');
  const GranteePrincipal = `arn:aws:iam::${account}:root`;
  const input = { KeyId, GranteePrincipal, Operations: ['Encrypt'] };
  const { body } = await ask(root)('CreateGrant', input);
  return { KeyId: Arn, GrantId: body.GrantId, account: GranteePrincipal };
}

export const kms: ServiceSamples = {
  members: { KeyId: key, TargetKeyId: key, CiphertextBlob: ciphertext },
  operations: {
    CreateAlias: async () => ({ input: { AliasName: `alias/${unused('new')}` } }),
    CreateGrant: async (root) => ({
      input: { GranteePrincipal: (await grant(root)).account, Operations: ['Encrypt'] },
    }),
    CreateKey: async () => ({ input: {} }),
    Decrypt: async (root) => ({ input: { CiphertextBlob: await ciphertext(root) } }),
    DeleteAlias: async (root) => ({ input: { AliasName: await alias(root) } }),
    GenerateRandom: async () => ({ input: { NumberOfBytes: 8 } }),
    ListRetirableGrants: async (root) => ({
      input: { RetiringPrincipal: (await grant(root)).account },
    }),
    ReEncrypt: async (root) => ({
      input: { CiphertextBlob: await ciphertext(root), DestinationKeyId: await key(root) },
      actions: ['kms:ReEncryptFrom', 'kms:ReEncryptTo'],
    }),
    ReplicateKey: async (root) => ({
      input: {
        KeyId: (await newKey(root, { MultiRegion: true })).KeyId,
        ReplicaRegion: 'eu-west-1',
      },
      actions: ['kms:ReplicateKey', 'kms:CreateKey'],
    }),
    // The grant decides, and here it is for the account: its identities need the permission.
    RetireGrant: async (root) => {
      const { KeyId, account } = await grant(root);
      const { body } = await ask(root)('CreateGrant', {
        KeyId,
        GranteePrincipal: account,
        RetiringPrincipal: account,
        Operations: ['Encrypt'],
      });
      return { input: { KeyId, GrantId: body.GrantId } };
    },
    RevokeGrant: async (root) => {
      const { KeyId, GrantId } = await grant(root);
      return { input: { KeyId, GrantId } };
    },
    ScheduleKeyDeletion: async () => ({ input: { PendingWindowInDays: 7 } }),
    UpdateAlias: async (root) => ({ input: { AliasName: await alias(root) } }),
    UpdatePrimaryRegion: async (root) => {
      const { KeyId } = await newKey(root, { MultiRegion: true });
      await ask(root)('ReplicateKey', { KeyId, ReplicaRegion: 'eu-west-1' });
      return { input: { KeyId, PrimaryRegion: 'eu-west-1' } };
    },
  },
};
