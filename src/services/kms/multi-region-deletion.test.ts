import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { refusal } from '../../../test/open-kms.ts';
import {
  arnOf,
  away,
  dayMs,
  describeKey,
  encrypt,
  family,
  home,
  kms,
  openKmsForEachTest,
  plaintext,
  promote,
  replicate,
  schedule,
  settle,
  stateOf,
  third,
} from '../../../test/related-keys.ts';

openKmsForEachTest();

describe('the deletion of related keys', () => {
  test('a primary waits for its last replica, and its window begins when that is gone', async () => {
    const id = await family(away, third);
    const answer = await schedule(id, home, 10);
    assert.deepEqual(answer, {
      KeyId: arnOf(home, id),
      KeyState: 'PendingReplicaDeletion',
      PendingWindowInDays: 10,
    });
    const waiting = await describeKey(id, home);
    assert.equal(waiting.PendingDeletionWindowInDays, 10);
    assert.equal(waiting.DeletionDate, undefined);
    await schedule(id, away, 7);
    await schedule(id, third, 20);
    kms.clock.now += 19 * dayMs;
    assert.equal((await kms.doDue()).length, 1);
    assert.equal(await stateOf(id, home), 'PendingReplicaDeletion');
    kms.clock.now += 2 * dayMs;
    await kms.doDue();
    const { KeyState, DeletionDate, PendingDeletionWindowInDays } = await describeKey(id, home);
    assert.equal(KeyState, 'PendingDeletion');
    assert.equal(DeletionDate, kms.clock.now + 10 * dayMs);
    assert.equal(PendingDeletionWindowInDays, undefined);
    kms.clock.now += 10 * dayMs;
    await kms.doDue();
    await assert.rejects(describeKey(id, home), { code: 'NotFoundException' });
    const left = await kms.engine.scan({ prefix: 'kms/', limit: 1_000 });
    assert.deepEqual(
      left.filter(({ path }) => path.includes(id)),
      [],
    );
  });

  test('a waiting primary refuses what a key pending deletion refuses, by its own name', async () => {
    const id = await family(away);
    await schedule(id, home);
    const waiting = refusal(
      'KMSInvalidStateException',
      `${arnOf(home, id)} is pending replica deletion.`,
    );
    await assert.rejects(encrypt(id, home), waiting);
    await assert.rejects(schedule(id, home), waiting);
    await assert.rejects(replicate(id, third), waiting);
    await assert.rejects(promote(id, away), waiting);
    assert.ok(await encrypt(id, away));
  });

  test('can be cancelled while it waits, and then does not go with its replicas', async () => {
    const id = await family(away);
    await schedule(id, home);
    await kms.ask('CancelKeyDeletion', { KeyId: id }, { region: home });
    const { KeyState, PendingDeletionWindowInDays } = await describeKey(id, home);
    assert.deepEqual([KeyState, PendingDeletionWindowInDays], ['Disabled', undefined]);
    await schedule(id, away);
    kms.clock.now += 7 * dayMs;
    await kms.doDue();
    assert.equal(await stateOf(id, home), 'Disabled');
  });

  test('a replica goes alone: the others forget it and keep the material', async () => {
    const id = await family(away, third);
    const CiphertextBlob = await encrypt(id, away);
    const at = kms.clock.now;
    assert.equal((await schedule(id, away)).DeletionDate, at + 7 * dayMs);
    kms.clock.now += 7 * dayMs;
    const events = await kms.doDue();
    assert.deepEqual(
      events.map(({ eventName, region }) => [eventName, region]),
      [['DeleteKey', away]],
    );
    for (const region of [home, third]) {
      const { MultiRegionConfiguration: shown } = await describeKey(id, region);
      assert.deepEqual(shown?.ReplicaKeys, [{ Arn: arnOf(third, id), Region: third }]);
      const again = await kms.startAgain();
      assert.ok(await again.ask('Decrypt', { CiphertextBlob }, { region }));
    }
    await assert.rejects(kms.ask('Decrypt', { CiphertextBlob }, { region: away }), {
      code: 'AccessDeniedException',
    });
    await replicate(id, away);
    await settle();
    assert.ok(await kms.ask('Decrypt', { CiphertextBlob }, { region: away }));
  });

  test('two replicas due at one moment both go, and the primary then waits', async () => {
    const id = await family(away, third);
    await schedule(id, home);
    await schedule(id, away);
    await schedule(id, third);
    kms.clock.now += 7 * dayMs;
    assert.equal((await kms.doDue()).length, 2);
    assert.equal(await stateOf(id, home), 'PendingDeletion');
  });

  test('a replica whose deletion is cancelled stays, and so does its waiting primary', async () => {
    const id = await family(away);
    await schedule(id, home);
    await schedule(id, away);
    await kms.ask('CancelKeyDeletion', { KeyId: id }, { region: away });
    kms.clock.now += 60 * dayMs;
    await kms.doDue();
    assert.equal(await stateOf(id, away), 'Disabled');
    assert.equal(await stateOf(id, home), 'PendingReplicaDeletion');
  });

  test('a former primary is deleted as a replica, and its ciphertexts stay readable', async () => {
    const id = await family(away);
    const CiphertextBlob = await encrypt(id, home);
    await promote(id, away);
    await settle();
    assert.equal((await schedule(id, home)).KeyState, 'PendingDeletion');
    kms.clock.now += 7 * dayMs;
    await kms.doDue();
    await assert.rejects(describeKey(id, home), { code: 'NotFoundException' });
    const opened = await kms.ask('Decrypt', { CiphertextBlob }, { region: away });
    assert.deepEqual(Buffer.from(opened.Plaintext ?? []), plaintext);
    assert.deepEqual((await describeKey(id, away)).MultiRegionConfiguration?.ReplicaKeys, []);
    assert.equal((await schedule(id, away)).KeyState, 'PendingDeletion');
  });
});
