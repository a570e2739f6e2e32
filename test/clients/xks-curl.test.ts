/**
 * `sealhold xks` asked by curl, which signs by itself: what the specification's appendix D shows
 * and AWS's test client for proxies does.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { after, before, describe, test } from 'node:test';
import { ask } from '../ask.ts';
import { type RunningProxy, startProxy } from '../running-proxy.ts';
import { freshFolder, type RunningServer, removeFolder, startServer } from '../running-server.ts';

const signs = spawnSync('curl', ['--help', 'all'], { encoding: 'utf8' }).stdout ?? '';
const skip = signs.includes('--aws-sigv4') ? false : 'there is no curl that signs (7.75 or later)';

describe('curl', { skip }, () => {
  let server: RunningServer;
  let proxy: RunningProxy;
  let folder: string;
  let key: string;
  before(async () => {
    folder = freshFolder();
    server = await startServer({ mode: 'dev' });
    const spec = { KeySpec: 'HMAC_256', KeyUsage: 'GENERATE_VERIFY_MAC' };
    const { body } = await ask(server)('CreateKey', spec);
    key = (body.KeyMetadata as { KeyId: string }).KeyId;
    proxy = await startProxy({
      kms: server,
      keys: [key],
      folder,
      args: ['--uri-path-prefix', '/example/uri/path/prefix'],
    });
  });
  after(async () => {
    await proxy.stop();
    await server.stop();
    removeFolder(folder);
  });

  const post = (
    path: string,
    body: object,
    credential: { AccessKeyId: string; RawSecretAccessKey: string } = proxy.credential,
  ): Record<string, string> => {
    const { AccessKeyId, RawSecretAccessKey } = credential;
    const ran = spawnSync(
      'curl',
      [
        `${proxy.address}${proxy.path}${path}`,
        '--silent',
        '-H',
        'Content-Type:application/json',
        '--aws-sigv4',
        'aws:amz:us-east-2:kms-xks-proxy',
        '--user',
        `${AccessKeyId}:${RawSecretAccessKey}`,
        '--data-binary',
        '@-',
      ],
      { encoding: 'utf8', input: JSON.stringify(body) },
    );
    return JSON.parse(ran.stdout);
  };
  const requestMetadata = {
    awsPrincipalArn: 'arn:aws:iam::123456789012:user/Alice',
    kmsKeyArn: 'arn:aws:kms:us-east-2:123456789012:/key/1234abcd-12ab-34cd-56ef-1234567890ab',
    kmsOperation: 'Encrypt',
    kmsRequestId: '4112f4d6-db54-4af4-ae30-c55a22a8dfae',
    kmsViaService: 'ebs',
  };

  test('gets health, metadata, a ciphertext and its plaintext', () => {
    const health = { requestMetadata: { kmsRequestId: '1', kmsOperation: 'KmsHealthCheck' } };
    assert.equal(post('/health', health).xksProxyVendor, 'Sealhold');
    assert.equal(post(`/keys/${key}/metadata`, { requestMetadata }).keyStatus, 'ENABLED');
    const plaintext = Buffer.alloc(4096, 1).toString('base64');
    const additionalAuthenticatedData = Buffer.alloc(8192, 2).toString('base64');
    const common = { requestMetadata, additionalAuthenticatedData, encryptionAlgorithm: 'AES_GCM' };
    const ciphertextDataIntegrityValueAlgorithm = 'SHA_256';
    const { ciphertextDataIntegrityValue, ...sealed } = post(`/keys/${key}/encrypt`, {
      ...common,
      plaintext,
      ciphertextDataIntegrityValueAlgorithm,
    });
    assert.equal(Buffer.from(ciphertextDataIntegrityValue ?? '', 'base64').length, 32);
    assert.equal(post(`/keys/${key}/decrypt`, { ...common, ...sealed }).plaintext, plaintext);
  });

  test('is turned away with a wrong id, secret or path', () => {
    const { AccessKeyId, RawSecretAccessKey } = proxy.credential;
    for (const credential of [
      { AccessKeyId: `Invalid${AccessKeyId}`, RawSecretAccessKey },
      { AccessKeyId, RawSecretAccessKey: `Invalid${RawSecretAccessKey}` },
    ])
      assert.deepEqual(post(`/keys/${key}/metadata`, { requestMetadata }, credential), {
        errorName: 'AuthenticationFailedException',
      });
    assert.deepEqual(post(`/invalid/keys/${key}/metadata`, { requestMetadata }), {
      errorName: 'InvalidUriPathException',
    });
    assert.deepEqual(post('/keys/non_existing_key/metadata', { requestMetadata }), {
      errorName: 'KeyNotFoundException',
    });
  });
});
