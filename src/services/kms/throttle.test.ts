import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { openKms, refusal } from '../../../test/open-kms.ts';
import { parseQuotas, quotaOf } from './quotas.ts';
import { RequestRates } from './throttle.ts';

const createKey = quotaOf('CreateKey');
const owner = { account: '111122223333', region: 'eu-north-1' };
const throttledText =
  'You have exceeded the rate at which you may call KMS. Reduce the frequency of your calls.';
const throttling = refusal('ThrottlingException', throttledText);

function ratesAt(json: string, nodes = 1) {
  const clock = { ms: 1_000 };
  const world = {
    now: () => 0,
    machineNow: () => 0,
    monotonic: () => clock.ms,
    randomBytes: () => Buffer.alloc(0),
  };
  return { rates: new RequestRates({ settings: parseQuotas(json), nodes }, world), clock };
}

/** How many of `tries` pass now. */
function passing(rates: RequestRates, tries: number, quota = createKey, by = owner): number {
  let passed = 0;
  for (let i = 0; i < tries; i++) {
    try {
      rates.take(quota, by);
      passed++;
    } catch (error) {
      assert.ok(throttling(error));
    }
  }
  return passed;
}

describe('a rate', () => {
  test('lets a second of requests pass at once, then refuses until time has passed', () => {
    const { rates, clock } = ratesAt('{}');
    assert.equal(passing(rates, 10), 5);
    clock.ms += 199;
    assert.equal(passing(rates, 10), 0);
    clock.ms += 1;
    assert.equal(passing(rates, 10), 1);
    clock.ms += 3_600_000;
    assert.equal(passing(rates, 10), 5);
  });

  test('is each account’s and Region’s own', () => {
    const { rates } = ratesAt('{}');
    assert.equal(passing(rates, 10), 5);
    assert.equal(passing(rates, 10, createKey, { ...owner, region: 'us-east-1' }), 5);
    assert.equal(passing(rates, 10, createKey, { ...owner, account: '444455556666' }), 5);
    assert.equal(passing(rates, 10, quotaOf('CreateAlias')), 5);
    assert.equal(passing(rates, 10), 0);
  });

  test('below one a second lets one pass, then makes wait', () => {
    const { rates, clock } = ratesAt('{"CreateKey": 0.1}');
    assert.equal(passing(rates, 3), 1);
    clock.ms += 9_999;
    assert.equal(passing(rates, 3), 0);
    clock.ms += 1;
    assert.equal(passing(rates, 3), 1);
  });

  test('of zero lets nothing pass, and without a value everything', () => {
    const { rates, clock } = ratesAt('{"CreateKey": 0, "CreateAlias": null}');
    clock.ms += 1_000_000;
    assert.equal(passing(rates, 3), 0);
    assert.equal(passing(rates, 1_000, quotaOf('CreateAlias')), 1_000);
  });

  test('is divided among the nodes, never multiplied', () => {
    const { rates, clock } = ratesAt('{"CreateKey": 100}', 4);
    assert.equal(passing(rates, 200), 25);
    clock.ms += 1_000;
    assert.equal(passing(rates, 200), 25);
  });

  test('holds over any span, whatever the requests’ rhythm', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.05, max: 50, noNaN: true }),
        fc.array(fc.record({ waitMs: fc.nat(3_000), tries: fc.nat(80) }), { maxLength: 40 }),
        (perSecond, rhythm) => {
          const { rates, clock } = ratesAt(`{"CreateKey": ${perSecond}}`);
          const begun = clock.ms;
          let passed = 0;
          for (const { waitMs, tries } of rhythm) {
            clock.ms += waitMs;
            passed += passing(rates, tries);
          }
          const most = Math.max(1, perSecond) + ((clock.ms - begun) / 1_000) * perSecond;
          assert.ok(passed <= most + 1e-6, `${passed} passed, ${most} may`);
        },
      ),
      { numRuns: 200 },
    );
  });
});

