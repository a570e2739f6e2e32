import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { account, type KmsUnderTest, openKms, region } from '../../../test/open-kms.ts';
import { keySpecs } from '../../crypto/key-spec.ts';
import type { CostReport } from './cost-report.ts';
import { keptMonths, monthOf } from './ledger.ts';
import { priceClassOf } from './prices.ts';

const operator = { account, region, isOperator: true };
const Plaintext = Buffer.from('x');
const dayMs = 86_400_000;

async function newKey(kms: KmsUnderTest, input = {}): Promise<string> {
  return String((await kms.ask('CreateKey', input)).KeyMetadata?.KeyId);
}
const costsOf = (kms: KmsUnderTest, month?: string, by = operator): Promise<CostReport> =>
  kms.kms.insight.costs({ month, account: undefined }, by);
const requestsIn = async (kms: KmsUnderTest, month?: string) =>
  (await costsOf(kms, month)).accounts[0]?.requests;

describe('the ledger', () => {
  test('has a page for each month, which a restart keeps', async () => {
    const kms = await openKms();
    kms.clock.now = Date.UTC(2026, 0, 31, 23, 59, 59, 999);
    const KeyId = await newKey(kms);
    await kms.ask('Encrypt', { KeyId, Plaintext });
    kms.clock.now += 1;
    await kms.ask('Encrypt', { KeyId, Plaintext });
    assert.deepEqual(await requestsIn(kms, '2026-01'), { request: 2 });
    assert.deepEqual(await requestsIn(kms), { request: 1 });
    kms.clock.now -= 1;
    await kms.ask('Encrypt', { KeyId, Plaintext });
    assert.deepEqual(await requestsIn(kms), { request: 3 });
    const later = await kms.startAgain();
    assert.deepEqual(await requestsIn(later, '2026-01'), { request: 3 });
    await kms.close();
  });

  test('adds up what several nodes know', async () => {
    const kms = await openKms();
    const other = await kms.startAgain();
    const KeyId = await newKey(kms);
    for (const node of [kms, other, other]) await node.ask('Encrypt', { KeyId, Plaintext });
    await other.kms.usage.save();
    assert.deepEqual(await requestsIn(kms), { request: 4 });
    await kms.close();
  });

  test('keeps what was spent when the key is gone, and forgets after a year', async () => {
    const kms = await openKms();
    const KeyId = await newKey(kms);
    await kms.ask('Encrypt', { KeyId, Plaintext });
    await kms.ask('ScheduleKeyDeletion', { KeyId, PendingWindowInDays: 7 });
    const [pending] = (await costsOf(kms)).accounts;
    assert.equal(pending?.keysUsd, 0);
    kms.clock.now += 7 * dayMs;
    await kms.doDue();
    await assert.rejects(kms.ask('DescribeKey', { KeyId }));
    const [spent] = (await costsOf(kms)).keys.filter(({ key }) => key !== null);
    assert.match(spent?.key ?? '', new RegExp(KeyId));
    assert.deepEqual(spent?.requests, { request: 2 });
    const month = monthOf(kms.clock.now);
    kms.clock.now += (keptMonths - 1) * 31 * dayMs;
    await kms.doDue();
    assert.notDeepEqual((await costsOf(kms, month)).keys, []);
    kms.clock.now += 60 * dayMs;
    await kms.doDue();
    assert.deepEqual((await costsOf(kms, month)).keys, []);
    await kms.close();
  });

  test('shows rotations in the price of a key, two of them', async () => {
    const kms = await openKms();
    const KeyId = await newKey(kms);
    const keeping = async () => (await costsOf(kms)).accounts[0]?.keysUsd;
    const prices = [await keeping()];
    for (let i = 0; i < 3; i++) {
      await kms.ask('RotateKeyOnDemand', { KeyId });
      prices.push(await keeping());
    }
    assert.deepEqual(prices, [1, 2, 3, 3]);
    await kms.ask('DescribeKey', { KeyId: 'alias/aws/s3' });
    assert.equal(await keeping(), 3);
    await kms.close();
  });

  test('is shown to an account for itself alone, and to the operator whole', async () => {
    const kms = await openKms();
    const other = { account: '999999999999', region };
    await kms.ask('GenerateRandom', { NumberOfBytes: 1 });
    await kms.ask('GenerateRandom', { NumberOfBytes: 1 }, other);
    const accountsFor = async (isOperator: boolean) =>
      (await costsOf(kms, undefined, { ...other, isOperator })).accounts.map(
        (each) => each.account,
      );
    assert.deepEqual(await accountsFor(false), [other.account]);
    assert.deepEqual((await accountsFor(true)).sort(), [account, other.account]);
    await kms.close();
  });
});

describe('a price', () => {
  const classOf = (operation: string, spec?: string, more = {}) =>
    priceClassOf({ operation, spec, otherSpec: undefined, keyPairSpec: undefined, ...more });

  test('of using a key goes by its spec', () => {
    const classes = [...keySpecs.keys()].map((spec) => [spec, classOf('Sign', spec)] as const);
    const cheap = ['SYMMETRIC_DEFAULT', 'HMAC_224', 'HMAC_256', 'HMAC_384', 'HMAC_512'];
    for (const [spec, price] of classes)
      assert.equal(
        price,
        spec === 'RSA_2048' ? 'rsa2048' : cheap.includes(spec) ? 'request' : 'asymmetric',
        spec,
      );
  });

  test('of a ReEncrypt is that of the dearer key', () => {
    assert.equal(
      classOf('ReEncrypt', 'SYMMETRIC_DEFAULT', { otherSpec: 'RSA_4096' }),
      'asymmetric',
    );
    assert.equal(classOf('ReEncrypt', 'RSA_2048', { otherSpec: 'SYMMETRIC_DEFAULT' }), 'rsa2048');
  });

  test('of a data key pair is its own, whatever the key; of anything else a plain request', () => {
    const of = (keyPairSpec: string) =>
      classOf('GenerateDataKeyPairWithoutPlaintext', 'SYMMETRIC_DEFAULT', { keyPairSpec });
    assert.deepEqual(['RSA_2048', 'ECC_NIST_P256', 'ML_KEM_768'].map(of), [
      'rsaKeyPair',
      'eccKeyPair',
      'eccKeyPair',
    ]);
    assert.equal(classOf('DescribeKey', 'RSA_4096'), 'request');
    assert.equal(classOf('ListKeys'), 'request');
  });
});
