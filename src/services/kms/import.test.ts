import assert from 'node:assert/strict';
import {
  constants,
  createHmac,
  createPublicKey,
  publicEncrypt,
  randomBytes,
  verify,
} from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import {
  externalKey,
  importAsks,
  importedKey,
  importMaterial,
  importWith,
  isNew,
  isPendingImport,
  parametersFor,
} from '../../../test/import-key.ts';
import { type KmsUnderTest, openKms, refusal } from '../../../test/open-kms.ts';
import { curveOf, foreignKey, pkcs8Of, wrapMaterial } from '../../../test/wrap-material.ts';
import type {
  AlgorithmSpec,
  ImportKeyMaterialRequest,
  WrappingKeySpec,
} from '../../model/kms.generated.ts';

let kms: KmsUnderTest;
before(async () => {
  kms = await openKms();
});
after(() => kms.close());

const dayMs = 86_400_000;
const { describeKey, seal, open, remove, rotations } = importAsks(() => kms);
const incorrect = refusal('IncorrectKeyMaterialException', undefined);

describe('parameters for an import', () => {
  test('are good for a day: a token and the public half of a fresh key each time', async () => {
    const { id, arn } = await externalKey(kms);
    const ask = () =>
      kms.call('GetParametersForImport', {
        KeyId: id,
        WrappingAlgorithm: 'RSAES_OAEP_SHA_256',
        WrappingKeySpec: 'RSA_3072',
      });
    const [first, second] = [await ask(), await ask()];
    assert.equal(first.output.KeyId, arn);
    assert.equal(first.output.ParametersValidTo, kms.clock.now + dayMs);
    assert.notDeepEqual(first.output.PublicKey, second.output.PublicKey);
    assert.deepEqual(first.authorized, [`kms:GetParametersForImport ${arn}`]);
  });

  const refused: ReadonlyArray<readonly [object, AlgorithmSpec, WrappingKeySpec]> = [
    [{}, 'RSAES_PKCS1_V1_5', 'RSA_2048'],
    [{}, 'SM2PKE', 'SM2'],
    [{}, 'RSAES_OAEP_SHA_256', 'SM2'],
    [{ KeySpec: 'RSA_2048', KeyUsage: 'SIGN_VERIFY' }, 'RSAES_OAEP_SHA_256', 'RSA_4096'],
    [{ KeySpec: 'RSA_2048', KeyUsage: 'SIGN_VERIFY' }, 'RSAES_OAEP_SHA_1', 'RSA_4096'],
    [{ KeySpec: 'ECC_NIST_P521', KeyUsage: 'SIGN_VERIFY' }, 'RSAES_OAEP_SHA_1', 'RSA_2048'],
  ];
  for (const [input, algorithm, wrappingSpec] of refused)
    test(`are not given for ${JSON.stringify(input)} by ${algorithm} and ${wrappingSpec}`, async () => {
      const { id } = await externalKey(kms, input);
      await assert.rejects(parametersFor(kms, id, { algorithm, wrappingSpec }), {
        code: 'UnsupportedOperationException',
      });
    });

  test('are not given for keys whose material is made here, nor is anything imported', async () => {
    const { KeyMetadata } = await kms.ask('CreateKey', {});
    const { KeyId = '', Arn = '' } = KeyMetadata ?? {};
    const wrong = refusal(
      'UnsupportedOperationException',
      `${Arn} origin is AWS_KMS which is not valid for this operation.`,
    );
    await assert.rejects(parametersFor(kms, KeyId), wrong);
    await assert.rejects(remove(KeyId), wrong);
    const { parameters } = await importedKey(kms);
    const material = randomBytes(32);
    await assert.rejects(importWith(kms, KeyId, { parameters, material }), wrong);
  });
});

