import assert from 'node:assert/strict';
import { createHmac, createPublicKey, generateKeyPairSync, randomBytes, verify } from 'node:crypto';
import { describe, test } from 'node:test';
import { account, type KmsUnderTest, openKms } from '../../../test/open-kms.ts';
import { keySpecs } from '../../crypto/key-spec.ts';
import { type Fixture, parseFixtures } from './fixture-file.ts';

const region = 'eu-central-1';
const keyId = '0b1e7a4c-0000-4000-8000-000000000001';
const material = Buffer.alloc(32, 7).toString('base64');
const key = { keyId, region, material };

const parsed = (...keys: readonly object[]): readonly Fixture[] =>
  parseFixtures(JSON.stringify({ version: 1, keys }), { account });
const opened = (...keys: readonly object[]) => openKms({ fixtures: parsed(...keys) });
const decrypted = async (kms: KmsUnderTest, blob: Buffer, more = {}) =>
  Buffer.from((await kms.ask('Decrypt', { CiphertextBlob: blob, ...more })).Plaintext!).toString();

/** Made by a server with the key above, and kept. */
const kept = [
  'AQICAHigPSSW0dnhP98hsSYqtEv/OkH3DHacYxHpgzk0TWukgAAZ32aQ5QALHnpMAABAAIAAAAAA',
  'AAABkTazGXpPqwGQRk6Eqj7aMoS74jvyEuXbysCbZTXQ51SU2f9Uq0zDh5ckYJEcGAbKWpYIgIqI',
  '1rb7dVaF/NTpBA==',
].join('');

describe('fixtures', () => {
  test('have the same ids, and ciphertexts of one server decrypt on every other', async () => {
    const one = await opened({ ...key, aliases: ['alias/app'], description: 'known' });
    const { KeyMetadata } = await one.ask('DescribeKey', { KeyId: 'alias/app' });
    assert.equal(KeyMetadata?.KeyId, keyId);
    assert.equal(KeyMetadata.Description, 'known');
    const EncryptionContext = { a: 'b' };
    const input = { KeyId: keyId, Plaintext: Buffer.from('kept'), EncryptionContext };
    const blob = Buffer.from((await one.ask('Encrypt', input)).CiphertextBlob!);
    await one.close();
    const other = await opened({ keyId: randomId(), region, material }, key);
    assert.equal(await decrypted(other, blob, { EncryptionContext }), 'kept');
    const ids = [KeyMetadata, (await other.ask('DescribeKey', { KeyId: keyId })).KeyMetadata];
    assert.equal(ids[0]?.CurrentKeyMaterialId, ids[1]?.CurrentKeyMaterialId);
    await other.close();
  });

  test('read what was encrypted by a server of long ago', async () => {
    const kms = await opened(key);
    assert.equal(await decrypted(kms, Buffer.from(kept, 'base64')), 'kept');
    await kms.close();
  });

  test('can have been rotated: old ciphertexts decrypt, the last material encrypts', async () => {
    const old = await opened(key);
    const input = { KeyId: keyId, Plaintext: Buffer.from('old') };
    const blob = Buffer.from((await old.ask('Encrypt', input)).CiphertextBlob!);
    await old.close();
    const second = Buffer.alloc(32, 8).toString('base64');
    const kms = await opened({ ...key, material: [material, second] });
    assert.equal(await decrypted(kms, blob), 'old');
    const { Rotations } = await kms.ask('ListKeyRotations', { KeyId: keyId });
    const made = await kms.ask('GenerateDataKey', { KeyId: keyId, KeySpec: 'AES_256' });
    assert.equal(Rotations?.length, 1);
    assert.equal(made.KeyMaterialId, Rotations[0]?.KeyMaterialId);
    await kms.close();
  });

  test('can have every spec, also private keys as PEM', async () => {
    const specs = [...keySpecs.values()].filter(({ supported }) => supported);
    const keys = await Promise.all(
      specs.map(async (spec) => ({
        keyId: randomId(),
        region,
        spec: spec.name,
        usage: [...spec.algorithms.keys()][0],
        material: (await spec.generate()).toString('base64'),
      })),
    );
    const kms = await opened(...keys);
    for (const { keyId: KeyId, spec } of keys)
      assert.equal((await kms.ask('DescribeKey', { KeyId })).KeyMetadata?.KeySpec, spec);
    await kms.close();

    const pair = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
    const pem = pair.privateKey.export({ format: 'pem', type: 'pkcs8' });
    const secret = randomBytes(32);
    const signing = { spec: 'ECC_NIST_P256', usage: 'SIGN_VERIFY', material: pem };
    const mac = { spec: 'HMAC_256', usage: 'GENERATE_VERIFY_MAC' };
    const signer = await opened(
      { ...key, ...signing },
      {
        ...key,
        ...mac,
        keyId: randomId(),
        material: secret.toString('base64'),
        aliases: ['alias/m'],
      },
    );
    const Message = Buffer.from('signed');
    const { Signature } = await signer.ask('Sign', {
      KeyId: keyId,
      Message,
      SigningAlgorithm: 'ECDSA_SHA_256',
    });
    assert.ok(verify('sha256', Message, createPublicKey(pair.privateKey), Buffer.from(Signature!)));
    const made = await signer.ask('GenerateMac', {
      KeyId: 'alias/m',
      Message,
      MacAlgorithm: 'HMAC_SHA_256',
    });
    assert.deepEqual(Buffer.from(made.Mac!), createHmac('sha256', secret).update(Message).digest());
    await signer.close();
  });

  test('can be multi-Region keys, disabled, tagged', async () => {
    const id = `mrk-${'0123456789abcdef'.repeat(2)}`;
    const kms = await opened({
      ...key,
      keyId: id,
      replicas: ['us-east-1'],
      aliases: ['alias/both'],
      tags: { team: 'a' },
      enabled: false,
    });
    const caller = { region: 'us-east-1' };
    const { KeyMetadata } = await kms.ask('DescribeKey', { KeyId: 'alias/both' }, caller);
    const shown = KeyMetadata?.MultiRegionConfiguration;
    assert.equal(KeyMetadata?.KeyState, 'Disabled');
    assert.equal(shown?.MultiRegionKeyType, 'REPLICA');
    assert.equal(shown?.PrimaryKey?.Region, region);
    for (const each of [region, 'us-east-1'])
      await kms.ask('EnableKey', { KeyId: id }, { region: each });
    const { Tags } = await kms.ask('ListResourceTags', { KeyId: id });
    assert.deepEqual(Tags, [{ TagKey: 'team', TagValue: 'a' }]);
    const sealed = await kms.ask('Encrypt', { KeyId: id, Plaintext: Buffer.from('x') }, caller);
    assert.equal(await decrypted(kms, Buffer.from(sealed.CiphertextBlob!)), 'x');
    await kms.close();
  });

  test('that are there stay as they have become, and what was deleted comes back', async () => {
    const kms = await opened({ ...key, aliases: ['alias/app'] });
    await kms.ask('DisableKey', { KeyId: keyId });
    await kms.ask('EnableKey', { KeyId: keyId });
    await kms.ask('RotateKeyOnDemand', { KeyId: keyId });
    await kms.ask('UpdateKeyDescription', { KeyId: keyId, Description: 'changed' });
    const again = await kms.startAgain();
    const { KeyMetadata } = await again.ask('DescribeKey', { KeyId: 'alias/app' });
    assert.equal(KeyMetadata?.Description, 'changed');
    await again.ask('ScheduleKeyDeletion', { KeyId: keyId, PendingWindowInDays: 7 });
    again.clock.now += 7 * 86_400_000;
    await again.doDue();
    await assert.rejects(again.ask('DescribeKey', { KeyId: keyId }), { code: 'NotFoundException' });
    const back = await again.startAgain();
    assert.equal((await back.ask('DescribeKey', { KeyId: keyId })).KeyMetadata?.Description, '');
    await kms.close();
  });

  test('are refused where strict mode finds them, and by stores with keys of their own', async () => {
    const kms = await opened(key);
    await assert.rejects(kms.startAgain({ fixtures: 'refused' }), /Only dev mode serves it/);
    await assert.rejects(kms.startAgain({}), /Only dev mode serves it/);
    await (await kms.startAgain({ fixtures: 'allowed' })).ask('DescribeKey', { KeyId: keyId });
    const other = Buffer.alloc(32, 9).toString('base64');
    const fixtures = parsed({ ...key, material: other });
    await assert.rejects(kms.startAgain({ fixtures }), /keys\[0\]: .* there with other material/);
    await kms.close();
    const own = await openKms();
    await assert.rejects(own.startAgain({ fixtures: parsed(key) }), /into an empty store only/);
    await own.close();
  });

  test('with material that is none are refused', async () => {
    const wrong = { ...key, spec: 'RSA_2048', usage: 'SIGN_VERIFY' };
    await assert.rejects(opened(key, { ...wrong, keyId: randomId() }), {
      name: 'StoreUnavailable',
      message: "The fixtures' keys[1]: 'material' is no RSA_2048 key.",
    });
  });
});

