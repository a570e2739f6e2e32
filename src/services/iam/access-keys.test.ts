import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import * as iam from '@aws-sdk/client-iam';
import { account, allow, type IamUnderTest, openIam, refused } from '../../../test/open-iam.ts';
import { accountOfAccessKeyId } from '../../identity/access-key.ts';

let under: IamUnderTest;
let root: IamUnderTest['root'];
before(async () => {
  under = await openIam();
  root = under.root;
});
after(() => under.close());

const keysOf = async (UserName?: string) =>
  (await root.send(new iam.ListAccessKeysCommand({ UserName }))).AccessKeyMetadata ?? [];

describe('an access key', () => {
  test('names its account, is active, and tells its secret once', async () => {
    await root.send(new iam.CreateUserCommand({ UserName: 'one' }));
    const { AccessKey } = await root.send(new iam.CreateAccessKeyCommand({ UserName: 'one' }));
    assert.match(AccessKey?.AccessKeyId ?? '', /^AKIA[A-Z2-7]{16}$/);
    assert.equal(accountOfAccessKeyId(AccessKey?.AccessKeyId ?? ''), account);
    assert.match(AccessKey?.SecretAccessKey ?? '', /^[A-Za-z0-9/+]{40}$/);
    const [listed] = await keysOf('one');
    const { SecretAccessKey: _told, ...rest } = AccessKey ?? {};
    assert.deepEqual(listed, rest);
  });

  test('signs for its user until it is inactive, and again when it is active', async () => {
    const key = await under.newUser('toggled', allow('iam:GetUser'));
    const ask = () => under.as(key).send(new iam.GetUserCommand({}));
    const set = (Status: iam.StatusType) =>
      root.send(
        new iam.UpdateAccessKeyCommand({
          UserName: 'toggled',
          AccessKeyId: key.accessKeyId,
          Status,
        }),
      );
    assert.equal((await ask()).User?.UserName, 'toggled');
    await set('Inactive');
    await assert.rejects(ask(), (error: iam.IAMServiceException) => {
      assert.equal(error.name, 'InvalidClientTokenId');
      return error.$metadata.httpStatusCode === 403;
    });
    assert.deepEqual(
      (await keysOf('toggled')).map(({ Status }) => Status),
      ['Inactive'],
    );
    await set('Active');
    assert.equal((await ask()).User?.UserName, 'toggled');
  });

  test('of another user is not found among a user’s own', async () => {
    const key = await under.newUser('owner');
    await root.send(new iam.CreateUserCommand({ UserName: 'stranger' }));
    const named = { UserName: 'stranger', AccessKeyId: key.accessKeyId };
    const missing = refused(
      404,
      'NoSuchEntity',
      `The Access Key with id ${key.accessKeyId} cannot be found.`,
    );
    await assert.rejects(root.send(new iam.DeleteAccessKeyCommand(named)), missing);
    await assert.rejects(
      root.send(new iam.UpdateAccessKeyCommand({ ...named, Status: 'Inactive' })),
      missing,
    );
  });

  test('cannot be set to what only AWS sets', async () => {
    const key = await under.newUser('expired');
    await assert.rejects(
      root.send(
        new iam.UpdateAccessKeyCommand({
          UserName: 'expired',
          AccessKeyId: key.accessKeyId,
          Status: 'Expired',
        }),
      ),
      refused(
        400,
        'ValidationError',
        "1 validation error detected: Value at 'status' failed to satisfy constraint: Member must satisfy enum value set",
      ),
    );
  });
});

