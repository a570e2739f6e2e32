import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import * as iam from '@aws-sdk/client-iam';
import {
  account,
  allow,
  type IamUnderTest,
  openIam,
  policyOf,
  refused,
} from '../../../test/open-iam.ts';

let under: IamUnderTest;
let root: IamUnderTest['root'];
before(async () => {
  under = await openIam();
  root = under.root;
});
after(() => under.close());

const newGroup = async (GroupName: string) =>
  (await root.send(new iam.CreateGroupCommand({ GroupName }))).Group;
const newUser = async (UserName: string) =>
  (await root.send(new iam.CreateUserCommand({ UserName }))).User;
const join = (UserName: string, GroupName: string) =>
  root.send(new iam.AddUserToGroupCommand({ UserName, GroupName }));
const membersOf = async (GroupName: string) =>
  (await root.send(new iam.GetGroupCommand({ GroupName }))).Users?.map(({ UserName }) => UserName);
const groupsOf = async (UserName: string) =>
  (await root.send(new iam.ListGroupsForUserCommand({ UserName }))).Groups?.map(
    ({ GroupName }) => GroupName,
  );

describe('a group', () => {
  test('has an id and an ARN, and a name of its own', async () => {
    const made = await newGroup('Made');
    assert.match(made?.GroupId ?? '', /^AGPA[A-Z2-7]{17}$/);
    assert.equal(made?.Arn, `arn:aws:iam::${account}:group/Made`);
    await assert.rejects(
      newGroup('made'),
      refused(409, 'EntityAlreadyExists', 'Group with name made already exists.'),
    );
    await assert.rejects(
      root.send(new iam.GetGroupCommand({ GroupName: 'none' })),
      refused(404, 'NoSuchEntity', 'The group with name none cannot be found.'),
    );
  });

  test('gives its policies to its members, and takes them back when they leave', async () => {
    const key = await under.newUser('member');
    await newGroup('readers');
    await root.send(
      new iam.PutGroupPolicyCommand({
        GroupName: 'readers',
        PolicyName: 'read',
        PolicyDocument: policyOf(allow('iam:GetUser')),
      }),
    );
    const ask = () => under.as(key).send(new iam.GetUserCommand({}));
    await assert.rejects(ask(), /no identity-based policy allows/);
    await join('member', 'readers');
    assert.equal((await ask()).User?.UserName, 'member');
    await root.send(
      new iam.RemoveUserFromGroupCommand({ UserName: 'member', GroupName: 'READERS' }),
    );
    await assert.rejects(ask(), /no identity-based policy allows/);
  });

  test('can be joined and left twice', async () => {
    await newUser('twice');
    await newGroup('doors');
    await join('twice', 'doors');
    await join('twice', 'DOORS');
    assert.deepEqual(await groupsOf('twice'), ['doors']);
    const leave = new iam.RemoveUserFromGroupCommand({ UserName: 'twice', GroupName: 'doors' });
    await root.send(leave);
    await root.send(leave);
    assert.deepEqual(await groupsOf('twice'), []);
  });

  test('has its members under a new name, too', async () => {
    await newGroup('old');
    for (const name of ['m1', 'm2', 'm3']) {
      await newUser(name);
      await join(name, 'old');
    }
    await root.send(
      new iam.UpdateGroupCommand({ GroupName: 'old', NewGroupName: 'new', NewPath: '/p/' }),
    );
    assert.deepEqual(await membersOf('new'), ['m1', 'm2', 'm3']);
    assert.deepEqual(await groupsOf('m2'), ['new']);
    const { Group } = await root.send(new iam.GetGroupCommand({ GroupName: 'new' }));
    assert.equal(Group?.Arn, `arn:aws:iam::${account}:group/p/new`);
    await assert.rejects(
      root.send(new iam.UpdateGroupCommand({ GroupName: 'new', NewGroupName: 'made' })),
      refused(409, 'EntityAlreadyExists', 'Group with name made already exists.'),
    );
  });

  test('shows its members in pages', async () => {
    const page = await root.send(new iam.GetGroupCommand({ GroupName: 'new', MaxItems: 2 }));
    assert.deepEqual([page.Users?.length, page.IsTruncated], [2, true]);
    const rest = await root.send(
      new iam.GetGroupCommand({ GroupName: 'new', Marker: page.Marker }),
    );
    assert.deepEqual(
      rest.Users?.map(({ UserName }) => UserName),
      ['m3'],
    );
  });

  test('can only be deleted without members and policies', async () => {
    const GroupName = 'new';
    await root.send(
      new iam.PutGroupPolicyCommand({
        GroupName,
        PolicyName: 'p',
        PolicyDocument: policyOf(allow('kms:*')),
      }),
    );
    const PolicyArn = 'arn:aws:iam::aws:policy/IAMReadOnlyAccess';
    await root.send(new iam.AttachGroupPolicyCommand({ GroupName, PolicyArn }));
    const conflict = (what: string) =>
      assert.rejects(
        root.send(new iam.DeleteGroupCommand({ GroupName })),
        refused(409, 'DeleteConflict', `Cannot delete entity, must ${what} first.`),
      );
    await conflict('remove users from group');
    for (const UserName of ['m1', 'm2', 'm3'])
      await root.send(new iam.RemoveUserFromGroupCommand({ UserName, GroupName }));
    await conflict('delete policies');
    await root.send(new iam.DeleteGroupPolicyCommand({ GroupName, PolicyName: 'p' }));
    await conflict('detach all policies');
    await root.send(new iam.DetachGroupPolicyCommand({ GroupName, PolicyArn }));
    await root.send(new iam.DeleteGroupCommand({ GroupName }));
    const { Groups } = await root.send(new iam.ListGroupsCommand({ PathPrefix: '/p/' }));
    assert.deepEqual(Groups, []);
  });
});

describe('membership', () => {
  test('of what is not there names the user first', async () => {
    await newUser('known');
    const noUser = refused(404, 'NoSuchEntity', 'The user with name x cannot be found.');
    const noGroup = refused(404, 'NoSuchEntity', 'The group with name y cannot be found.');
    const leave = (UserName: string, GroupName: string) =>
      root.send(new iam.RemoveUserFromGroupCommand({ UserName, GroupName }));
    await assert.rejects(join('x', 'y'), noUser);
    await assert.rejects(join('known', 'y'), noGroup);
    await assert.rejects(leave('x', 'y'), noUser);
    await assert.rejects(leave('known', 'y'), noGroup);
  });

  test('ends at ten groups', async () => {
    await newUser('joiner');
    for (let i = 0; i < 11; i++) await newGroup(`g${i}`);
    for (let i = 0; i < 10; i++) await join('joiner', `g${i}`);
    await assert.rejects(
      join('joiner', 'g10'),
      refused(409, 'LimitExceeded', 'Cannot exceed quota for GroupsPerUser: 10'),
    );
  });

  test('and a deletion at one moment: one of them happens', async () => {
    for (let round = 0; round < 5; round++) {
      const name = `brief${round}`;
      await newUser(name);
      await newGroup(name);
      await Promise.allSettled([
        join(name, name),
        root.send(new iam.DeleteGroupCommand({ GroupName: name })),
      ]);
      const groups = await groupsOf(name);
      const left = await root.send(new iam.ListGroupsCommand({}));
      const isThere = left.Groups?.some(({ GroupName }) => GroupName === name) === true;
      assert.deepEqual(groups, isThere ? [name] : []);
    }
  });
});
