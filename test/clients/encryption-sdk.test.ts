/**
 * The AWS Encryption SDK for JavaScript, unmodified: messages of 0 B to 100 MB, with and without
 * data-key
 * caching.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { after, before, describe, test } from 'node:test';
import {
  buildClient,
  CommitmentPolicy,
  getClient,
  getLocalCryptographicMaterialsCache,
  KMS,
  KmsKeyringNode,
  NodeCachingMaterialsManager,
} from '@aws-crypto/client-node';
import { CreateKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import { freshFolder, type RunningServer, removeFolder, startServer } from '../running-server.ts';

const { encrypt, decrypt, encryptStream, decryptUnsignedMessageStream } = buildClient(
  CommitmentPolicy.REQUIRE_ENCRYPT_ALLOW_DECRYPT,
);

let server: RunningServer;
let keyArn: string;
const folder = freshFolder();
const region = 'us-east-1';

before(async () => {
  server = await startServer({ mode: 'start', data: folder });
  const client = new KMSClient(options());
  const { KeyMetadata } = await client.send(new CreateKeyCommand({}));
  keyArn = KeyMetadata?.Arn ?? '';
  client.destroy();
});
after(async () => {
  await server?.stop();
  removeFolder(folder);
});

const options = () => ({
  endpoint: server.endpoint,
  region,
  credentials: { accessKeyId: server.accessKeyId, secretAccessKey: server.secretAccessKey },
});

// Its types lag behind the SDK's under exactOptionalPropertyTypes; at run time they are the same
// clients.
const keyring = () =>
  new KmsKeyringNode({
    generatorKeyId: keyArn,
    clientProvider: getClient(KMS as never, options()),
  } as ConstructorParameters<typeof KmsKeyringNode>[0]);

const context = { purpose: 'test', origin: 'sealhold' };

describe('the AWS Encryption SDK for JavaScript', () => {
  for (const sizeBytes of [0, 1, 4096, 1_000_000]) {
    test(`round-trips a message of ${sizeBytes} bytes`, async () => {
      const message = Buffer.alloc(sizeBytes, 'm');
      const { result } = await encrypt(keyring(), message, { encryptionContext: context });
      const { plaintext, messageHeader } = await decrypt(keyring(), result);
      assert.ok(plaintext.equals(message));
      assert.equal(messageHeader.encryptionContext.purpose, 'test');
    });
  }

  test('streams 100 MB through encryption and decryption unchanged', async () => {
    const piece = Buffer.alloc(1_000_000, 'streamed ');
    const source = Readable.from(
      (function* () {
        for (let i = 0; i < 100; i++) yield piece;
      })(),
    );
    const expected = createHash('sha256');
    for (let i = 0; i < 100; i++) expected.update(piece);
    const received = createHash('sha256');
    let sizeBytes = 0;
    const opened = source
      .pipe(
        encryptStream(keyring(), {
          encryptionContext: context,
          // AES-256-GCM, HKDF, key commitment, no signature: the suite for unsigned streams.
          suiteId: 0x0478,
        }),
      )
      .pipe(decryptUnsignedMessageStream(keyring()));
    for await (const chunk of opened) {
      received.update(chunk as Buffer);
      sizeBytes += (chunk as Buffer).length;
    }
    assert.equal(sizeBytes, 100_000_000);
    assert.equal(received.digest('hex'), expected.digest('hex'));
  });

  test('reuses data keys with its caching materials manager', async () => {
    const cache = getLocalCryptographicMaterialsCache(10);
    const manager = new NodeCachingMaterialsManager({
      backingMaterials: keyring(),
      cache,
      maxAge: 60_000,
      maxMessagesEncrypted: 100,
    });
    for (let i = 0; i < 5; i++) {
      const message = Buffer.from(`message ${i}`);
      const { result } = await encrypt(manager, message, {
        encryptionContext: context,
        plaintextLength: message.length,
      });
      const { plaintext } = await decrypt(manager, result);
      assert.ok(plaintext.equals(message));
    }
  });

  test('a message with one flipped byte in its encrypted data key does not open', async () => {
    const { result } = await encrypt(keyring(), Buffer.from('m'), { encryptionContext: context });
    const at = result.indexOf(Buffer.from('AQICAH', 'base64').subarray(0, 4));
    assert.ok(at > 0, 'the blob is in the message header');
    result[at + 60]! ^= 1;
    await assert.rejects(decrypt(keyring(), result));
  });
});
