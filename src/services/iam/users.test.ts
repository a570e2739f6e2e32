import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import * as iam from '@aws-sdk/client-iam';
import { account, allow, type IamUnderTest, openIam, refused } from '../../../test/open-iam.ts';

let under: IamUnderTest;
let root: IamUnderTest['root'];
before(async () => {
  under = await openIam();
  root = under.root;
});
after(() => under.close());

const arnOf = (rest: string): string => `arn:aws:iam::${account}:${rest}`;

describe('a user', () => {
  test('has an id, an ARN with its path, and the tags it was made with', async () => {
    const made = await root.send(
      new iam.CreateUserCommand({
        UserName: 'Alice',
        Path: '/eng/',
        Tags: [
          { Key: 'team', Value: 'blue' },
          { Key: 'cost', Value: '' },
        ],
      }),
    );
    assert.match(made.User?.UserId ?? '', /^AIDA[A-Z2-7]{17}$/);
    assert.equal(made.User?.Arn, arnOf('user/eng/Alice'));
    assert.deepEqual(made.User?.Tags, [
      { Key: 'cost', Value: '' },
      { Key: 'team', Value: 'blue' },
    ]);
    const { User } = await root.send(new iam.GetUserCommand({ UserName: 'alice' }));
    assert.deepEqual(User, made.User);
  });

  test('is listed without its tags, by path prefix', async () => {
    const { Users, IsTruncated } = await root.send(new iam.ListUsersCommand({ PathPrefix: '/en' }));
    assert.deepEqual(
      Users?.map(({ UserName, Tags }) => [UserName, Tags]),
      [['Alice', undefined]],
    );
    assert.equal(IsTruncated, false);
    const none = await root.send(new iam.ListUsersCommand({ PathPrefix: '/none/' }));
    assert.deepEqual(none.Users, []);
  });

  test('keeps its name to itself, whatever the case', async () => {
    await assert.rejects(
      root.send(new iam.CreateUserCommand({ UserName: 'ALICE' })),
      refused(409, 'EntityAlreadyExists', 'User with name ALICE already exists.'),
    );
  });

  test('that is not there cannot be found, changed or deleted', async () => {
    const missing = refused(404, 'NoSuchEntity', 'The user with name nobody cannot be found.');
    const UserName = 'nobody';
    await assert.rejects(root.send(new iam.GetUserCommand({ UserName })), missing);
    await assert.rejects(root.send(new iam.UpdateUserCommand({ UserName })), missing);
    await assert.rejects(root.send(new iam.DeleteUserCommand({ UserName })), missing);
    await assert.rejects(root.send(new iam.CreateAccessKeyCommand({ UserName })), missing);
  });

  test('is the same under another name and path, with its keys, policies and groups', async () => {
    const key = await under.newUser('before', allow('iam:GetUser'));
    await root.send(new iam.CreateGroupCommand({ GroupName: 'renamed' }));
    await root.send(new iam.AddUserToGroupCommand({ GroupName: 'renamed', UserName: 'before' }));
    const { User } = await under.as(key).send(new iam.GetUserCommand({}));
    await root.send(
      new iam.UpdateUserCommand({ UserName: 'before', NewUserName: 'After', NewPath: '/new/' }),
    );
    const now = (await under.as(key).send(new iam.GetUserCommand({}))).User;
    assert.equal(now?.Arn, arnOf('user/new/After'));
    assert.equal(now?.UserId, User?.UserId);
    const { AccessKeyMetadata } = await root.send(
      new iam.ListAccessKeysCommand({ UserName: 'after' }),
    );
    assert.deepEqual(
      AccessKeyMetadata?.map(({ UserName }) => UserName),
      ['After'],
    );
    const { Groups } = await root.send(new iam.ListGroupsForUserCommand({ UserName: 'After' }));
    assert.deepEqual(
      Groups?.map(({ GroupName }) => GroupName),
      ['renamed'],
    );
    await assert.rejects(
      root.send(new iam.GetUserCommand({ UserName: 'before' })),
      refused(404, 'NoSuchEntity', 'The user with name before cannot be found.'),
    );
    await assert.rejects(
      root.send(new iam.UpdateUserCommand({ UserName: 'After', NewUserName: 'ALICE' })),
      refused(409, 'EntityAlreadyExists', 'User with name ALICE already exists.'),
    );
  });

  test('can only be deleted when nothing of it is left', async () => {
    const UserName = 'full';
    const key = await under.newUser(UserName, allow('iam:GetUser'));
    const PolicyArn = 'arn:aws:iam::aws:policy/ReadOnlyAccess';
    await root.send(new iam.AttachUserPolicyCommand({ UserName, PolicyArn }));
    await root.send(new iam.CreateGroupCommand({ GroupName: 'holding' }));
    await root.send(new iam.AddUserToGroupCommand({ GroupName: 'holding', UserName }));
    const conflict = (what: string) =>
      assert.rejects(
        root.send(new iam.DeleteUserCommand({ UserName })),
        refused(409, 'DeleteConflict', `Cannot delete entity, must ${what} first.`),
      );
    await conflict('delete policies');
    await root.send(new iam.DeleteUserPolicyCommand({ UserName, PolicyName: 'test' }));
    await conflict('detach all policies');
    await root.send(new iam.DetachUserPolicyCommand({ UserName, PolicyArn }));
    await conflict('remove users from group');
    await root.send(new iam.RemoveUserFromGroupCommand({ GroupName: 'holding', UserName }));
    await conflict('delete access keys');
    await root.send(new iam.DeleteAccessKeyCommand({ UserName, AccessKeyId: key.accessKeyId }));
    await root.send(new iam.DeleteUserCommand({ UserName }));
    await assert.rejects(
      root.send(new iam.GetUserCommand({ UserName })),
      refused(404, 'NoSuchEntity', 'The user with name full cannot be found.'),
    );
  });

  test('made again is another one', async () => {
    const first = await root.send(new iam.CreateUserCommand({ UserName: 'phoenix' }));
    await root.send(new iam.DeleteUserCommand({ UserName: 'phoenix' }));
    const second = await root.send(new iam.CreateUserCommand({ UserName: 'phoenix' }));
    assert.notEqual(first.User?.UserId, second.User?.UserId);
  });
});

