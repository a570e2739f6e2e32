/** Multi-Region keys for tests: a KMS in memory and what is asked of it again and again. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach } from 'node:test';
import type { CreateKeyRequest, KeyMetadata } from '../src/model/kms.generated.ts';
import { account, type KmsUnderTest, openKms } from './open-kms.ts';

export const dayMs = 86_400_000;
export const [home, away, third] = ['eu-west-1', 'us-east-1', 'ap-southeast-1'] as const;
export const plaintext = Buffer.from('the same in every Region');

/** Of the test that runs. */
export let kms: KmsUnderTest;

/** To be called once in a file of tests: each test has a KMS of its own. */
export function openKmsForEachTest(): void {
  beforeEach(async () => {
    kms = await openKms();
  });
  afterEach(() => kms.close());
}

export const arnOf = (region: string, id: string) => `arn:aws:kms:${region}:${account}:key/${id}`;

export async function newPrimary(input: CreateKeyRequest = {}): Promise<string> {
  const made = await kms.ask('CreateKey', { MultiRegion: true, ...input }, { region: home });
  return made.KeyMetadata?.KeyId ?? '';
}
export const replicate = (
  KeyId: string,
  ReplicaRegion: string,
  input = {},
  region: string = home,
) => kms.ask('ReplicateKey', { KeyId, ReplicaRegion, ...input }, { region });
export const promote = (KeyId: string, PrimaryRegion: string, region: string = home) =>
  kms.ask('UpdatePrimaryRegion', { KeyId, PrimaryRegion }, { region });
export async function describeKey(KeyId: string, region: string): Promise<KeyMetadata> {
  const { KeyMetadata } = await kms.ask('DescribeKey', { KeyId }, { region });
  assert.ok(KeyMetadata !== undefined);
  return KeyMetadata;
}
export const stateOf = async (KeyId: string, region: string) =>
  (await describeKey(KeyId, region)).KeyState;
/** What is due a moment later, when no key is Creating or Updating any more. */
export async function settle() {
  kms.clock.now += 1_000;
  return kms.doDue();
}
/** A primary at home and enabled replicas in these Regions. */
export async function family(...regions: readonly string[]): Promise<string> {
  const id = await newPrimary();
  for (const region of regions) await replicate(id, region);
  await settle();
  return id;
}
export const encrypt = async (KeyId: string, region: string) =>
  Buffer.from(
    (await kms.ask('Encrypt', { KeyId, Plaintext: plaintext }, { region })).CiphertextBlob ?? [],
  );
export const schedule = (KeyId: string, region: string, PendingWindowInDays = 7) =>
  kms.ask('ScheduleKeyDeletion', { KeyId, PendingWindowInDays }, { region });
