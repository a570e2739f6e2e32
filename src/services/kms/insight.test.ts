import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { account, type KmsUnderTest, openKms, region } from '../../../test/open-kms.ts';
import { mostRows } from '../../usage/use-rows.ts';

const Plaintext = Buffer.from('x');
const operator = { account: '000000000001', region, isOperator: true };
const owner = { account, region, isOperator: false };
const quietMs = 90 * 86_400_000;

async function newKey(kms: KmsUnderTest, input = {}) {
  const { KeyMetadata } = await kms.ask('CreateKey', input);
  return { id: KeyMetadata?.KeyId ?? '', arn: KeyMetadata?.Arn ?? '' };
}

describe('a key', () => {
  test('is shown to its account and to the operator, and to nobody else', async () => {
    const kms = await openKms();
    const { id, arn } = await newKey(kms);
    const seen = async (key: string, by: typeof owner) =>
      (await kms.kms.insight.inventory(key, by))?.key;
    const stranger = { account: '999999999999', region, isOperator: false };
    assert.deepEqual(await Promise.all([arn, id].map((key) => seen(key, owner))), [arn, arn]);
    assert.deepEqual(await Promise.all([arn, id].map((key) => seen(key, operator))), [
      arn,
      // An id without an account is one of the asker's own.
      undefined,
    ]);
    assert.equal(await seen(arn, stranger), undefined);
    assert.equal(await kms.kms.insight.preflight({ key: arn, quietMs }, stranger), undefined);
    const elsewhere = { ...owner, region: 'us-west-1' };
    assert.deepEqual([await seen(arn, elsewhere), await seen(id, elsewhere)], [arn, undefined]);
    for (const nothing of ['', 'x', 'arn:aws:s3:::x', 'alias/none', arn.replace(id, 'x')])
      assert.equal(await seen(nothing, owner), undefined, nothing);
    await kms.close();
  });

  test('that AWS manages is never deleted, and says so', async () => {
    const kms = await openKms();
    await kms.ask('DescribeKey', { KeyId: 'alias/aws/ebs' });
    const report = await kms.kms.insight.preflight({ key: 'alias/aws/ebs', quietMs }, owner);
    assert.match(report?.objections[0] ?? '', /AWS managed key/);
    await kms.close();
  });

  test('that is used with ever new contexts shows the latest, and how many there were', async () => {
    const kms = await openKms();
    const { id } = await newKey(kms);
    const uses = 3 * mostRows;
    for (let i = 0; i < uses; i++) {
      kms.clock.now += 1;
      const EncryptionContext = { 'aws:s3:arn': `arn:aws:s3:::bucket/${i}` };
      await kms.ask('Encrypt', { KeyId: id, Plaintext, EncryptionContext });
      if (i === mostRows) await kms.kms.usage.save();
    }
    const report = await kms.kms.insight.preflight({ key: id, quietMs }, owner);
    const { rows, others } = report?.encryptionContexts ?? { rows: [] };
    assert.equal(rows.length, mostRows);
    assert.equal(rows[0]?.name, `{"aws:s3:arn":"arn:aws:s3:::bucket/${uses - 1}"}`);
    assert.deepEqual([others?.names, others?.uses], [uses - mostRows, uses - mostRows]);
    assert.equal(report?.dependents.length, mostRows);
    assert.deepEqual(report?.principals.rows[0]?.uses, { Encrypt: uses });
    await kms.close();
  });

  test('tells of material that it no longer has', async () => {
    const kms = await openKms();
    const { id } = await newKey(kms);
    await kms.ask('Encrypt', { KeyId: id, Plaintext });
    const { materials } = (await kms.kms.insight.inventory(id, owner))!;
    assert.deepEqual(
      materials.map(({ state, isHere, ciphertextsMade }) => [state, isHere, ciphertextsMade]),
      [['CURRENT', true, 1]],
    );
    assert.equal(materials[0]?.lastOpenedAt, null);
    assert.equal(materials[0]?.lastMadeAt, new Date(kms.clock.now).toISOString());
    await kms.close();
  });
});
