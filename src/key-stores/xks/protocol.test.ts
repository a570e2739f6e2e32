import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  decryptBody,
  encryptBody,
  gcmAad,
  integrityValue,
  limits,
  parseBody,
  parsePath,
  readDecryptAnswer,
  readDecryptRequest,
  readEncryptAnswer,
  readEncryptRequest,
  readErrorAnswer,
  readHealthAnswer,
  readMetadataAnswer,
  readRequestMetadata,
  uriPathForm,
} from './protocol.ts';

const hex = (text: string): Buffer => Buffer.from(text, 'hex');
const b64 = (bytes: Buffer | string): string => Buffer.from(bytes).toString('base64');

/** XKS Proxy API v1.0.3, Encrypt and appendix C. */
const example = {
  aad: Buffer.from('project=nile,department=marketing'),
  plaintext: Buffer.from('Hello World!'),
  sealed: {
    metadata: Buffer.from('key_version=1'),
    iv: hex('1ccae5470f39700254779031'),
    ciphertext: hex('821c642b5b71783367deaf18'),
    tag: hex('bc1c4dda7707d6812447c5955e99b261'),
  },
};
const exampleAnswer = {
  authenticationTag: 'vBxN2ncH1oEkR8WVXpmyYQ==',
  ciphertext: 'ghxkK1txeDNn3q8Y',
  ciphertextDataIntegrityValue: 'qHA/ImC9h5HsLRXqCyPmWgYx7tzyoTplzILbP0fPXsc=',
  ciphertextMetadata: 'a2V5X3ZlcnNpb249MQ==',
  initializationVector: 'HMrlRw85cAJUd5Ax',
};
const requestMetadata = {
  awsPrincipalArn: 'arn:aws:iam::123456789012:user/Alice',
  kmsKeyArn: 'arn:aws:kms:us-east-2:123456789012:/key/1234abcd-12ab-34cd-56ef-1234567890ab',
  kmsOperation: 'Encrypt',
  kmsRequestId: '4112f4d6-db54-4af4-ae30-c55a22a8dfae',
};

describe("the specification's own example", () => {
  test('has its integrity value', () => {
    assert.equal(
      integrityValue(example.sealed, example.aad).toString('base64'),
      exampleAnswer.ciphertextDataIntegrityValue,
    );
  });
  test('is asked for and read as it stands there', () => {
    assert.deepEqual(encryptBody(requestMetadata, example), {
      requestMetadata,
      additionalAuthenticatedData: 'cHJvamVjdD1uaWxlLGRlcGFydG1lbnQ9bWFya2V0aW5n',
      plaintext: 'SGVsbG8gV29ybGQh',
      encryptionAlgorithm: 'AES_GCM',
      ciphertextDataIntegrityValueAlgorithm: 'SHA_256',
    });
    assert.deepEqual(readEncryptAnswer(exampleAnswer, example), example.sealed);
    const { ciphertextDataIntegrityValue: _, ...parts } = exampleAnswer;
    assert.deepEqual(decryptBody(requestMetadata, { ...example.sealed, aad: example.aad }), {
      requestMetadata,
      additionalAuthenticatedData: 'cHJvamVjdD1uaWxlLGRlcGFydG1lbnQ9bWFya2V0aW5n',
      ...parts,
      encryptionAlgorithm: 'AES_GCM',
    });
    const plaintext = readDecryptAnswer({ plaintext: 'SGVsbG8gV29ybGQh' }, example.sealed);
    assert.deepEqual(plaintext, example.plaintext);
  });
});

describe('what the key manager authenticates', () => {
  test('tells data and notes apart by their lengths', () => {
    assert.deepEqual(gcmAad(Buffer.from('ab'), Buffer.from('c')), hex('00026162' + '0163'));
    assert.deepEqual(gcmAad(Buffer.alloc(0), Buffer.alloc(0)), hex('000000'));
    assert.notDeepEqual(
      gcmAad(Buffer.from('x'), Buffer.alloc(0)),
      gcmAad(Buffer.alloc(0), Buffer.from('x')),
    );
    assert.deepEqual(gcmAad(Buffer.alloc(8192), Buffer.alloc(20)).subarray(0, 2), hex('2000'));
  });
});

