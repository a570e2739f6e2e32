/**
 * What an advanced SecureString is stored as, opened by the AWS Encryption SDK for JavaScript,
 * unmodified, with its KMS keyring on the same server.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import {
  buildClient,
  CommitmentPolicy,
  getClient,
  KMS,
  KmsKeyringNode,
} from '@aws-crypto/client-node';
import { CreateKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import { type Body, callsOf } from '../parameter-calls.ts';
import { freshFolder, type RunningServer, removeFolder, startServer } from '../running-server.ts';

/** Messages that don't commit to their key are refused. */
const { decrypt } = buildClient(CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT);

let server: RunningServer;
let keyArn: string;
const folder = freshFolder();
const options = () => ({
  endpoint: server.endpoint,
  region: 'us-east-1',
  credentials: { accessKeyId: server.accessKeyId, secretAccessKey: server.secretAccessKey },
});

before(async () => {
  server = await startServer({ mode: 'start', data: folder });
  const client = new KMSClient(options());
  keyArn = (await client.send(new CreateKeyCommand({}))).KeyMetadata?.Arn ?? '';
  client.destroy();
});
after(async () => {
  await server?.stop();
  removeFolder(folder);
});

// Its types lag behind the SDK's under exactOptionalPropertyTypes; at run time they are the same
// clients.
const keyring = () =>
  new KmsKeyringNode({
    keyIds: [keyArn],
    clientProvider: getClient(KMS as never, options()),
  } as ConstructorParameters<typeof KmsKeyringNode>[0]);

describe('the AWS Encryption SDK for JavaScript', () => {
  for (const Value of ['x', 'é😀'.repeat(500), 'x'.repeat(4_096), 'y'.repeat(8_192)])
    test(`opens an advanced SecureString of ${Buffer.byteLength(Value)} bytes`, async () => {
      const call = callsOf(server);
      const Name = `/sdk/${Buffer.byteLength(Value)}`;
      const put = { Name, Value, Type: 'SecureString', Tier: 'Advanced', KeyId: keyArn };
      await call('PutParameter', put);
      const shown = (await call('GetParameter', { Name })).Parameter as Body;
      const message = Buffer.from(String(shown.Value), 'base64');
      const { plaintext, messageHeader } = await decrypt(keyring(), message);
      assert.equal(plaintext.toString(), Value);
      assert.equal(messageHeader.suiteId, 0x0478);
      assert.deepEqual({ ...messageHeader.encryptionContext }, { PARAMETER_ARN: shown.ARN });
      message[message.length - 20] = (message[message.length - 20] as number) ^ 1;
      await assert.rejects(decrypt(keyring(), message));
    });
});
