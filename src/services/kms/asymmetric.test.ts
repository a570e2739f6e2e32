/** Sign, Verify, the MACs, the key agreements and GetPublicKey. */
import assert from 'node:assert/strict';
import {
  createHash,
  createPublicKey,
  diffieHellman,
  encapsulate,
  generateKeyPairSync,
  verify,
} from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { type KmsUnderTest, openKms, refusal } from '../../../test/open-kms.ts';
import { keySpecs } from '../../crypto/key-spec.ts';
import { signingAlgorithms } from '../../crypto/signing.ts';
import type {
  CreateKeyRequest,
  KeySpec,
  KeyUsageType,
  SigningAlgorithmSpec,
} from '../../model/kms.generated.ts';

let kms: KmsUnderTest;
before(async () => {
  kms = await openKms();
});
after(() => kms.close());

const newKey = async (input: CreateKeyRequest) => {
  const { KeyMetadata } = await kms.ask('CreateKey', input);
  return { id: KeyMetadata?.KeyId ?? '', arn: KeyMetadata?.Arn ?? '' };
};
const publicKeyOf = async (KeyId: string) => {
  const { PublicKey } = await kms.ask('GetPublicKey', { KeyId });
  return createPublicKey({ key: Buffer.from(PublicKey ?? []), format: 'der', type: 'spki' });
};
const dryRunSucceeded = refusal(
  'DryRunOperationException',
  'The request would have succeeded, but the DryRun option is set.',
);
const Message = Buffer.from('message');