describe('an answer to encrypt', () => {
  const refused: Record<string, object> = {
    'another integrity value': { ciphertextDataIntegrityValue: b64(Buffer.alloc(32)) },
    'no integrity value': { ciphertextDataIntegrityValue: undefined },
    'a ciphertext longer than the plaintext': { ciphertext: b64(Buffer.alloc(13)) },
    'a flipped bit': { ciphertext: b64(hex('831c642b5b71783367deaf18')) },
    'an IV of 13 bytes': { initializationVector: b64(Buffer.alloc(13)) },
    'a tag of 15 bytes': { authenticationTag: b64(Buffer.alloc(15)) },
    'notes of 21 bytes': { ciphertextMetadata: b64(Buffer.alloc(21)) },
    'base64 without padding': { ciphertextMetadata: 'a2V5X3ZlcnNpb249MQ' },
    'base64 for URLs': {
      ciphertextDataIntegrityValue: 'qHA_ImC9h5HsLRXqCyPmWgYx7tzyoTplzILbP0fPXsc=',
    },
    'a number': { ciphertext: 12 },
  };
  for (const [what, members] of Object.entries(refused))
    test(`is none with ${what}`, () =>
      assert.equal(readEncryptAnswer({ ...exampleAnswer, ...members }, example), undefined));

  test('may have an IV of 16 bytes and no notes', () => {
    const sealed = { ...example.sealed, iv: Buffer.alloc(16), metadata: Buffer.alloc(0) };
    const answer = {
      ciphertext: b64(sealed.ciphertext),
      initializationVector: b64(sealed.iv),
      authenticationTag: b64(sealed.tag),
      ciphertextDataIntegrityValue: b64(integrityValue(sealed, example.aad)),
    };
    assert.deepEqual(readEncryptAnswer(answer, example), sealed);
  });
});

test('an answer to decrypt is as long as the ciphertext', () => {
  assert.equal(readDecryptAnswer({ plaintext: b64('Hello World') }, example.sealed), undefined);
  assert.equal(readDecryptAnswer({}, example.sealed), undefined);
});

describe('a request', () => {
  const right = encryptBody(requestMetadata, example) as Record<string, unknown>;
  test('may carry as much as the specification demands', () => {
    const plaintext = Buffer.alloc(limits.plaintextBytes, 1);
    const aad = Buffer.alloc(limits.aadBytes, 2);
    const read = readEncryptRequest(encryptBody(requestMetadata, { plaintext, aad }) as never);
    assert.deepEqual(read?.plaintext, plaintext);
    assert.deepEqual(read?.aad, aad);
    assert.equal(read?.wantsIntegrityValue, true);
  });
  test('may name operations that nobody knows yet, and more members than these', () => {
    const later = { ...requestMetadata, kmsOperation: 'BulkEncrypt', sourceIdentity: 'x' };
    assert.ok(readEncryptRequest({ ...right, requestMetadata: later, more: 1 }));
  });
  const wrong: Record<string, object> = {
    'no plaintext': { plaintext: undefined },
    'plaintext that is no base64': { plaintext: '%%%%' },
    'a plaintext that is too long': { plaintext: b64(Buffer.alloc(limits.plaintextBytes + 1)) },
    'AAD that is too long': {
      additionalAuthenticatedData: b64(Buffer.alloc(limits.aadBytes + 1)),
    },
    'another algorithm': { encryptionAlgorithm: 'AES_CBC' },
    'another hash': { ciphertextDataIntegrityValueAlgorithm: 'MD5' },
    'no metadata': { requestMetadata: undefined },
    'empty metadata': { requestMetadata: {} },
    'no principal': { requestMetadata: { ...requestMetadata, awsPrincipalArn: undefined } },
    'no key ARN': { requestMetadata: { ...requestMetadata, kmsKeyArn: undefined } },
    'an ARN of more than 2048 characters': {
      requestMetadata: { ...requestMetadata, kmsKeyArn: 'a'.repeat(2049) },
    },
    'a request id that is a number': { requestMetadata: { ...requestMetadata, kmsRequestId: 1 } },
  };
  for (const [what, members] of Object.entries(wrong))
    test(`to encrypt is none with ${what}`, () =>
      assert.equal(readEncryptRequest({ ...right, ...members }), undefined));

  test('to decrypt needs IV and tag', () => {
    const body = decryptBody(requestMetadata, { ...example.sealed, aad: example.aad });
    assert.ok(readDecryptRequest(body as never));
    for (const member of ['initializationVector', 'authenticationTag', 'ciphertext'])
      assert.equal(readDecryptRequest({ ...body, [member]: undefined } as never), undefined);
  });
  test('for health has no principal', () => {
    const metadata = { kmsRequestId: '1', kmsOperation: 'KmsHealthCheck' };
    assert.ok(readRequestMetadata({ requestMetadata: metadata }, []));
    assert.equal(
      readRequestMetadata({ requestMetadata: metadata }, ['awsPrincipalArn']),
      undefined,
    );
  });
});

