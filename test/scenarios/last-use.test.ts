/** GetKeyLastUsage from outside: the ids are those of the trail, and a stop loses nothing. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { after, describe, test } from 'node:test';
import { EncryptCommand, GetKeyLastUsageCommand, KMSClient } from '@aws-sdk/client-kms';
import { ask } from '../ask.ts';
import {
  freshFolder,
  type RunningServer,
  removeFolder,
  sealhold,
  startServer,
} from '../running-server.ts';

const data = freshFolder();
const servers: RunningServer[] = [];
after(async () => {
  for (const server of servers) await server.stop();
  removeFolder(data);
});

async function serve(args: readonly string[] = []): Promise<RunningServer> {
  const server = await startServer({ mode: 'start', data, args });
  servers.push(server);
  return server;
}

function clientOf(server: RunningServer): KMSClient {
  const { endpoint, accessKeyId, secretAccessKey } = server;
  return new KMSClient({
    endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId, secretAccessKey },
  });
}

/** The records of a server's trail, the last twenty. */
function trailOf(server: RunningServer): Record<string, unknown>[] {
  const tail = spawnSync(sealhold, ['trail', 'tail', '--last', '20', '--no-follow', '--json'], {
    encoding: 'utf8',
    env: {
      ...process.env,
      AWS_ENDPOINT_URL: server.endpoint,
      AWS_ACCESS_KEY_ID: server.accessKeyId,
      AWS_SECRET_ACCESS_KEY: server.secretAccessKey,
    },
  });
  return tail.stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

describe('the last use of a key', () => {
  test('names the request and the record in the trail, and survives a stop', async () => {
    const first = await serve();
    const { KeyId } = (await ask(first)('CreateKey')).body.KeyMetadata as { KeyId: string };
    const client = clientOf(first);
    const used = await client.send(new EncryptCommand({ KeyId, Plaintext: Buffer.from('x') }));
    const told = await client.send(new GetKeyLastUsageCommand({ KeyId }));
    const use = told.KeyLastUsage;
    assert.equal(told.KeyId, KeyId);
    assert.equal(use?.Operation, 'Encrypt');
    assert.equal(use.KmsRequestId, used.$metadata.requestId);
    assert.ok(told.TrackingStartDate && told.KeyCreationDate);
    assert.ok(told.TrackingStartDate <= told.KeyCreationDate);
    const record = trailOf(first).find(({ eventName }) => eventName === 'Encrypt');
    assert.equal(record?.eventID, use.CloudTrailEventId);
    client.destroy();
    await first.stop();

    const second = await serve(['--processes', '2']);
    const again = clientOf(second);
    const { KeyLastUsage } = await again.send(new GetKeyLastUsageCommand({ KeyId }));
    assert.deepEqual(KeyLastUsage, use);
    again.destroy();
  });
});