describe('Sign and Verify', () => {
  const signing = [...keySpecs.values()].filter((spec) => spec.algorithms.has('SIGN_VERIFY'));
  for (const spec of signing.filter(({ supported, name }) => supported && name !== 'RSA_4096'))
    test(`agree with each other for every algorithm of ${spec.name}`, async () => {
      const KeySpec = spec.name as KeySpec;
      const { id, arn } = await newKey({ KeySpec, KeyUsage: 'SIGN_VERIFY' });
      for (const name of spec.algorithms.get('SIGN_VERIFY') ?? []) {
        const SigningAlgorithm = name as SigningAlgorithmSpec;
        const types = signingAlgorithms.get(name)?.messageTypes ?? new Map();
        assert.ok(types.size > 0);
        for (const [MessageType, { exactBytes }] of types) {
          const message = Buffer.alloc(exactBytes ?? 100, 7);
          const request = { KeyId: id, Message: message, MessageType, SigningAlgorithm };
          const signed = await kms.ask('Sign', request);
          const Signature = Buffer.from(signed.Signature ?? []);
          assert.deepEqual(signed, { KeyId: arn, Signature, SigningAlgorithm });
          assert.deepEqual(await kms.ask('Verify', { ...request, Signature }), {
            KeyId: arn,
            SignatureValid: true,
            SigningAlgorithm,
          });
          Signature[Signature.length - 1]! ^= 1;
          await assert.rejects(
            kms.ask('Verify', { ...request, Signature }),
            refusal('KMSInvalidSignatureException'),
          );
        }
      }
    });

  test('give signatures that others verify with the public key', async () => {
    const { id } = await newKey({ KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' });
    const key = await publicKeyOf(id);
    const digest = createHash('sha256').update(Message).digest();
    for (const [message, MessageType] of [
      [Message, 'RAW'],
      [digest, 'DIGEST'],
    ] as const) {
      const { Signature } = await kms.ask('Sign', {
        KeyId: id,
        Message: message,
        MessageType,
        SigningAlgorithm: 'ECDSA_SHA_256',
      });
      assert.ok(verify('sha256', Message, key, Buffer.from(Signature ?? [])));
    }
  });

  test('check usage, state, algorithm and digest in this order, then the dry run', async () => {
    const { id, arn } = await newKey({ KeySpec: 'RSA_2048', KeyUsage: 'SIGN_VERIFY' });
    const request = {
      KeyId: id,
      Message,
      MessageType: 'DIGEST',
      SigningAlgorithm: 'RSASSA_PSS_SHA_256',
      DryRun: true,
    } as const;
    await assert.rejects(
      kms.ask('Sign', request),
      refusal('ValidationException', 'Digest is invalid length for algorithm RSASSA_PSS_SHA_256.'),
    );
    await assert.rejects(kms.ask('Sign', { ...request, MessageType: 'RAW' }), dryRunSucceeded);
    await assert.rejects(
      kms.ask('Verify', { ...request, Message: Buffer.alloc(32), Signature: Buffer.alloc(1) }),
      dryRunSucceeded,
    );
    const incompatible = { ...request, SigningAlgorithm: 'SYMMETRIC_DEFAULT' } as const;
    await assert.rejects(
      kms.ask('Sign', incompatible),
      refusal(
        'InvalidKeyUsageException',
        'Algorithm SYMMETRIC_DEFAULT is incompatible with key spec RSA_2048.',
      ),
    );
    await kms.ask('DisableKey', { KeyId: id });
    await assert.rejects(
      kms.ask('Sign', incompatible),
      refusal('DisabledException', `${arn} is disabled.`),
    );
  });

  test('take Ed25519 raw and Ed25519ph as digest only', async () => {
    const { id } = await newKey({ KeySpec: 'ECC_NIST_EDWARDS25519', KeyUsage: 'SIGN_VERIFY' });
    for (const [SigningAlgorithm, MessageType] of [
      ['ED25519_SHA_512', 'DIGEST'],
      ['ED25519_PH_SHA_512', 'RAW'],
    ] as const)
      await assert.rejects(
        kms.ask('Sign', { KeyId: id, Message, MessageType, SigningAlgorithm }),
        refusal(
          'ValidationException',
          `MessageType ${MessageType} is not supported for algorithm ${SigningAlgorithm}.`,
        ),
      );
  });
});

describe('GenerateMac and VerifyMac', () => {
  for (const bits of [224, 256, 384, 512] as const)
    test(`agree for HMAC_${bits}, and a wrong MAC is an error`, async () => {
      const { id, arn } = await newKey({
        KeySpec: `HMAC_${bits}`,
        KeyUsage: 'GENERATE_VERIFY_MAC',
      });
      const MacAlgorithm = `HMAC_SHA_${bits}` as const;
      const made = await kms.ask('GenerateMac', { KeyId: id, Message, MacAlgorithm });
      const Mac = Buffer.from(made.Mac ?? []);
      assert.equal(Mac.length, bits / 8);
      const claim = { KeyId: id, Message, MacAlgorithm, Mac };
      assert.deepEqual(await kms.ask('VerifyMac', claim), {
        KeyId: arn,
        MacValid: true,
        MacAlgorithm,
      });
      await assert.rejects(kms.ask('VerifyMac', { ...claim, DryRun: true }), dryRunSucceeded);
      for (const wrong of [Mac.subarray(1), Buffer.alloc(Mac.length), Buffer.alloc(1)])
        await assert.rejects(
          kms.ask('VerifyMac', { ...claim, Mac: wrong }),
          refusal('KMSInvalidMacException'),
        );
    });
});

describe('DeriveSharedSecret', () => {
  for (const [KeySpec, namedCurve] of [
    ['ECC_NIST_P256', 'P-256'],
    ['ECC_NIST_P384', 'P-384'],
    ['ECC_NIST_P521', 'P-521'],
  ] as const)
    test(`gives both sides the same secret on ${namedCurve}`, async () => {
      const { id, arn } = await newKey({ KeySpec, KeyUsage: 'KEY_AGREEMENT' });
      const peer = generateKeyPairSync('ec', { namedCurve });
      const PublicKey = peer.publicKey.export({ type: 'spki', format: 'der' });
      const request = { KeyId: id, KeyAgreementAlgorithm: 'ECDH', PublicKey } as const;
      const publicKey = await publicKeyOf(id);
      assert.deepEqual(await kms.ask('DeriveSharedSecret', request), {
        KeyId: arn,
        SharedSecret: diffieHellman({ privateKey: peer.privateKey, publicKey }),
        KeyAgreementAlgorithm: 'ECDH',
        KeyOrigin: 'AWS_KMS',
      });
      await assert.rejects(
        kms.ask('DeriveSharedSecret', { ...request, DryRun: true }),
        dryRunSucceeded,
      );
    });

  test('refuses a public key that is none or on another curve, without text', async () => {
    const { id } = await newKey({ KeySpec: 'ECC_NIST_P256', KeyUsage: 'KEY_AGREEMENT' });
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-384' });
    for (const PublicKey of [Buffer.from('x'), publicKey.export({ type: 'spki', format: 'der' })])
      for (const DryRun of [true, false])
        await assert.rejects(
          kms.ask('DeriveSharedSecret', {
            KeyId: id,
            KeyAgreementAlgorithm: 'ECDH',
            PublicKey,
            DryRun,
          }),
          refusal('ValidationException'),
        );
  });
});

describe('Encapsulate and Decapsulate', () => {
  for (const [bits, ciphertextBytes] of [
    [512, 768],
    [768, 1088],
    [1024, 1568],
  ] as const)
    test(`give both sides the same secret with ML_KEM_${bits}`, async () => {
      const { id, arn } = await newKey({
        KeySpec: `ML_KEM_${bits}`,
        KeyUsage: 'ENCAPSULATE_DECAPSULATE',
      });
      const EncapsulationAlgorithm = 'ML_KEM' as const;
      const made = await kms.ask('Encapsulate', { KeyId: id, EncapsulationAlgorithm });
      assert.equal(made.SharedSecretCiphertextBlob?.length, ciphertextBytes);
      const outside = encapsulate(await publicKeyOf(id));
      for (const [secret, ciphertext] of [
        [made.SharedSecret, made.SharedSecretCiphertextBlob],
        [outside.sharedKey, outside.ciphertext],
      ])
        assert.deepEqual(
          await kms.ask('Decapsulate', {
            KeyId: id,
            EncapsulationAlgorithm,
            SharedSecretCiphertextBlob: Buffer.from(ciphertext ?? []),
          }),
          { KeyId: arn, SharedSecret: secret, EncapsulationAlgorithm },
        );
      await assert.rejects(
        kms.ask('Decapsulate', {
          KeyId: id,
          EncapsulationAlgorithm,
          SharedSecretCiphertextBlob: Buffer.alloc(ciphertextBytes - 1),
        }),
        refusal('InvalidCiphertextException'),
      );
    });
});

describe('GetPublicKey', () => {
  const lists: ReadonlyArray<readonly [KeySpec, KeyUsageType, object]> = [
    [
      'RSA_2048',
      'ENCRYPT_DECRYPT',
      { EncryptionAlgorithms: ['RSAES_OAEP_SHA_1', 'RSAES_OAEP_SHA_256'] },
    ],
    ['ECC_NIST_P256', 'SIGN_VERIFY', { SigningAlgorithms: ['ECDSA_SHA_256'] }],
    ['ECC_NIST_P256', 'KEY_AGREEMENT', { KeyAgreementAlgorithms: ['ECDH'] }],
    ['ML_KEM_512', 'ENCAPSULATE_DECAPSULATE', { EncapsulationAlgorithms: ['ML_KEM'] }],
  ];
  for (const [KeySpec, KeyUsage, list] of lists)
    test(`lists the algorithms of ${KeySpec} for ${KeyUsage}, and no others`, async () => {
      const { id, arn } = await newKey({ KeySpec, KeyUsage });
      await kms.ask('DisableKey', { KeyId: id });
      const { PublicKey, ...rest } = await kms.ask('GetPublicKey', { KeyId: id });
      assert.deepEqual(rest, {
        KeyId: arn,
        KeySpec,
        CustomerMasterKeySpec: KeySpec,
        KeyUsage,
        ...list,
      });
      assert.ok(PublicKey);
    });

  test('refuses secret keys without text, after their state', async () => {
    const { id, arn } = await newKey({});
    const hmac = await newKey({ KeySpec: 'HMAC_256', KeyUsage: 'GENERATE_VERIFY_MAC' });
    for (const KeyId of [id, hmac.id])
      await assert.rejects(
        kms.ask('GetPublicKey', { KeyId }),
        refusal('UnsupportedOperationException'),
      );
    await kms.ask('ScheduleKeyDeletion', { KeyId: id });
    await assert.rejects(
      kms.ask('GetPublicKey', { KeyId: id }),
      refusal('KMSInvalidStateException', `${arn} is pending deletion.`),
    );
  });
});