describe('a key of origin EXTERNAL', () => {
  test('has no material and cannot be used before its first import', async () => {
    const { id, arn } = await externalKey(kms);
    const before = await describeKey(id);
    assert.equal(before.KeyState, 'PendingImport');
    assert.equal(before.Enabled, false);
    for (const member of ['CurrentKeyMaterialId', 'ExpirationModel', 'ValidTo'] as const)
      assert.equal(member in before, false);
    await assert.rejects(seal(id), isPendingImport(arn));
    await assert.rejects(kms.ask('EnableKey', { KeyId: id }), isPendingImport(arn));
    await assert.rejects(kms.ask('RotateKeyOnDemand', { KeyId: id }), isPendingImport(arn));
    assert.deepEqual(await rotations(id), []);
    assert.deepEqual(await remove(id), { KeyId: arn });
    const wrongOrigin = refusal(
      'UnsupportedOperationException',
      `${arn} origin is EXTERNAL which is not valid for this operation.`,
    );
    await assert.rejects(kms.ask('EnableKeyRotation', { KeyId: id }), wrongOrigin);
    await assert.rejects(kms.ask('DisableKeyRotation', { KeyId: id }), wrongOrigin);
    await assert.rejects(kms.ask('GetKeyRotationStatus', { KeyId: id }), wrongOrigin);
  });

  const wrappings = ['SHA_1', 'SHA_256'].flatMap(
    (hash) => [`RSAES_OAEP_${hash}`, `RSA_AES_KEY_WRAP_${hash}`] as AlgorithmSpec[],
  );
  for (const algorithm of wrappings)
    test(`takes a symmetric key by ${algorithm}, under each wrapping key`, async () => {
      for (const wrappingSpec of ['RSA_2048', 'RSA_3072', 'RSA_4096'] as const) {
        const { id, arn } = await externalKey(kms);
        const answer = await importMaterial(kms, id, randomBytes(32), { algorithm, wrappingSpec });
        assert.equal(answer.KeyId, arn);
        assert.match(answer.KeyMaterialId ?? '', /^[0-9a-f]{64}$/);
        const metadata = await describeKey(id);
        assert.equal(metadata.KeyState, 'Enabled');
        assert.equal(metadata.CurrentKeyMaterialId, answer.KeyMaterialId);
        assert.equal(metadata.ExpirationModel, 'KEY_MATERIAL_DOES_NOT_EXPIRE');
        assert.equal((await open(await seal(id))).KeyMaterialId, answer.KeyMaterialId);
      }
    });

  for (const bits of [224, 256, 384, 512] as const)
    test(`of HMAC_${bits} makes the MACs that its owner makes`, async () => {
      const KeySpec = `HMAC_${bits}` as const;
      const { id } = await externalKey(kms, { KeySpec, KeyUsage: 'GENERATE_VERIFY_MAC' });
      const secret = randomBytes(bits / 8);
      const answer = await importMaterial(kms, id, secret);
      assert.equal('KeyMaterialId' in answer, false);
      const Message = Buffer.from('message');
      const made = await kms.ask('GenerateMac', {
        KeyId: id,
        Message,
        MacAlgorithm: `HMAC_SHA_${bits}`,
      });
      const own = createHmac(`sha${bits}`, secret).update(Message).digest();
      assert.deepEqual(Buffer.from(made.Mac ?? []), own);
      assert.equal('CurrentKeyMaterialId' in (await describeKey(id)), false);
    });

  for (const [KeySpec, namedCurve] of Object.entries(curveOf))
    test(`of ${KeySpec} signs for the public key of its owner`, async () => {
      const spec = KeySpec as 'ECC_NIST_P256';
      const { id } = await externalKey(kms, { KeySpec: spec, KeyUsage: 'SIGN_VERIFY' });
      const key = foreignKey('ec', { namedCurve });
      const wrappingSpec = 'RSA_4096';
      await importMaterial(kms, id, pkcs8Of(key), { wrappingSpec });
      const owned = createPublicKey(key).export({ format: 'der', type: 'spki' });
      const { PublicKey, SigningAlgorithms } = await kms.ask('GetPublicKey', { KeyId: id });
      assert.deepEqual(Buffer.from(PublicKey ?? []), owned);
      const SigningAlgorithm = SigningAlgorithms?.[0] ?? 'ECDSA_SHA_256';
      const Message = Buffer.from('message');
      const { Signature } = await kms.ask('Sign', { KeyId: id, Message, SigningAlgorithm });
      const hash = `sha${SigningAlgorithm.slice(-3)}`;
      assert.ok(verify(hash, Message, createPublicKey(key), Buffer.from(Signature ?? [])));
    });

  test('of RSA decrypts what was encrypted for its owner', async () => {
    const { id } = await externalKey(kms, { KeySpec: 'RSA_2048', KeyUsage: 'ENCRYPT_DECRYPT' });
    const key = foreignKey('rsa', { modulusLength: 2048 });
    await importMaterial(kms, id, pkcs8Of(key), { algorithm: 'RSA_AES_KEY_WRAP_SHA_1' });
    const padding = constants.RSA_PKCS1_OAEP_PADDING;
    const sealed = publicEncrypt(
      { key: createPublicKey(key), padding, oaepHash: 'sha256' },
      Buffer.from('for the owner'),
    );
    const { Plaintext } = await kms.ask('Decrypt', {
      KeyId: id,
      CiphertextBlob: sealed,
      EncryptionAlgorithm: 'RSAES_OAEP_SHA_256',
    });
    assert.equal(Buffer.from(Plaintext ?? []).toString(), 'for the owner');
  });

  test('that is no symmetric one has one material for ever', async () => {
    const { id, arn } = await externalKey(kms, {
      KeySpec: 'ECC_NIST_P256',
      KeyUsage: 'SIGN_VERIFY',
    });
    const key = pkcs8Of(foreignKey('ec', { namedCurve: 'prime256v1' }));
    const other = pkcs8Of(foreignKey('ec', { namedCurve: 'prime256v1' }));
    await importMaterial(kms, id, key);
    await assert.rejects(importMaterial(kms, id, other), incorrect);
    assert.deepEqual(await remove(id), { KeyId: arn });
    await assert.rejects(importMaterial(kms, id, other), incorrect);
    await importMaterial(kms, id, key);
    assert.equal((await describeKey(id)).KeyState, 'Enabled');
    for (const input of [
      { ImportType: 'EXISTING_KEY_MATERIAL' },
      { KeyMaterialDescription: 'mine' },
      { KeyMaterialId: 'a'.repeat(64) },
    ] as const)
      await assert.rejects(importMaterial(kms, id, key, { input }), {
        code: 'ValidationException',
      });
  });
});

