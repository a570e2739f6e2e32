/** Constraint errors against what AWS was recorded or measured to answer. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  decode as decodeRequest,
  iamRequest,
  kmsRequest,
  refusal as refusalOf,
} from '../../test/wire-requests.ts';

const keyId = '1234abcd-12ab-34cd-56ef-1234567890ab';

const decode = (operation: string, body: unknown): unknown =>
  decodeRequest(kmsRequest(operation, body));

const refusal = (operation: string, body: unknown): ReturnType<typeof refusalOf> =>
  refusalOf(kmsRequest(operation, body));

function refuses(code: string, operation: string, body: unknown, text: string | undefined): void {
  assert.deepEqual(refusal(operation, body), { code, text });
}

const at = (path: string, constraint: string): string =>
  `at '${path}' failed to satisfy constraint: ${constraint}`;
const one = (failure: string): string => `1 validation error detected: ${failure}`;

describe('constraint errors recorded from AWS', () => {
  const cases: Array<[operation: string, body: unknown, failure: string]> = [
    [
      'GenerateRandom',
      { NumberOfBytes: 0 },
      `Value '0' ${at('numberOfBytes', 'Member must have value greater than or equal to 1')}`,
    ],
    [
      'GenerateRandom',
      { NumberOfBytes: 1025 },
      `Value '1025' ${at('numberOfBytes', 'Member must have value less than or equal to 1024')}`,
    ],
    [
      'CreateKey',
      { KeySpec: 'HMAC_random', KeyUsage: 'GENERATE_VERIFY_MAC' },
      `Value 'HMAC_random' ${at('keySpec', 'Member must satisfy enum value set: [RSA_2048, ECC_NIST_P384, ECC_NIST_P256, ECC_NIST_P521, HMAC_384, RSA_3072, ECC_SECG_P256K1, RSA_4096, SYMMETRIC_DEFAULT, HMAC_256, HMAC_224, HMAC_512]')}`,
    ],
    [
      'CreateKey',
      { KeySpec: 'HMAC_256', KeyUsage: 'RANDOM' },
      `Value 'RANDOM' ${at('keyUsage', 'Member must satisfy enum value set: [ENCRYPT_DECRYPT, SIGN_VERIFY, GENERATE_VERIFY_MAC]')}`,
    ],
    [
      'GenerateMac',
      { KeyId: keyId, Message: 'AA==', MacAlgorithm: 'INVALID' },
      `Value 'INVALID' ${at('macAlgorithm', 'Member must satisfy enum value set: [HMAC_SHA_384, HMAC_SHA_256, HMAC_SHA_224, HMAC_SHA_512]')}`,
    ],
    [
      'DeriveSharedSecret',
      { KeyId: keyId, KeyAgreementAlgorithm: 'INVALID', PublicKey: 'AA==' },
      `Value 'INVALID' ${at('keyAgreementAlgorithm', 'Member must satisfy enum value set: [ECDH]')}`,
    ],
    [
      'Encrypt',
      { KeyId: keyId, Plaintext: Buffer.alloc(4097).toString('base64') },
      `Value ${at('plaintext', 'Member must have length less than or equal to 4096')}`,
    ],
    [
      'CreateKey',
      { Tags: [{ TagKey: 'a'.repeat(129), TagValue: 'x' }] },
      `Value '${'a'.repeat(129)}' ${at('tags.1.member.tagKey', 'Member must have length less than or equal to 128')}`,
    ],
    [
      'CreateKey',
      { Tags: [{ TagKey: 'k', TagValue: 'v'.repeat(257) }] },
      `Value '${'v'.repeat(257)}' ${at('tags.1.member.tagValue', 'Member must have length less than or equal to 256')}`,
    ],
  ];
  for (const [operation, body, failure] of cases) {
    test(`${operation} says: ${failure.slice(0, 70)}`, () => {
      refuses('ValidationException', operation, body, one(failure));
    });
  }
});

describe('constraint errors measured against AWS', () => {
  test('an empty key id breaks its length and its hidden pattern', () => {
    refuses(
      'ValidationException',
      'DescribeKey',
      { KeyId: '' },
      "2 validation errors detected: Value '' at 'keyId' failed to satisfy constraint: Member must have length greater than or equal to 1; Value '' at 'keyId' failed to satisfy constraint: Member must satisfy regular expression pattern: ^\\p{ASCII}+$",
    );
  });
  test('a missing member prints null, a missing secret one prints no value', () => {
    refuses(
      'ValidationException',
      'Encrypt',
      {},
      `2 validation errors detected: Value null ${at('keyId', 'Member must not be null')}; Value ${at('plaintext', 'Member must not be null')}`,
    );
  });
  test('bytes are not printed', () => {
    refuses(
      'ValidationException',
      'Decrypt',
      { CiphertextBlob: Buffer.alloc(6145).toString('base64') },
      one(`Value ${at('ciphertextBlob', 'Member must have length less than or equal to 6144')}`),
    );
    refuses(
      'ValidationException',
      'VerifyMac',
      { KeyId: keyId, Message: 'AA==', MacAlgorithm: 'HMAC_SHA_256' },
      one(`Value null ${at('mac', 'Member must not be null')}`),
    );
  });
  test('GenerateDataKey prints key specs and takes data-key specs', () => {
    const text = String(refusal('GenerateDataKey', { KeyId: keyId, KeySpec: 'AES_512' }).text);
    assert.match(text, /enum value set: \[RSA_2048, RSA_3072, .*ML_DSA_87\]$/);
    assert.equal(
      refusal('GenerateDataKey', { KeyId: keyId, KeySpec: 'RSA_2048' }).text?.includes('RSA_2048'),
      true,
    );
    assert.deepEqual(decode('GenerateDataKey', { KeyId: keyId, KeySpec: 'AES_128' }), {
      KeyId: keyId,
      KeySpec: 'AES_128',
    });
  });
  test('SYMMETRIC_DEFAULT passes as a signing algorithm, for the operation to refuse', () => {
    const body = { KeyId: keyId, Message: 'AA==', SigningAlgorithm: 'SYMMETRIC_DEFAULT' };
    assert.equal(
      (decode('Sign', body) as { SigningAlgorithm: string }).SigningAlgorithm,
      'SYMMETRIC_DEFAULT',
    );
  });
  test('CreateKey takes the specs and usages that are newer than the recorded lists', () => {
    assert.deepEqual(decode('CreateKey', { KeySpec: 'ML_KEM_768', KeyUsage: 'KEY_AGREEMENT' }), {
      KeySpec: 'ML_KEM_768',
      KeyUsage: 'KEY_AGREEMENT',
    });
  });
  test('the range of a rotation period is checked', () => {
    refuses(
      'ValidationException',
      'EnableKeyRotation',
      { KeyId: keyId, RotationPeriodInDays: 89 },
      one(
        `Value '89' ${at('rotationPeriodInDays', 'Member must have value greater than or equal to 90')}`,
      ),
    );
  });
});

describe('constraint errors of lists', () => {
  test('a wrong text in a list is told by the whole list and all constraints of its members', () => {
    refuses(
      'ValidationException',
      'Encrypt',
      { KeyId: keyId, Plaintext: 'AA==', GrantTokens: ['ok', ''] },
      one(
        `Value '[ok, ]' ${at('grantTokens', 'Member must satisfy constraint: [Member must have length less than or equal to 8192, Member must have length greater than or equal to 1]')}`,
      ),
    );
    refuses(
      'ValidationException',
      'ListKeys',
      { ResourceOwners: ['NOBODY'] },
      one(
        `Value '[NOBODY]' ${at('resourceOwners', 'Member must satisfy constraint: [Member must satisfy enum value set: [SELF, OTHER_ACCOUNTS_VIA_RAM]]')}`,
      ),
    );
  });
  test('a list that is too long is told by its length', () => {
    const tokens = Array.from({ length: 11 }, (_, i) => `t${i}`);
    refuses(
      'ValidationException',
      'DescribeKey',
      { KeyId: keyId, GrantTokens: tokens },
      one(
        `Value '[${tokens.join(', ')}]' ${at('grantTokens', 'Member must have length less than or equal to 10')}`,
      ),
    );
  });
  test('null is no member of a list and no value of a map', () => {
    refuses(
      'ValidationException',
      'TagResource',
      { KeyId: keyId, Tags: [{ TagKey: 'a', TagValue: '' }, null] },
      one(`Value null ${at('tags.2.member', 'Member must not be null')}`),
    );
    refuses(
      'ValidationException',
      'Encrypt',
      { KeyId: keyId, Plaintext: 'AA==', EncryptionContext: { a: null } },
      one(
        `Value '{a=null}' ${at('encryptionContext', 'Map value must satisfy constraint: [Member must not be null]')}`,
      ),
    );
  });
  test('at most ten failures are named', () => {
    const Tags = Array.from({ length: 20 }, () => ({ TagKey: '', TagValue: 'x' }));
    const text = String(refusal('CreateKey', { Tags }).text);
    assert.match(text, /^10 validation errors detected: /);
    assert.equal(text.split('; ').length, 10);
  });
  test('members of nested structures are named by their path', () => {
    refuses(
      'ValidationException',
      'CreateCustomKeyStore',
      {
        CustomKeyStoreName: 'n',
        XksProxyAuthenticationCredential: { AccessKeyId: 'SECRETSECRETSECRETSECR!' },
      },
      `2 validation errors detected: Value ${at('xksProxyAuthenticationCredential.accessKeyId', 'Member must satisfy regular expression pattern: ^[A-Z2-7]+$')}; Value ${at('xksProxyAuthenticationCredential.rawSecretAccessKey', 'Member must not be null')}`,
    );
  });
  test('length counts characters, not UTF-16 units', () => {
    const body = { Tags: [{ TagKey: 'k', TagValue: '\u{1f511}'.repeat(256) }] };
    assert.deepEqual(decode('CreateKey', body), body);
    body.Tags = [{ TagKey: 'k', TagValue: '\u{1f511}'.repeat(257) }];
    assert.equal(refusal('CreateKey', body).code, 'ValidationException');
  });
});

describe('a service that tells less, as IAM was recorded to', () => {
  const refusesIam = (operation: string, params: string, text: string): void =>
    assert.deepEqual(refusalOf(iamRequest(operation, params)), { code: 'ValidationError', text });
  const briefly = (path: string, constraint: string): string => `Value ${at(path, constraint)}`;

  test('shows neither the value nor what an enum takes', () => {
    refusesIam(
      'UpdateAccessKey',
      'AccessKeyId=AKIAIOSFODNN7EXAMPLE&Status=Foo',
      one(briefly('status', 'Member must satisfy enum value set')),
    );
    refusesIam(
      'CreateUser',
      `UserName=${'a'.repeat(65)}`,
      one(briefly('userName', 'Member must have length less than or equal to 64')),
    );
    refusesIam('CreateUser', '', one(briefly('userName', 'Member must not be null')));
  });

  test('names the members in the order of their names', () => {
    const lengths = (max: number, min: number): string =>
      `Member must satisfy constraint: [Member must have length less than or equal to ${max}, Member must have length greater than or equal to ${min}]`;
    refusesIam(
      'CreateOpenIDConnectProvider',
      `Url=${'u'.repeat(256)}&ClientIDList.member.1=${'c'.repeat(256)}&ThumbprintList.member.1=t`,
      `3 validation errors detected: ${[
        briefly('clientIDList', lengths(255, 1)),
        briefly('thumbprintList', lengths(40, 40)),
        briefly('url', 'Member must have length less than or equal to 255'),
      ].join('; ')}`,
    );
  });

  test('has sentences of its own for names, paths and documents, when nothing else is wrong', () => {
    const invalid = (member: string, rest: string): string =>
      `The specified value for ${member} is invalid. ${rest}`;
    const path =
      'It must begin and end with / and contain only alphanumeric characters and/or / characters.';
    const name = 'It must contain only alphanumeric characters and/or the following: +=,.@_-';
    refusesIam('CreateUser', 'UserName=a%2Fb', invalid('userName', name));
    refusesIam('CreateUser', 'UserName=a&Path=bad', invalid('path', path));
    refusesIam('UpdateUser', 'UserName=a&NewUserName=a%20b', invalid('newUserName', name));
    refusesIam(
      'PutUserPolicy',
      'UserName=a&PolicyName=p&PolicyDocument=%F0%9F%98%80',
      invalid('policyDocument', 'It must contain only printable ASCII characters.'),
    );
    refusesIam(
      'CreateUser',
      `UserName=a%2Fb&Path=${'x'.repeat(513)}`,
      one(briefly('path', 'Member must have length less than or equal to 512')),
    );
  });
});
