/**
 * Whatever happens to the keys of one multi-Region id (replication, promotion, deletion, rotation,
 * new processes), each ciphertext of any of them decrypts in every Region that has one, and nowhere
 * else.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { account, type KmsUnderTest, openKms } from '../../../test/open-kms.ts';

const dayMs = 86_400_000;
const regions = ['eu-west-1', 'us-east-1', 'ap-southeast-1', 'sa-east-1'] as const;
const home = regions[0];

let first: KmsUnderTest;
before(async () => {
  first = await openKms();
});
after(() => first.close());

interface Sealed {
  readonly blob: Buffer;
  readonly plaintext: Buffer;
  readonly context: Record<string, string>;
}

/** What is expected of one multi-Region id. */
class Family {
  #kms: KmsUnderTest = first;
  readonly id: string;
  primary: string = home;
  readonly replicas = new Set<string>();
  readonly sealed: Sealed[] = [];

  constructor(id: string) {
    this.id = id;
  }

  isIn(region: string): boolean {
    return region === this.primary || this.replicas.has(region);
  }

  async encrypt(region: string, plaintext: Buffer, context: Record<string, string>) {
    const input = { KeyId: this.id, Plaintext: plaintext, EncryptionContext: context };
    const { CiphertextBlob } = await this.#kms.ask('Encrypt', input, { region });
    this.sealed.push({ blob: Buffer.from(CiphertextBlob ?? []), plaintext, context });
  }

  async replicate(region: string) {
    const input = { KeyId: this.id, ReplicaRegion: region };
    await this.#kms.ask('ReplicateKey', input, { region: this.primary });
    this.replicas.add(region);
  }

  async promote(region: string) {
    const input = { KeyId: this.id, PrimaryRegion: region };
    await this.#kms.ask('UpdatePrimaryRegion', input, { region: this.primary });
    this.replicas.delete(region);
    this.replicas.add(this.primary);
    this.primary = region;
  }

  async remove(region: string) {
    const input = { KeyId: this.id, PendingWindowInDays: 7 };
    await this.#kms.ask('ScheduleKeyDeletion', input, { region });
    this.#kms.clock.now += 7 * dayMs;
    this.replicas.delete(region);
  }

  async rotate() {
    await this.#kms.ask('RotateKeyOnDemand', { KeyId: this.id }, { region: this.primary });
  }

  async startAgain() {
    this.#kms = await this.#kms.startAgain();
  }

  async settle() {
    this.#kms.clock.now += 1_000;
    await this.#kms.doDue();
  }

  async check() {
    for (const region of regions) {
      for (const each of this.sealed) await this.#checkBlob(region, each);
      if (this.isIn(region)) await this.#checkDescription(region);
    }
  }

  async #checkBlob(region: string, { blob, plaintext, context }: Sealed) {
    const input = { CiphertextBlob: blob, EncryptionContext: context };
    const opening = this.#kms.ask('Decrypt', input, { region });
    if (!this.isIn(region)) return assert.rejects(opening, { code: 'AccessDeniedException' });
    const opened = await opening;
    assert.deepEqual(Buffer.from(opened.Plaintext ?? []), plaintext);
    assert.equal(opened.KeyId, `arn:aws:kms:${region}:${account}:key/${this.id}`);
    const EncryptionContext = { ...context, 'one more': '' };
    await assert.rejects(
      this.#kms.ask('Decrypt', { CiphertextBlob: blob, EncryptionContext }, { region }),
      { code: 'InvalidCiphertextException' },
    );
  }

  async #checkDescription(region: string) {
    const { KeyMetadata } = await this.#kms.ask('DescribeKey', { KeyId: this.id }, { region });
    const shown = KeyMetadata?.MultiRegionConfiguration;
    assert.equal(KeyMetadata?.KeyState, 'Enabled');
    assert.equal(shown?.PrimaryKey?.Region, this.primary);
    assert.equal(shown?.MultiRegionKeyType, region === this.primary ? 'PRIMARY' : 'REPLICA');
    assert.deepEqual(new Set(shown?.ReplicaKeys?.map((each) => each.Region)), this.replicas);
  }
}

const steps = {
  encrypt: (family: Family, region: string, data: { bytes: Buffer; key: string }) =>
    family.isIn(region) ? family.encrypt(region, data.bytes, { [data.key]: region }) : undefined,
  replicate: (family: Family, region: string) =>
    family.isIn(region) ? undefined : family.replicate(region),
  promote: (family: Family, region: string) =>
    family.replicas.has(region) ? family.promote(region) : undefined,
  remove: (family: Family, region: string) =>
    family.replicas.has(region) ? family.remove(region) : undefined,
  rotate: (family: Family) => family.rotate(),
  startAgain: (family: Family) => family.startAgain(),
};

const step = fc.record({
  kind: fc.constantFrom(...(Object.keys(steps) as (keyof typeof steps)[])),
  region: fc.constantFrom(...regions),
  bytes: fc.uint8Array({ minLength: 1, maxLength: 64 }).map((bytes) => Buffer.from(bytes)),
  key: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 8 }),
});

test('ciphertexts outlive replication, promotion, rotation and deletion, in the right Regions', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 16 }), async (history) => {
      const made = await first.ask('CreateKey', { MultiRegion: true }, { region: home });
      const family = new Family(made.KeyMetadata?.KeyId ?? '');
      await family.encrypt(home, Buffer.from('first'), {});
      for (const { kind, region, ...data } of history) {
        await steps[kind](family, region, data);
        await family.settle();
      }
      await family.check();
    }),
    { numRuns: 200, interruptAfterTimeLimit: 3_000, markInterruptAsFailure: false },
  );
});