describe('GetUser without a name', () => {
  test('shows the caller', async () => {
    const key = await under.newUser('self', allow('iam:GetUser'));
    const { User } = await under.as(key).send(new iam.GetUserCommand({}));
    assert.equal(User?.UserName, 'self');
  });

  test('shows the root user without name and path', async () => {
    const { User } = await root.send(new iam.GetUserCommand({}));
    assert.equal(User?.Arn, arnOf('root'));
    assert.equal(User?.UserId, account);
    assert.deepEqual([User?.UserName, User?.Path], [undefined, undefined]);
  });
});

describe('pages of users', () => {
  test('show each once, in the order of names without regard to case', async () => {
    const own = under.as({ accessKeyId: '444455556666', secretAccessKey: 'x' });
    for (const UserName of ['b', 'A', 'c', 'D', 'e'])
      await own.send(new iam.CreateUserCommand({ UserName }));
    const seen: (string | undefined)[] = [];
    let Marker: string | undefined;
    do {
      const page: iam.ListUsersCommandOutput = await own.send(
        new iam.ListUsersCommand({ MaxItems: 2, ...(Marker === undefined ? {} : { Marker }) }),
      );
      assert.ok((page.Users?.length ?? 0) <= 2);
      assert.equal(page.IsTruncated, page.Marker !== undefined);
      seen.push(...(page.Users ?? []).map(({ UserName }) => UserName));
      Marker = page.Marker;
    } while (Marker !== undefined);
    assert.deepEqual(seen, ['A', 'b', 'c', 'D', 'e']);
    await assert.rejects(
      own.send(new iam.ListUsersCommand({ Marker: 'no marker' })),
      refused(400, 'ValidationError', 'Invalid Marker'),
    );
  });

  test('end exactly where the last one that is wanted is', async () => {
    const own = under.as({ accessKeyId: '444455556666', secretAccessKey: 'x' });
    const page = await own.send(new iam.ListUsersCommand({ MaxItems: 5 }));
    assert.deepEqual([page.Users?.length, page.IsTruncated], [5, false]);
  });
});