describe('a body', () => {
  test('is a JSON object of bounded size', () => {
    assert.deepEqual(parseBody(Buffer.from('{"a":1}')), { a: 1 });
    for (const text of ['', '[]', 'null', '"a"', '{', '1'])
      assert.equal(parseBody(Buffer.from(text)), undefined, text);
    const long = JSON.stringify({ a: 'x'.repeat(limits.bodyBytes) });
    assert.equal(parseBody(Buffer.from(long)), undefined);
  });
});

describe('the other answers', () => {
  const key = { keySpec: 'AES_256', keyUsage: ['ENCRYPT', 'DECRYPT'], keyStatus: 'ENABLED' };
  test('metadata', () => {
    assert.deepEqual(readMetadataAnswer(key), key);
    const wrong = [
      { keySpec: 1 },
      { keyStatus: 'enabled' },
      { keyUsage: 'ENCRYPT' },
      { keyUsage: Array(11).fill('ENCRYPT') },
      { keyUsage: [1] },
    ];
    for (const members of wrong)
      assert.equal(readMetadataAnswer({ ...key, ...members }), undefined);
  });
  const manager = { id: '1', model: 'm', healthStatus: 'ACTIVE' };
  const health = {
    xksProxyFleetSize: 2,
    xksProxyVendor: 'Acme Corp',
    xksProxyModel: 'Acme XKS Proxy 1.0',
    ekmVendor: 'Thales Group',
    ekmFleetDetails: [manager],
  };
  test('health: one manager that is not unavailable is enough', () => {
    const details = (...statuses: string[]) => ({
      ...health,
      ekmFleetDetails: statuses.map((healthStatus) => ({ ...manager, healthStatus })),
    });
    assert.equal(readHealthAnswer(details('ACTIVE'))?.isAvailable, true);
    assert.equal(readHealthAnswer(details('UNAVAILABLE', 'DEGRADED'))?.isAvailable, true);
    assert.equal(readHealthAnswer(details('UNAVAILABLE', 'UNAVAILABLE'))?.isAvailable, false);
    assert.equal(readHealthAnswer(details('FINE')), undefined);
    assert.equal(readHealthAnswer(details()), undefined);
    assert.equal(readHealthAnswer(details(...Array(11).fill('ACTIVE'))), undefined);
    assert.equal(readHealthAnswer({ ...health, xksProxyFleetSize: 0 }), undefined);
    assert.equal(readHealthAnswer({ ...health, ekmVendor: undefined }), undefined);
  });
  test('errors: known names only', () => {
    assert.equal(readErrorAnswer({ errorName: 'KeyNotFoundException' }), 'KeyNotFoundException');
    for (const errorName of ['toString', 'Oops', 1, undefined])
      assert.equal(readErrorAnswer({ errorName }), undefined);
  });
});

describe('paths', () => {
  test('name health, or a key and what to do with it', () => {
    assert.deepEqual(parsePath('/health'), { action: 'health' });
    assert.deepEqual(parsePath('/keys/a.b_C-9/encrypt'), { action: 'encrypt', key: 'a.b_C-9' });
    const none = ['', '/', '/keys', '/keys//encrypt', '/keys/a/sign', '/keys/a%2fb/encrypt'];
    for (const path of [
      ...none,
      '/keys/a/b/encrypt',
      '/health/',
      '/health?x',
      `/keys/${'a'.repeat(129)}/encrypt`,
    ])
      assert.equal(parsePath(path), undefined, path);
  });
  test('of proxies end in the version', () => {
    for (const path of ['/kms/xks/v1', '/a/kms/xks/v1', '/a-b/c_d/kms/xks/v1'])
      assert.match(path, uriPathForm);
    for (const path of ['kms/xks/v1', '/kms/xks/v2', '/a b/kms/xks/v1', '/kms/xks/v1/'])
      assert.doesNotMatch(path, uriPathForm);
  });
});
