/** Attested requests from outside: AWS's SDK asks, OpenSSL opens, the trail tells. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import {
  CreateKeyCommand,
  DecryptCommand,
  GenerateDataKeyCommand,
  KMSClient,
  type RecipientInfo,
} from '@aws-sdk/client-kms';
import { attestationPki, enclaveClaims, pcr, pemOf, signedDocument } from '../attestation.ts';
import { enclaveKey } from '../enclave-key.ts';
import {
  freshFolder,
  type RunningServer,
  removeFolder,
  sealhold,
  startServer,
} from '../running-server.ts';

const pki = attestationPki();
const key = enclaveKey();
const data = freshFolder();
const rootFile = join(data, '..', `${data.split('/').at(-1)}-root.pem`);
writeFileSync(rootFile, pemOf(pki.chain[0]!));
const Recipient: RecipientInfo = {
  KeyEncryptionAlgorithm: 'RSAES_OAEP_SHA_256',
  AttestationDocument: signedDocument(pki, enclaveClaims(pki, key.spki)),
};

const servers: RunningServer[] = [];
after(async () => {
  for (const server of servers) await server.stop();
  removeFolder(data);
  removeFolder(rootFile);
  key.remove();
});

async function serve(mode: 'start' | 'dev', ...args: readonly string[]) {
  const server = await startServer({ mode, args, ...(mode === 'start' ? { data } : {}) });
  servers.push(server);
  const { endpoint, accessKeyId, secretAccessKey } = server;
  const credentials = { accessKeyId, secretAccessKey };
  return { server, client: new KMSClient({ endpoint, region: 'us-east-1', credentials }) };
}

async function newKey(client: KMSClient): Promise<string> {
  const { KeyMetadata } = await client.send(new CreateKeyCommand({}));
  return KeyMetadata?.KeyId ?? '';
}

/** What `trail tail` tells of a server's last call of this name. */
function lastRecord({ endpoint, accessKeyId, secretAccessKey }: RunningServer, name: string) {
  const tail = spawnSync(sealhold, ['trail', 'tail', '--no-follow', '--json'], {
    encoding: 'utf8',
    env: {
      ...process.env,
      AWS_ENDPOINT_URL: endpoint,
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
    },
  });
  const records = tail.stdout.trim().split('\n');
  return records.map((line) => JSON.parse(line)).findLast(({ eventName }) => eventName === name);
}

describe('an enclave', () => {
  test('gets data keys that only it can open, and decrypts them again', async () => {
    const { server, client } = await serve('start', '--attestation-root', rootFile);
    const KeyId = await newKey(client);
    const made = await client.send(
      new GenerateDataKeyCommand({ KeyId, KeySpec: 'AES_256', Recipient }),
    );
    const dataKey = key.open(made.CiphertextForRecipient!);
    assert.equal(made.Plaintext, undefined);
    assert.equal(dataKey.length, 32);
    const { CiphertextBlob } = made;
    const again = await client.send(new DecryptCommand({ CiphertextBlob, Recipient }));
    assert.equal(again.Plaintext, undefined);
    assert.deepEqual(key.open(again.CiphertextForRecipient!), dataKey);

    const record = lastRecord(server, 'Decrypt');
    const told = record.additionalEventData.recipient;
    assert.equal(told.attestationDocumentEnclaveImageDigest, pcr(1).toString('base64'));
    assert.equal(Object.hasOwn(record.requestParameters, 'recipient'), false);
    assert.equal(JSON.stringify(record).includes(dataKey.toString('base64')), false);
    client.destroy();
  });

  test('is refused where no root is configured, or another one', async () => {
    for (const args of [[], ['--attestation-root', 'aws']]) {
      const { client } = await serve('dev', ...args);
      const KeyId = await newKey(client);
      const input = { KeyId, KeySpec: 'AES_256', Recipient } as const;
      await assert.rejects(client.send(new GenerateDataKeyCommand(input)), {
        name: 'ValidationException',
        message:
          'The attestation document is not valid: its certificates do not lead to a trusted root.',
      });
      client.destroy();
    }
  });
});

test('a root that cannot be used ends the start with words', () => {
  const cases = [
    [join(data, 'nowhere'), /--attestation-root: .*nowhere can't be read/],
    [join(import.meta.dirname, '..', '..', 'package.json'), /it has no certificate in PEM form/],
  ] as const;
  for (const [file, words] of cases) {
    const run = spawnSync(sealhold, ['dev', '--port', '0', '--attestation-root', file], {
      encoding: 'utf8',
    });
    assert.equal(run.status, 1);
    assert.match(run.stderr, words);
  }
});