describe('what does not fit is refused:', () => {
  test('a token that is not this key’s, or altered', async () => {
    const [one, other] = [await externalKey(kms), await externalKey(kms)];
    const material = randomBytes(32);
    const parameters = await parametersFor(kms, one.id);
    const invalid = refusal('InvalidImportTokenException', undefined);
    await assert.rejects(importWith(kms, other.id, { parameters, material }), invalid);
    const token = Buffer.from(parameters.token);
    token[100] = (token[100] ?? 0) ^ 1;
    const altered = { ...parameters, token };
    await assert.rejects(importWith(kms, one.id, { parameters: altered, material }), invalid);
    const cut = { ...parameters, token: Buffer.from('token') };
    await assert.rejects(importWith(kms, one.id, { parameters: cut, material }), invalid);
    await importWith(kms, one.id, { parameters, material });
  });

  test('a token after its day', async () => {
    const { id } = await externalKey(kms);
    const material = randomBytes(32);
    const parameters = await parametersFor(kms, id);
    kms.clock.now += dayMs;
    await assert.rejects(
      importWith(kms, id, { parameters, material }),
      refusal('ExpiredImportTokenException', undefined),
    );
    kms.clock.now -= 1;
    await importWith(kms, id, { parameters, material });
  });

  test('what another process gave is good here, and after a restart', async () => {
    const { id } = await externalKey(kms);
    const parameters = await parametersFor(kms, id);
    const material = randomBytes(32);
    const answer = await importWith(await kms.startAgain(), id, { parameters, material });
    assert.equal((await open(await seal(id))).KeyMaterialId, answer.KeyMaterialId);
  });

  test('a wrapping that does not open, in whatever way', async () => {
    const { id } = await externalKey(kms);
    const material = randomBytes(32);
    const invalid = refusal('InvalidCiphertextException', undefined);
    for (const algorithm of ['RSAES_OAEP_SHA_256', 'RSA_AES_KEY_WRAP_SHA_256'] as const) {
      const parameters = await parametersFor(kms, id, { algorithm });
      const other = await parametersFor(kms, id, { algorithm });
      const right = wrapMaterial(material, parameters);
      const flipped = Buffer.from(right);
      flipped[right.length - 1] = (flipped.at(-1) ?? 0) ^ 1;
      const shortKey = randomBytes(16);
      const wrong = [
        wrapMaterial(material, other),
        wrapMaterial(material, { ...parameters, algorithm: algorithm.replace('256', '1') }),
        flipped,
        right.subarray(1),
        Buffer.concat([right, Buffer.alloc(8)]),
        randomBytes(right.length),
        Buffer.from('x'),
        ...(algorithm === 'RSAES_OAEP_SHA_256'
          ? []
          : [right.subarray(0, 256), wrapMaterial(material, { ...parameters, aesKey: shortKey })]),
      ];
      for (const [at, EncryptedKeyMaterial] of wrong.entries())
        await assert.rejects(
          importWith(kms, id, { parameters, material, input: { EncryptedKeyMaterial } }),
          invalid,
          `${algorithm} ${at}`,
        );
    }
  });

  test('material that is no key of the spec', async () => {
    const { id } = await externalKey(kms);
    for (const length of [1, 16, 31, 33])
      await assert.rejects(importMaterial(kms, id, randomBytes(length)), incorrect);
    const ecc = await externalKey(kms, { KeySpec: 'ECC_NIST_P384', KeyUsage: 'SIGN_VERIFY' });
    const p256 = pkcs8Of(foreignKey('ec', { namedCurve: 'prime256v1' }));
    await assert.rejects(importMaterial(kms, ecc.id, p256), incorrect);
    await assert.rejects(importMaterial(kms, ecc.id, randomBytes(48)), incorrect);
  });

  test('an expiry that says nothing, too much, or lies outside the coming year', async () => {
    const { id, parameters, material } = await importedKey(kms);
    const refused: ReadonlyArray<readonly [Partial<ImportKeyMaterialRequest>, string]> = [
      [
        { ExpirationModel: 'KEY_MATERIAL_EXPIRES' },
        'A validTo date must be set if the ExpirationModel is KEY_MATERIAL_EXPIRES',
      ],
      [
        { ExpirationModel: 'KEY_MATERIAL_DOES_NOT_EXPIRE', ValidTo: kms.clock.now + dayMs },
        'A validTo date must not be set if the ExpirationModel is KEY_MATERIAL_DOES_NOT_EXPIRE',
      ],
      ...[kms.clock.now, kms.clock.now - dayMs, kms.clock.now + 365 * dayMs + 1].map(
        (ValidTo) =>
          [
            { ValidTo },
            'The validTo date must be in the future and at most 365 days from now',
          ] as const,
      ),
    ];
    for (const [input, text] of refused)
      await assert.rejects(
        importWith(kms, id, { parameters, material, input }),
        refusal('ValidationException', text),
      );
    // What a request leaves out is EXPIRES.
    await assert.rejects(
      kms.ask('ImportKeyMaterial', {
        KeyId: id,
        ImportToken: parameters.token,
        EncryptedKeyMaterial: wrapMaterial(material, parameters),
      }),
      { code: 'ValidationException' },
    );
  });

  test('material that is not what the import says it is', async () => {
    const empty = await externalKey(kms);
    const existing = { input: { ImportType: 'EXISTING_KEY_MATERIAL' } } as const;
    await assert.rejects(importMaterial(kms, empty.id, randomBytes(32), existing), incorrect);
    const { id, material, materialId } = await importedKey(kms);
    await assert.rejects(importMaterial(kms, id, randomBytes(32)), incorrect);
    await assert.rejects(importMaterial(kms, id, randomBytes(32), existing), incorrect);
    await assert.rejects(importMaterial(kms, id, material, isNew), incorrect);
    const claims = (KeyMaterialId: string) => ({ input: { KeyMaterialId } });
    await assert.rejects(importMaterial(kms, id, material, claims('a'.repeat(64))), incorrect);
    await assert.rejects(importMaterial(kms, id, randomBytes(32), claims(materialId)), incorrect);
    const both = { input: { ImportType: 'NEW_KEY_MATERIAL', KeyMaterialId: materialId } } as const;
    await assert.rejects(importMaterial(kms, id, material, both), { code: 'ValidationException' });
    await importMaterial(kms, id, material, claims(materialId));
  });
});
