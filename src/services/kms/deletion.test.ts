import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { account, type KmsUnderTest, openKms, refusal, region } from '../../../test/open-kms.ts';

let kms: KmsUnderTest;
before(async () => {
  kms = await openKms();
});
after(() => kms.close());

const dayMs = 86_400_000;
const newKey = async () => {
  const { KeyMetadata } = await kms.ask('CreateKey', {});
  return { id: KeyMetadata?.KeyId ?? '', arn: KeyMetadata?.Arn ?? '' };
};
const schedule = (KeyId: string, PendingWindowInDays: number) =>
  kms.ask('ScheduleKeyDeletion', { KeyId, PendingWindowInDays });
const due = (now?: number, limit = 100) => kms.due(now, { limit });

describe('a key whose waiting period is over', () => {
  test('goes with its aliases and material, and leaves the facts for its record', async () => {
    const { id, arn } = await newKey();
    for (const AliasName of ['alias/d1', 'alias/d2'])
      await kms.ask('CreateAlias', { AliasName, TargetKeyId: id });
    const sealed = await kms.ask('Encrypt', { KeyId: id, Plaintext: Buffer.from('x') });
    const CiphertextBlob = Buffer.from(sealed.CiphertextBlob ?? []);
    await schedule(id, 7);
    assert.deepEqual(await due(kms.clock.now + 7 * dayMs - 1), []);
    const stored = await kms.engine.scan({ prefix: 'kms/', limit: 1000 });
    assert.equal(stored.filter(({ path }) => path.includes(id)).length, 5);
    kms.clock.now += 7 * dayMs;
    const [deletion, ...others] = await due();
    assert.deepEqual(others, []);
    assert.equal(deletion?.id, arn);
    assert.deepEqual(deletion?.event, {
      eventName: 'DeleteKey',
      account,
      region,
      resources: [{ arn, account, type: 'AWS::KMS::Key' }],
      responseElements: { keyId: arn },
    });
    assert.equal((await kms.store.commit(deletion?.writes ?? [])).kind, 'committed');
    await assert.rejects(
      kms.ask('DescribeKey', { KeyId: id }),
      refusal('NotFoundException', `Key '${arn}' does not exist`),
    );
    await assert.rejects(kms.ask('DescribeKey', { KeyId: 'alias/d1' }), {
      text: `Alias arn:aws:kms:${region}:${account}:alias/d1 is not found.`,
    });
    await assert.rejects(kms.ask('Decrypt', { CiphertextBlob }), {
      code: 'AccessDeniedException',
      text: /perform: kms:Decrypt on the resource associated with this ciphertext because/,
    });
    const later = await kms.startAgain();
    await assert.rejects(later.ask('Decrypt', { CiphertextBlob }), {
      code: 'AccessDeniedException',
    });
    const left = await kms.engine.scan({ prefix: 'kms/', limit: 1000 });
    assert.ok(left.length > 0);
    assert.deepEqual(
      left.filter(({ path }) => path.includes(id) || path.includes('alias/d')),
      [],
    );
    assert.deepEqual(await due(), []);
  });

  test('stays when its deletion is cancelled before the writes are committed', async () => {
    const { id } = await newKey();
    await schedule(id, 7);
    kms.clock.now += 8 * dayMs;
    const [deletion] = await due();
    await kms.ask('CancelKeyDeletion', { KeyId: id });
    assert.equal((await kms.store.commit(deletion?.writes ?? [])).kind, 'conflict');
    assert.deepEqual(await due(), []);
    await kms.ask('EnableKey', { KeyId: id });
    assert.ok(await kms.ask('Encrypt', { KeyId: id, Plaintext: Buffer.from('x') }));
  });

  test('goes before those that were due later, and no more at once than asked for', async () => {
    const [first, second, third] = [await newKey(), await newKey(), await newKey()];
    await schedule(third.id, 30);
    await schedule(second.id, 9);
    await schedule(first.id, 8);
    const at = kms.clock.now + 10 * dayMs;
    assert.deepEqual(
      (await due(at)).map(({ id }) => id),
      [first.arn, second.arn],
    );
    assert.deepEqual(
      (await due(at, 1)).map(({ id }) => id),
      [first.arn],
    );
  });
});
