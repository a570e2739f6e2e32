/**
 * Grants by the unmodified AWS SDK for JavaScript over the socket: a life of grants on a strict
 * server of two processes and after its restart, and between two accounts in dev mode.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { after, before, describe, test } from 'node:test';
import * as kms from '@aws-sdk/client-kms';
import { newRole, newUser } from '../identities.ts';
import {
  freshFolder,
  type RunningServer,
  removeFolder,
  sealhold,
  startServer,
} from '../running-server.ts';

const region = 'eu-central-1';

function clientOf(server: RunningServer, accessKeyId = server.accessKeyId): kms.KMSClient {
  const { endpoint, secretAccessKey } = server;
  return new kms.KMSClient({ endpoint, region, credentials: { accessKeyId, secretAccessKey } });
}

async function newKey(client: kms.KMSClient) {
  const { KeyMetadata } = await client.send(new kms.CreateKeyCommand({}));
  assert.ok(KeyMetadata?.KeyId && KeyMetadata.Arn && KeyMetadata.AWSAccountId);
  return { KeyId: KeyMetadata.KeyId, arn: KeyMetadata.Arn, account: KeyMetadata.AWSAccountId };
}

async function newGrant(client: kms.KMSClient, input: kms.CreateGrantCommandInput) {
  const { GrantId, GrantToken } = await client.send(new kms.CreateGrantCommand(input));
  assert.ok(GrantId && GrantToken);
  return { GrantId, GrantToken };
}

async function grantIds(client: kms.KMSClient, KeyId: string, pageSize = 100): Promise<string[]> {
  const ids: string[] = [];
  for await (const page of kms.paginateListGrants({ client, pageSize }, { KeyId }))
    for (const { GrantId } of page.Grants ?? []) ids.push(GrantId ?? '');
  return ids;
}

/** The text of the trail's newest records. */
function trailOf(server: RunningServer): string {
  const tail = spawnSync(sealhold, ['trail', 'tail', '--last', '100', '--no-follow', '--json'], {
    encoding: 'utf8',
    env: {
      ...process.env,
      AWS_ENDPOINT_URL: server.endpoint,
      AWS_ACCESS_KEY_ID: server.accessKeyId,
      AWS_SECRET_ACCESS_KEY: server.secretAccessKey,
    },
  });
  assert.equal(tail.status, 0, tail.stderr);
  return tail.stdout;
}

