import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { account, type KmsUnderTest, openKms, region } from '../../../test/open-kms.ts';
import { parseQuotas } from './quotas.ts';

const open = (file: object) =>
  openKms({ quotas: { settings: parseQuotas(JSON.stringify({ '*': null, ...file })), nodes: 1 } });
const dayMs = 86_400_000;
const full = { code: 'LimitExceededException' };

async function newKey(kms: KmsUnderTest, caller = {}): Promise<string> {
  const { KeyMetadata } = await kms.ask('CreateKey', {}, caller);
  return String(KeyMetadata?.KeyId);
}

async function countStored(kms: KmsUnderTest): Promise<number> {
  return (await kms.engine.scan({ prefix: 'kms/key-counts/', limit: 10 })).length;
}

describe('the quota of keys', () => {
  test('refuses one key too many in an account and Region, and only there', async () => {
    const kms = await open({ 'L-C2F1777E': 2 });
    const first = await newKey(kms);
    await newKey(kms);
    await assert.rejects(newKey(kms), full);
    await newKey(kms, { region: 'us-west-2' });
    await newKey(kms, { account: '999999999999' });
    await kms.ask('ScheduleKeyDeletion', { KeyId: first });
    await assert.rejects(newKey(kms), full, 'a key pending deletion counts');
    await kms.close();
  });

  test('does not count AWS managed keys', async () => {
    const kms = await open({ 'L-C2F1777E': 1 });
    await kms.ask('DescribeKey', { KeyId: 'alias/aws/s3' });
    await newKey(kms);
    await kms.ask('DescribeKey', { KeyId: 'alias/aws/ebs' });
    await assert.rejects(newKey(kms), full);
    await kms.close();
  });

  test('has room again for every key that is gone, also when many go at once', async () => {
    const kms = await open({ 'L-C2F1777E': 5 });
    const ids = [];
    for (let i = 0; i < 5; i++) ids.push(await newKey(kms));
    for (const KeyId of ids.slice(0, 3))
      await kms.ask('ScheduleKeyDeletion', { KeyId, PendingWindowInDays: 7 });
    kms.clock.now += 7 * dayMs;
    const due = await kms.due(kms.clock.now, { limit: 100 });
    assert.equal(due.length, 3);
    for (const { writes } of due)
      assert.equal((await kms.store.commit(writes)).kind, 'committed', 'one after the other');
    for (let i = 0; i < 3; i++) await newKey(kms);
    await assert.rejects(newKey(kms), full);
    await kms.close();
  });

  test('counts once what was there before it was asked for, and forgets it when it is not', async () => {
    const kms = await openKms();
    await newKey(kms);
    await kms.ask('DescribeKey', { KeyId: 'alias/aws/s3' });
    await newKey(kms);
    assert.equal(await countStored(kms), 0);
    const quotas = { settings: parseQuotas('{"*": null, "L-C2F1777E": 3}'), nodes: 1 };
    const limited = await kms.startAgain({ quotas });
    await newKey(limited);
    await assert.rejects(newKey(limited), full);
    assert.equal(await countStored(kms), 1);
    const unlimited = await kms.startAgain({});
    assert.equal(await countStored(kms), 0);
    await newKey(unlimited);
    const again = await kms.startAgain({ quotas });
    await assert.rejects(newKey(again), full);
    await kms.close();
  });

  test('of two nodes that make the last key at once, one has to look again', async () => {
    const kms = await open({ 'L-C2F1777E': 1 });
    const other = await kms.startAgain();
    const outcomes = await Promise.allSettled([newKey(kms), newKey(other)]);
    // The pipeline would run the one that conflicts again, and find the account full.
    assert.deepEqual(outcomes.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
    await assert.rejects(newKey(other), full);
    await kms.close();
  });
});

describe('the quota of aliases of a key', () => {
  test('is 50 with quotas or without', async () => {
    const kms = await openKms();
    const TargetKeyId = await newKey(kms);
    for (let i = 0; i < 50; i++)
      await kms.ask('CreateAlias', { AliasName: `alias/a${i}`, TargetKeyId });
    const one = { AliasName: 'alias/more', TargetKeyId };
    await assert.rejects(kms.ask('CreateAlias', one), full);
    const other = await newKey(kms);
    await kms.ask('CreateAlias', { ...one, TargetKeyId: other });
    await assert.rejects(kms.ask('UpdateAlias', one), full, 'nor by moving one here');
    await kms.ask('UpdateAlias', { AliasName: 'alias/a0', TargetKeyId });
    await kms.ask('DeleteAlias', { AliasName: 'alias/a1' });
    await kms.ask('UpdateAlias', one);
    await kms.close();
  });

  test('is what the file says, for each key by itself', async () => {
    const kms = await open({ 'Aliases per CMK': 1 });
    const [one, two] = [await newKey(kms), await newKey(kms)];
    await kms.ask('CreateAlias', { AliasName: 'alias/1', TargetKeyId: one });
    await kms.ask('CreateAlias', { AliasName: 'alias/2', TargetKeyId: two });
    await assert.rejects(kms.ask('CreateAlias', { AliasName: 'alias/3', TargetKeyId: two }), {
      ...full,
      text: 'The key has as many aliases as it may have: 1.',
    });
    const { Aliases } = await kms.ask('ListAliases', { KeyId: two }, { account, region });
    assert.equal(Aliases?.length, 1);
    await kms.close();
  });
});