describe('a fixtures file', () => {
  const complaints: ReadonlyArray<readonly [object | string, RegExp]> = [
    ['x', /it is not JSON/],
    [[], /the file is an object/],
    [{ keys: [key] }, /'version' is 1/],
    [{ version: 1, keys: [] }, /'keys' is a list/],
    [{ version: 1, keys: [key], more: 1 }, /the file: 'more' is not known/],
    [{ version: 1, keys: [7] }, /keys\[0\] is an object/],
  ];
  for (const [file, complaint] of complaints)
    test(`is refused with ${complaint}`, () => {
      const json = typeof file === 'string' ? file : JSON.stringify(file);
      assert.throws(() => parseFixtures(json, { account }), complaint);
    });

  const members: Readonly<Record<string, readonly unknown[]>> = {
    keyId: [undefined, 'x', 'mrk-0', 7],
    account: ['1', 7],
    region: ['here', ''],
    spec: ['AES_256', 'SM2', 7],
    usage: ['SIGN_VERIFY', 7],
    material: [undefined, '', 'no base64!', 'YQ', [], ['YQ==', 7], 7],
    aliases: [['app'], ['alias/aws/x'], ['alias/a:b'], 7],
    description: ['x'.repeat(8193), 7],
    enabled: ['yes'],
    tags: [{ a: 1 }, { 'aws:x': '' }, [], 'x'],
    replicas: [['us-east-1']],
    surprise: [1],
  };
  for (const [name, values] of Object.entries(members))
    test(`tells where a key's ${name} is wrong`, () => {
      for (const value of values)
        assert.throws(
          () => parsed(key, { ...key, keyId: randomId(), [name]: value }),
          new RegExp(`^RangeError: keys\\[1\\]: '${name}' `),
          JSON.stringify(value),
        );
    });

  test('names each key and alias once', () => {
    assert.throws(() => parsed(key, key), /keys\[1\]: .*-000000000001 is there already/);
    const aliases = ['alias/app'];
    const twice = [
      { ...key, aliases },
      { ...key, keyId: randomId(), aliases },
    ];
    assert.throws(() => parsed(...twice), /keys\[1\]: alias\/app is there already/);
    assert.equal(
      parsed({ ...key, aliases }, { ...key, account: '999999999999', aliases }).length,
      2,
    );
  });
});

function randomId(): string {
  return randomBytes(16)
    .toString('hex')
    .replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}