describe('requests', () => {
  const open = (file: object) =>
    openKms({
      quotas: { settings: parseQuotas(JSON.stringify({ '*': null, ...file })), nodes: 1 },
    });

  test('draw on the pool of their key, shared by all cryptographic operations', async () => {
    const kms = await open({ 'L-6E3AF000': 4, 'L-2AC98190': 1, 'L-DC14942D': 0 });
    const { KeyMetadata } = await kms.ask('CreateKey', {});
    const KeyId = String(KeyMetadata?.KeyId);
    const { CiphertextBlob } = await kms.ask('Encrypt', { KeyId, Plaintext: Buffer.from('x') });
    await kms.ask('Decrypt', { CiphertextBlob: CiphertextBlob as Buffer });
    await kms.ask('ReEncrypt', {
      CiphertextBlob: CiphertextBlob as Buffer,
      DestinationKeyId: KeyId,
    });
    await kms.ask('GenerateRandom', { NumberOfBytes: 1 });
    const spec = { KeyId, KeySpec: 'AES_256' } as const;
    await assert.rejects(kms.ask('GenerateDataKey', spec), throttling);
    await kms.ask('DescribeKey', { KeyId });

    const rsa = { KeySpec: 'RSA_2048', KeyUsage: 'SIGN_VERIFY' } as const;
    const signer = await kms.ask('CreateKey', rsa);
    const message = {
      KeyId: String(signer.KeyMetadata?.KeyId),
      Message: Buffer.from('m'),
      SigningAlgorithm: 'RSASSA_PSS_SHA_256',
    } as const;
    await kms.ask('Sign', message);
    await assert.rejects(kms.ask('Sign', message), throttling);
    const ecc = await kms.ask('CreateKey', { KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' });
    const eccMessage = {
      ...message,
      KeyId: String(ecc.KeyMetadata?.KeyId),
      SigningAlgorithm: 'ECDSA_SHA_256',
    } as const;
    await assert.rejects(kms.ask('Sign', eccMessage), throttling);
    await kms.close();
  });

  test('for a key pair draw on the rate of its spec', async () => {
    const kms = await open({ 'GenerateDataKeyPair (ECC_NIST_P256)': 1 });
    const { KeyMetadata } = await kms.ask('CreateKey', {});
    const KeyId = String(KeyMetadata?.KeyId);
    const p256 = { KeyId, KeyPairSpec: 'ECC_NIST_P256' } as const;
    await kms.ask('GenerateDataKeyPair', p256);
    await assert.rejects(kms.ask('GenerateDataKeyPairWithoutPlaintext', p256), throttling);
    await kms.ask('GenerateDataKeyPair', { KeyId, KeyPairSpec: 'ECC_NIST_P384' });
    await kms.close();
  });

  test('that fail count too', async () => {
    const kms = await open({ DescribeKey: 1 });
    const KeyId = '01234567-89ab-4cde-8f01-23456789abcd';
    await assert.rejects(kms.ask('DescribeKey', { KeyId }), { code: 'NotFoundException' });
    await assert.rejects(kms.ask('DescribeKey', { KeyId }), throttling);
    await kms.close();
  });

  test('are answered without a promise as before', async () => {
    const kms = await open({ 'L-6E3AF000': 1_000 });
    const { KeyMetadata } = await kms.ask('CreateKey', {});
    const KeyId = String(KeyMetadata?.KeyId);
    const called = await kms.call('GenerateDataKey', { KeyId, KeySpec: 'AES_256' });
    assert.equal(called.wasSynchronous, true);
    await kms.close();
  });

  test('of every cryptographic operation name their keys to the quotas', async () => {
    const kms = await open({ 'L-6E3AF000': 0, 'L-2AC98190': 0, 'L-DC14942D': 0 });
    const make = async (input: object) =>
      String((await kms.ask('CreateKey', input)).KeyMetadata?.KeyId);
    const hmac = await make({ KeySpec: 'HMAC_256', KeyUsage: 'GENERATE_VERIFY_MAC' });
    const agree = await make({ KeySpec: 'ECC_NIST_P256', KeyUsage: 'KEY_AGREEMENT' });
    const rsa = await make({ KeySpec: 'RSA_2048', KeyUsage: 'SIGN_VERIFY' });
    const one = Buffer.from('1');
    const mac = { KeyId: hmac, Message: one, MacAlgorithm: 'HMAC_SHA_256' } as const;
    await assert.rejects(kms.ask('GenerateMac', mac), throttling);
    await assert.rejects(kms.ask('VerifyMac', { ...mac, Mac: one }), throttling);
    await assert.rejects(
      kms.ask('DeriveSharedSecret', {
        KeyId: agree,
        KeyAgreementAlgorithm: 'ECDH',
        PublicKey: one,
      }),
      throttling,
    );
    const signed = { KeyId: rsa, Message: one, SigningAlgorithm: 'RSASSA_PSS_SHA_256' } as const;
    await assert.rejects(kms.ask('Verify', { ...signed, Signature: one }), throttling);
    const plain = { KeyId: await make({}), NumberOfBytes: 1 };
    await assert.rejects(kms.ask('GenerateDataKeyWithoutPlaintext', plain), throttling);
    await kms.close();
  });
});