describe('two keys', () => {
  test('are all that a user can have', async () => {
    await under.newUser('pair');
    await root.send(new iam.CreateAccessKeyCommand({ UserName: 'pair' }));
    await assert.rejects(
      root.send(new iam.CreateAccessKeyCommand({ UserName: 'pair' })),
      refused(409, 'LimitExceeded', 'Cannot exceed quota for AccessKeysPerUser: 2'),
    );
  });

  test('are all that many requests at one moment can get', async () => {
    for (const UserName of ['race', undefined]) {
      if (UserName !== undefined) await root.send(new iam.CreateUserCommand({ UserName }));
      const outcomes = await Promise.allSettled(
        Array.from({ length: 8 }, () => root.send(new iam.CreateAccessKeyCommand({ UserName }))),
      );
      assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 2);
      assert.equal((await keysOf(UserName)).length, 2);
    }
  });
});

describe('without a user name', () => {
  test('a user acts on its own keys, and may delete the one it signs with', async () => {
    const key = await under.newUser('rotating', allow('iam:*AccessKey*'));
    const own = under.as(key);
    const made = await own.send(new iam.CreateAccessKeyCommand({}));
    assert.equal(made.AccessKey?.UserName, 'rotating');
    const { AccessKeyMetadata } = await own.send(new iam.ListAccessKeysCommand({}));
    assert.equal(AccessKeyMetadata?.length, 2);
    await own.send(new iam.DeleteAccessKeyCommand({ AccessKeyId: key.accessKeyId }));
    assert.deepEqual(
      (await keysOf('rotating')).map(({ AccessKeyId }) => AccessKeyId),
      [made.AccessKey?.AccessKeyId],
    );
  });

  test('the root user acts on its own', async () => {
    const other = under.as({ accessKeyId: '777788889999', secretAccessKey: 'x' });
    const { AccessKey } = await other.send(new iam.CreateAccessKeyCommand({}));
    const AccessKeyId = AccessKey?.AccessKeyId as string;
    const signer = {
      accessKeyId: AccessKeyId,
      secretAccessKey: AccessKey?.SecretAccessKey as string,
    };
    const { User } = await under.as(signer).send(new iam.GetUserCommand({}));
    assert.equal(User?.Arn, 'arn:aws:iam::777788889999:root');
    await other.send(new iam.UpdateAccessKeyCommand({ AccessKeyId, Status: 'Inactive' }));
    await assert.rejects(under.as(signer).send(new iam.GetUserCommand({})), /token/);
    await other.send(new iam.DeleteAccessKeyCommand({ AccessKeyId }));
    const { AccessKeyMetadata } = await other.send(new iam.ListAccessKeysCommand({}));
    assert.deepEqual(AccessKeyMetadata, []);
  });
});

describe('the last use of a key', () => {
  test('is N/A, then the service and Region that were last asked', async () => {
    const key = await under.newUser('used', allow('iam:GetUser'));
    const lastUse = async () =>
      root.send(new iam.GetAccessKeyLastUsedCommand({ AccessKeyId: key.accessKeyId }));
    assert.deepEqual((await lastUse()).AccessKeyLastUsed, { ServiceName: 'N/A', Region: 'N/A' });
    const before = Math.floor(under.world.now() / 1000) * 1000;
    await under.as(key).send(new iam.GetUserCommand({}));
    const { UserName, AccessKeyLastUsed } = await lastUse();
    const { LastUsedDate, ...rest } = AccessKeyLastUsed ?? {};
    assert.equal(UserName, 'used');
    assert.deepEqual(rest, { ServiceName: 'iam', Region: 'us-east-1' });
    assert.ok((LastUsedDate?.getTime() ?? 0) >= before);
  });

  test('is not told of keys of other accounts, nor whether there is such a key', async () => {
    const key = await under.newUser('hidden');
    const other = under.as({ accessKeyId: '777788889999', secretAccessKey: 'x' });
    for (const AccessKeyId of [key.accessKeyId, 'AKIAIOSFODNN7EXAMPLE'])
      await assert.rejects(
        other.send(new iam.GetAccessKeyLastUsedCommand({ AccessKeyId })),
        refused(
          403,
          'AccessDenied',
          `User: arn:aws:iam::777788889999:root is not authorized to perform iam:GetAccessKeyLastUsed on resource: access key ${AccessKeyId}`,
        ),
      );
  });
});
