/** With the cases of AWS's own test client for XKS proxies, in its words. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type KmsUnderTest, openKms } from '../../../test/open-kms.ts';
import { openXks, signedRequest, type XksUnderTest } from '../../../test/open-xks.ts';
import { integrityValue } from './protocol.ts';
import { newConfiguration, parseConfiguration } from './proxy-configuration.ts';

let holder: KmsUnderTest;
let xks: XksUnderTest;
before(async () => {
  holder = await openKms();
  xks = await openXks(holder);
});
after(async () => {
  await xks.stop();
  await holder.close();
});

type Body = Record<string, string>;
interface Told {
  readonly status: number;
  readonly body: Body;
}

async function ask(
  path: string,
  body: object | string,
  more: Partial<Parameters<typeof signedRequest>[0]> = {},
): Promise<Told> {
  const request = signedRequest({ path, body, credential: xks.credential, ...more });
  const response = await xks.handler(request);
  const text = String(response.body);
  return { status: response.status, body: text === '' ? {} : JSON.parse(text) };
}

const requestMetadata = {
  awsPrincipalArn: 'arn:aws:iam::123456789012:user/Alice',
  kmsKeyArn: 'arn:aws:kms:us-east-2:123456789012:/key/1234abcd-12ab-34cd-56ef-1234567890ab',
  kmsOperation: 'Encrypt',
  kmsRequestId: '4112f4d6-db54-4af4-ae30-c55a22a8dfae',
  kmsViaService: 'ebs',
};
const plaintext = 'SGVsbG8gV29ybGQh';
const aad = 'cHJvamVjdD1uaWxlLGRlcGFydG1lbnQ9bWFya2V0aW5n';
const encryption = (more: object = {}) => ({
  requestMetadata,
  plaintext,
  encryptionAlgorithm: 'AES_GCM',
  ...more,
});
const decryption = ({ ciphertextDataIntegrityValue: _, ...sealed }: Body, more: object = {}) => ({
  requestMetadata: { ...requestMetadata, kmsOperation: 'Decrypt' },
  encryptionAlgorithm: 'AES_GCM',
  ...sealed,
  ...more,
});
const at = (action: string, key = xks.key) => `${xks.path}/keys/${key}/${action}`;
const error = (status: number, errorName: string): Told => ({ status, body: { errorName } });

describe('GetHealthStatus', () => {
  const health = { requestMetadata: { kmsOperation: 'KmsHealthCheck', kmsRequestId: '1' } };
  test('tells of one manager that is active', async () => {
    const { status, body } = await ask(`${xks.path}/health`, health);
    assert.equal(status, 200);
    assert.deepEqual(body, {
      xksProxyFleetSize: 1,
      xksProxyVendor: 'Sealhold',
      xksProxyModel: 'Sealhold XKS proxy under test',
      ekmVendor: 'Sealhold',
      ekmFleetDetails: [{ id: 'kms', model: 'Sealhold KMS', healthStatus: 'ACTIVE' }],
    });
  });
  test('without requestMetadata, or with an empty one, is invalid', async () => {
    for (const body of [{}, { requestMetadata: {} }, '', '[]'])
      assert.deepEqual(await ask(`${xks.path}/health`, body), error(400, 'ValidationException'));
  });
});

describe('GetKeyMetadata', () => {
  const body = { requestMetadata: { ...requestMetadata, kmsOperation: 'CreateKey' } };
  test('for CreateKey', async () => {
    assert.deepEqual(await ask(at('metadata'), body), {
      status: 200,
      body: { keySpec: 'AES_256', keyUsage: ['ENCRYPT', 'DECRYPT'], keyStatus: 'ENABLED' },
    });
  });
  test('with an empty requestMetadata', async () => {
    const told = await ask(at('metadata'), { requestMetadata: {} });
    assert.deepEqual(told, error(400, 'ValidationException'));
  });
});

describe('Encrypt and Decrypt', () => {
  test('with and without AAD', async () => {
    for (const given of [{}, { additionalAuthenticatedData: aad }]) {
      const sealed = await ask(at('encrypt'), encryption(given));
      assert.equal(sealed.status, 200);
      assert.equal(Buffer.from(sealed.body.ciphertext ?? '', 'base64').length, 12);
      const opened = await ask(at('decrypt'), decryption(sealed.body, given));
      assert.deepEqual(opened, { status: 200, body: { plaintext } });
    }
  });
  test('with the largest plaintext and AAD', async () => {
    const given = {
      plaintext: Buffer.alloc(4300, 7).toString('base64'),
      additionalAuthenticatedData: Buffer.alloc(8192, 8).toString('base64'),
    };
    const sealed = await ask(at('encrypt'), encryption(given));
    const { additionalAuthenticatedData } = given;
    const opened = await ask(
      at('decrypt'),
      decryption(sealed.body, { additionalAuthenticatedData }),
    );
    assert.equal(opened.body.plaintext, given.plaintext);
  });
  test('with a ciphertext data integrity value', async () => {
    for (const given of [{}, { additionalAuthenticatedData: aad }]) {
      const ciphertextDataIntegrityValueAlgorithm = 'SHA_256';
      const { body } = await ask(
        at('encrypt'),
        encryption({ ...given, ciphertextDataIntegrityValueAlgorithm }),
      );
      const bytes = (name: string) => Buffer.from(body[name] ?? '', 'base64');
      const expected = integrityValue(
        {
          ciphertext: bytes('ciphertext'),
          iv: bytes('initializationVector'),
          tag: bytes('authenticationTag'),
          metadata: bytes('ciphertextMetadata'),
        },
        Buffer.from(Object.values(given)[0] ?? '', 'base64'),
      );
      assert.equal(body.ciphertextDataIntegrityValue, expected.toString('base64'));
      assert.equal((await ask(at('decrypt'), decryption(body, given))).body.plaintext, plaintext);
    }
  });
  test('with missing or different AAD', async () => {
    const sealed = await ask(at('encrypt'), encryption({ additionalAuthenticatedData: aad }));
    for (const given of [{}, { additionalAuthenticatedData: 'cHJvamVjdD1ibHVl' }])
      assert.deepEqual(
        await ask(at('decrypt'), decryption(sealed.body, given)),
        error(400, 'InvalidCiphertextException'),
      );
  });
  test('with the notes passed for AAD', async () => {
    const sealed = await ask(at('encrypt'), encryption());
    const { ciphertextMetadata, ...rest } = sealed.body;
    const moved = { additionalAuthenticatedData: ciphertextMetadata };
    assert.deepEqual(
      await ask(at('decrypt'), decryption(rest, moved)),
      error(400, 'InvalidCiphertextException'),
    );
  });
  test('with a missing plaintext', async () => {
    const told = await ask(at('encrypt'), encryption({ plaintext: undefined }));
    assert.deepEqual(told, error(400, 'ValidationException'));
  });
  test('with a key that is not served, though KMS has it', async () => {
    const made = await holder.ask('CreateKey', {
      KeySpec: 'HMAC_256',
      KeyUsage: 'GENERATE_VERIFY_MAC',
    });
    for (const key of ['non_existing_key', made.KeyMetadata?.KeyId ?? ''])
      assert.deepEqual(
        await ask(at('encrypt', key), encryption()),
        error(404, 'KeyNotFoundException'),
      );
  });
  test('with a key that is disabled', async () => {
    const key = await xks.newKey();
    await holder.ask('DisableKey', { KeyId: key });
    const told = await ask(at('encrypt', key), encryption());
    assert.deepEqual(told, error(400, 'InvalidStateException'));
  });
});

describe('who is let in', () => {
  const refused = error(401, 'AuthenticationFailedException');
  test('nobody with another access key id, another secret, or none', async () => {
    const { AccessKeyId, RawSecretAccessKey } = xks.credential;
    const others = [
      { AccessKeyId: `INVALID${AccessKeyId}`, RawSecretAccessKey },
      { AccessKeyId, RawSecretAccessKey: `Invalid${RawSecretAccessKey}` },
    ];
    for (const credential of others)
      assert.deepEqual(await ask(at('encrypt'), encryption(), { credential }), refused);
    const signed = signedRequest({ path: at('encrypt'), body: {}, credential: xks.credential });
    const headers = new Map(signed.headers);
    headers.delete('authorization');
    assert.equal((await xks.handler({ ...signed, headers })).status, 401);
  });
  test('nobody whose signature is more than five minutes off, or for another service', async () => {
    for (const minutes of [-6, 6])
      assert.deepEqual(
        await ask(at('encrypt'), encryption(), { at: Date.now() + minutes * 60_000 }),
        refused,
      );
    const near = await ask(at('encrypt'), encryption(), { at: Date.now() - 4 * 60_000 });
    assert.equal(near.status, 200);
    assert.deepEqual(await ask(at('encrypt'), encryption(), { service: 'kms' }), refused);
  });
  test('nobody whose body is not what was signed', async () => {
    const signed = signedRequest({ path: at('encrypt'), body: {}, credential: xks.credential });
    const body = Buffer.from(JSON.stringify(encryption()));
    assert.equal((await xks.handler({ ...signed, body })).status, 401);
  });
  test('two credentials at once, each on its path only, until one is taken away', async () => {
    const old = xks.credential;
    const text = newConfiguration('/team-a', holder.world);
    xks.configure(text);
    const { XksProxyAuthenticationCredential: credential } = JSON.parse(text);
    const path = `/team-a${at('encrypt')}`;
    assert.equal((await ask(path, encryption(), { credential })).status, 200);
    assert.equal((await ask(at('encrypt'), encryption(), { credential: old })).status, 200);
    const astray = error(404, 'InvalidUriPathException');
    assert.deepEqual(await ask(at('encrypt'), encryption(), { credential }), astray);
    assert.deepEqual(await ask(path, encryption(), { credential: old }), astray);
    const own = JSON.stringify({
      XksProxyUriPath: xks.path,
      XksProxyAuthenticationCredential: old,
    });
    xks.configure(own, { alone: true });
    assert.deepEqual(await ask(path, encryption(), { credential }), refused);
  });
});

describe('what is no request of the API', () => {
  test('other paths', async () => {
    const base = xks.path;
    for (const path of [`/invalid${at('encrypt')}`, base, `${base}/`, `${base}/keys`, at('sign')])
      assert.deepEqual(await ask(path, encryption()), error(404, 'InvalidUriPathException'), path);
  });
  test('other methods', async () => {
    for (const method of ['GET', 'PUT', 'DELETE'])
      assert.equal((await ask(at('encrypt'), encryption(), { method })).status, 405);
  });
  test('a ping, which anybody may', async () => {
    const ping = signedRequest({
      path: '/ping',
      body: '',
      credential: xks.credential,
      method: 'GET',
    });
    assert.equal((await xks.handler({ ...ping, headers: new Map() })).status, 200);
  });
});

test('the log tells whose request it was, and nothing of what was encrypted', async () => {
  const sealed = await ask(at('encrypt'), encryption({ additionalAuthenticatedData: aad }));
  const line = xks.lines.at(-1) ?? '';
  assert.match(line, new RegExp(`^encrypt ${xks.key} for ${requestMetadata.awsPrincipalArn} `));
  assert.match(
    line,
    /kmsOperation=Encrypt kmsRequestId=4112f4d6-db54-4af4-ae30-c55a22a8dfae: ok in/,
  );
  const forged = { ...requestMetadata, kmsRequestId: 'a\nforged line' };
  await ask(at('encrypt'), encryption({ requestMetadata: forged }));
  assert.match(xks.lines.at(-1) ?? '', /kmsRequestId=a\?forged\?line: ok/);
  const all = xks.lines.join('\n');
  for (const secret of [plaintext, aad, sealed.body.ciphertext ?? ''])
    assert.ok(!all.includes(secret));
});

describe('a configuration', () => {
  test('is made in the form that AWS reads', () => {
    const text = newConfiguration('/team-a', holder.world);
    const { path, accessKey } = parseConfiguration(text);
    assert.equal(path, '/team-a/kms/xks/v1');
    assert.match(accessKey.accessKeyId, /^[A-Z2-7]{24}$/);
    assert.notEqual(text, newConfiguration('/team-a', holder.world));
  });
  const right = () => JSON.parse(newConfiguration('', holder.world));
  const wrong: Record<string, (file: ReturnType<typeof right>) => object> = {
    'a path of another version': (file) => ({ ...file, XksProxyUriPath: '/kms/xks/v2' }),
    'no credential': (file) => ({ XksProxyUriPath: file.XksProxyUriPath }),
    'a short secret': ({ XksProxyAuthenticationCredential: credential, ...file }) => ({
      ...file,
      XksProxyAuthenticationCredential: { ...credential, RawSecretAccessKey: 'short' },
    }),
    'an id of temporary keys': ({ XksProxyAuthenticationCredential: credential, ...file }) => ({
      ...file,
      XksProxyAuthenticationCredential: { ...credential, AccessKeyId: `ASIA${'A'.repeat(16)}` },
    }),
  };
  for (const [what, make] of Object.entries(wrong))
    test(`is refused with ${what}`, () =>
      assert.throws(() => parseConfiguration(JSON.stringify(make(right()))), RangeError));
});