describe('what a user may do to users', () => {
  test('is decided on their ARNs, and denied in AWS words', async () => {
    await root.send(new iam.CreateUserCommand({ UserName: 'dev', Path: '/dev/' }));
    const own = under.as(await under.newUser('admin', allow('iam:*User', arnOf('user/dev/*'))));
    await own.send(new iam.GetUserCommand({ UserName: 'dev' }));
    await own.send(new iam.CreateUserCommand({ UserName: 'dev2', Path: '/dev/' }));
    await assert.rejects(own.send(new iam.CreateUserCommand({ UserName: 'dev3' })), /CreateUser/);
    await assert.rejects(own.send(new iam.GetUserCommand({ UserName: 'nobody' })), (error: Error) =>
      error.message.startsWith(
        `User: ${arnOf('user/admin')} is not authorized to perform: iam:GetUser on resource: ${arnOf('user/nobody')} because no identity-based policy allows the iam:GetUser action`,
      ),
    );
  });

  test('needs both names for a rename, and the tag permission for tags', async () => {
    const own = under.as(
      await under.newUser('namer', allow(['iam:UpdateUser', 'iam:CreateUser'], arnOf('user/t/*'))),
    );
    await own.send(new iam.CreateUserCommand({ UserName: 'one', Path: '/t/' }));
    await assert.rejects(
      own.send(new iam.UpdateUserCommand({ UserName: 'one', NewPath: '/out/' })),
      /iam:UpdateUser on resource: .*user\/out\/one/,
    );
    await own.send(new iam.UpdateUserCommand({ UserName: 'one', NewUserName: 'uno' }));
    await assert.rejects(
      own.send(
        new iam.CreateUserCommand({
          UserName: 'two',
          Path: '/t/',
          Tags: [{ Key: 'a', Value: 'b' }],
        }),
      ),
      /iam:TagUser/,
    );
  });

  test('can turn on a boundary and on tags', async () => {
    const PolicyArn = 'arn:aws:iam::aws:policy/PowerUserAccess';
    const key = await under.newUser(
      'delegate',
      {
        ...allow('iam:CreateUser'),
        Condition: { StringEquals: { 'iam:PermissionsBoundary': PolicyArn } },
      },
      { ...allow('iam:TagUser'), Condition: { StringEquals: { 'aws:RequestTag/team': 'blue' } } },
      {
        ...allow('iam:DeleteUser'),
        Condition: { StringEquals: { 'aws:ResourceTag/team': 'blue' } },
      },
    );
    const own = under.as(key);
    const user = { UserName: 'bounded', PermissionsBoundary: PolicyArn };
    await assert.rejects(
      own.send(new iam.CreateUserCommand({ UserName: 'bounded' })),
      /CreateUser/,
    );
    await assert.rejects(
      own.send(new iam.CreateUserCommand({ ...user, Tags: [{ Key: 'team', Value: 'red' }] })),
      /TagUser/,
    );
    const { User } = await own.send(
      new iam.CreateUserCommand({ ...user, Tags: [{ Key: 'team', Value: 'blue' }] }),
    );
    assert.deepEqual(User?.PermissionsBoundary, {
      PermissionsBoundaryType: 'Policy',
      PermissionsBoundaryArn: PolicyArn,
    });
    await own.send(new iam.DeleteUserCommand({ UserName: 'bounded' }));
    await assert.rejects(own.send(new iam.DeleteUserCommand({ UserName: 'dev' })), /DeleteUser/);
  });
});

describe('two accounts', () => {
  test('have users of the same name that have nothing in common', async () => {
    const other = under.as({ accessKeyId: '777788889999', secretAccessKey: 'x' });
    const { User } = await other.send(new iam.CreateUserCommand({ UserName: 'Alice' }));
    assert.equal(User?.Arn, 'arn:aws:iam::777788889999:user/Alice');
    await other.send(new iam.DeleteUserCommand({ UserName: 'Alice' }));
    await root.send(new iam.GetUserCommand({ UserName: 'Alice' }));
    await assert.rejects(
      other.send(
        new iam.AttachUserPolicyCommand({
          UserName: 'Alice',
          PolicyArn: `arn:aws:iam::${account}:policy/x`,
        }),
      ),
      refused(404, 'NoSuchEntity', 'The user with name Alice cannot be found.'),
    );
  });
});