describe('grants on a strict server', () => {
  const data = freshFolder();
  const args = ['--processes', '2'];
  let server: RunningServer;
  let client: kms.KMSClient;
  const start = async () => {
    server = await startServer({ mode: 'start', data, args });
    client = clientOf(server);
  };
  before(start);
  after(async () => {
    client.destroy();
    await server.stop();
    removeFolder(data);
  });

  test('are made, listed, named by tokens on every process, retired and revoked', async () => {
    const { KeyId, arn, account } = await newKey(client);
    const trusts = { AWS: account };
    const { arn: GranteePrincipal } = await newRole(server, 'app', { trusts });
    const EncryptionContextSubset = { purpose: 'test', ümlaut: '✓' };
    const input = {
      KeyId,
      GranteePrincipal,
      Operations: ['Decrypt', 'GenerateDataKey'],
      Constraints: { EncryptionContextSubset },
      Name: 'jobs',
    } satisfies kms.CreateGrantCommandInput;
    const one = await newGrant(client, input);
    const again = await newGrant(client, input);
    assert.equal(again.GrantId, one.GrantId);
    assert.notEqual(again.GrantToken, one.GrantToken);
    const { Grants } = await client.send(new kms.ListGrantsCommand({ KeyId }));
    const CreationDate = Grants?.[0]?.CreationDate;
    assert.ok(CreationDate instanceof Date);
    assert.deepEqual(Grants, [
      {
        KeyId: arn,
        GrantId: one.GrantId,
        Name: 'jobs',
        CreationDate,
        GranteePrincipal,
        IssuingAccount: `arn:aws:iam::${account}:root`,
        Operations: ['Decrypt', 'GenerateDataKey'],
        Constraints: { EncryptionContextSubset },
      },
    ]);
    const two = await newGrant(client, { KeyId, GranteePrincipal, Operations: ['DescribeKey'] });
    const GrantTokens = [one.GrantToken, again.GrantToken, two.GrantToken];
    for (let i = 0; i < 8; i++) {
      // Each on a connection of its own, so that both processes are asked.
      const other = clientOf(server);
      await other.send(new kms.GenerateDataKeyCommand({ KeyId, KeySpec: 'AES_256', GrantTokens }));
      other.destroy();
    }
    await client.send(new kms.RetireGrantCommand({ GrantToken: again.GrantToken }));
    await client.send(new kms.RevokeGrantCommand({ KeyId: arn, GrantId: two.GrantId }));
    assert.deepEqual(await grantIds(client, KeyId), []);
    await assert.rejects(
      client.send(new kms.RevokeGrantCommand({ KeyId, GrantId: two.GrantId })),
      kms.NotFoundException,
    );
    const trail = trailOf(server);
    for (const { GrantToken } of [one, again, two]) assert.ok(!trail.includes(GrantToken));
    assert.match(trail, new RegExp(`"additionalEventData":\\{"grantId":"${one.GrantId}"\\}`));
    assert.match(trail, new RegExp(`"responseElements":\\{"grantId":"${one.GrantId}"`));
  });

  test('and their tokens outlive a restart', async () => {
    const { KeyId } = await newKey(client);
    const { arn: GranteePrincipal } = await newUser(server, 'alice');
    const grant = await newGrant(client, { KeyId, GranteePrincipal, Operations: ['Encrypt'] });
    client.destroy();
    await server.stop();
    await start();
    assert.deepEqual(await grantIds(client, KeyId), [grant.GrantId]);
    const Plaintext = Buffer.from('x');
    const encrypt = (GrantTokens: string[]) =>
      client.send(new kms.EncryptCommand({ KeyId, Plaintext, GrantTokens }));
    await encrypt([grant.GrantToken]);
    await assert.rejects(encrypt([grant.GrantId]), kms.InvalidGrantTokenException);
    await client.send(new kms.RetireGrantCommand({ GrantToken: grant.GrantToken }));
    assert.deepEqual(await grantIds(client, KeyId), []);
  });

  test('made at the same moment on both processes by one name are one', async () => {
    const { KeyId, account } = await newKey(client);
    const input = {
      KeyId,
      GranteePrincipal: `arn:aws:iam::${account}:user/alice`,
      Operations: ['Encrypt'],
    } satisfies kms.CreateGrantCommandInput;
    const clients = Array.from({ length: 6 }, () => clientOf(server));
    const named = await Promise.all(
      clients.map((each) => newGrant(each, { ...input, Name: 'race' })),
    );
    assert.equal(new Set(named.map(({ GrantId }) => GrantId)).size, 1);
    const unnamed = await Promise.all(clients.map((each) => newGrant(each, input)));
    assert.equal(new Set(unnamed.map(({ GrantId }) => GrantId)).size, 6);
    assert.equal((await grantIds(client, KeyId)).length, 7);
    for (const each of clients) each.destroy();
  });
});

describe('grants between accounts', () => {
  let server: RunningServer;
  before(async () => {
    server = await startServer({ mode: 'dev' });
  });
  after(() => server.stop());

  test('are retired by whom they name for it, and go with their key', async () => {
    const [owner, partner] = ['111122223333', '444455556666'].map((id) => clientOf(server, id));
    assert.ok(owner && partner);
    const { KeyId, arn } = await newKey(owner);
    const RetiringPrincipal = 'arn:aws:iam::444455556666:root';
    const input = {
      KeyId,
      GranteePrincipal: RetiringPrincipal,
      RetiringPrincipal,
      Operations: ['Decrypt'],
    } satisfies kms.CreateGrantCommandInput;
    const made: string[] = [];
    for (let i = 0; i < 300; i++) made.push((await newGrant(owner, input)).GrantId);
    const retirable: string[] = [];
    const pages = kms.paginateListRetirableGrants(
      { client: partner, pageSize: 70 },
      { RetiringPrincipal },
    );
    for await (const page of pages)
      for (const grant of page.Grants ?? []) {
        assert.equal(grant.KeyId, arn);
        retirable.push(grant.GrantId ?? '');
      }
    assert.deepEqual(retirable.sort(), made.sort());
    await assert.rejects(
      partner.send(new kms.ListGrantsCommand({ KeyId: arn })),
      (error: Error) => error.name === 'AccessDeniedException',
    );
    await partner.send(new kms.RetireGrantCommand({ KeyId: arn, GrantId: made[0] }));
    assert.equal((await grantIds(owner, KeyId)).length, 299);
    await owner.send(new kms.ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: 7 }));
    const moved = await fetch(`${server.endpoint}/_sealhold/clock`, {
      method: 'POST',
      body: JSON.stringify({ advance: '7d' }),
    });
    assert.equal(moved.status, 200);
    const left = await partner.send(new kms.ListRetirableGrantsCommand({ RetiringPrincipal }));
    assert.deepEqual(left.Grants, []);
    await assert.rejects(owner.send(new kms.ListGrantsCommand({ KeyId })), kms.NotFoundException);
    owner.destroy();
    partner.destroy();
  });
});
