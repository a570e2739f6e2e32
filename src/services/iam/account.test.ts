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
  trustOf,
} from '../../../test/open-iam.ts';

let under: IamUnderTest;
let root: IamUnderTest['root'];
before(async () => {
  under = await openIam();
  root = under.root;
});
after(() => under.close());

const aliases = async (client = root) =>
  (await client.send(new iam.ListAccountAliasesCommand({}))).AccountAliases;
const setAlias = (AccountAlias: string, client = root) =>
  client.send(new iam.CreateAccountAliasCommand({ AccountAlias }));

describe('an account alias', () => {
  test('is one for an account, and no other account’s', async () => {
    assert.deepEqual(await aliases(), []);
    await setAlias('acme');
    await setAlias('acme');
    const other = under.as({ accessKeyId: '777788889999', secretAccessKey: 'x' });
    await assert.rejects(
      setAlias('acme', other),
      refused(409, 'EntityAlreadyExists', 'The account alias acme already exists.'),
    );
    await setAlias('acme-2');
    assert.deepEqual(await aliases(), ['acme-2']);
    await setAlias('acme', other);
    assert.deepEqual(await aliases(other), ['acme']);
  });

  test('goes away with the account that has it only', async () => {
    const remove = (AccountAlias: string) =>
      root.send(new iam.DeleteAccountAliasCommand({ AccountAlias }));
    await assert.rejects(
      remove('acme'),
      refused(404, 'NoSuchEntity', 'The account alias acme cannot be found.'),
    );
    await remove('acme-2');
    assert.deepEqual(await aliases(), []);
  });
});

describe('the account’s figures', () => {
  test('count what is there', async () => {
    const own = under.as({ accessKeyId: '444455556666', secretAccessKey: 'x' });
    const summary = async () =>
      (await own.send(new iam.GetAccountSummaryCommand({}))).SummaryMap as Record<string, number>;
    const empty = await summary();
    await own.send(new iam.CreateUserCommand({ UserName: 'u' }));
    await own.send(new iam.CreateGroupCommand({ GroupName: 'g' }));
    await own.send(
      new iam.CreateRoleCommand({
        RoleName: 'r',
        AssumeRolePolicyDocument: trustOf({ AWS: '444455556666' }),
      }),
    );
    await own.send(
      new iam.CreatePolicyCommand({ PolicyName: 'p', PolicyDocument: policyOf(allow('s3:*')) }),
    );
    await own.send(new iam.CreateInstanceProfileCommand({ InstanceProfileName: 'i' }));
    await own.send(new iam.CreateOpenIDConnectProviderCommand({ Url: 'https://id.example.com' }));
    await own.send(new iam.CreateAccessKeyCommand({}));
    const full = await summary();
    const grown = Object.keys(full).filter((name) => full[name] !== empty[name]);
    assert.deepEqual(grown.sort(), [
      'AccountAccessKeysPresent',
      'Groups',
      'InstanceProfiles',
      'Policies',
      'PolicyVersionsInUse',
      'Providers',
      'Roles',
      'Users',
    ]);
    for (const name of grown) assert.equal(full[name], 1, name);
  });
});

describe('GetAccountAuthorizationDetails', () => {
  const details = async (input: iam.GetAccountAuthorizationDetailsCommandInput = {}) =>
    root.send(new iam.GetAccountAuthorizationDetailsCommand(input));

  before(async () => {
    const PolicyDocument = policyOf(allow('s3:ListBucket'));
    await root.send(
      new iam.CreateUserCommand({ UserName: 'dora', Tags: [{ Key: 'k', Value: 'v' }] }),
    );
    await root.send(new iam.CreateGroupCommand({ GroupName: 'gang' }));
    await root.send(new iam.AddUserToGroupCommand({ UserName: 'dora', GroupName: 'gang' }));
    const { Policy } = await root.send(
      new iam.CreatePolicyCommand({ PolicyName: 'list', PolicyDocument }),
    );
    const PolicyArn = Policy?.Arn as string;
    await root.send(new iam.AttachUserPolicyCommand({ UserName: 'dora', PolicyArn }));
    await root.send(
      new iam.AttachGroupPolicyCommand({
        GroupName: 'gang',
        PolicyArn: 'arn:aws:iam::aws:policy/ReadOnlyAccess',
      }),
    );
    const inline = { PolicyName: 'in', PolicyDocument };
    await root.send(new iam.PutUserPolicyCommand({ UserName: 'dora', ...inline }));
    await root.send(
      new iam.CreateRoleCommand({
        RoleName: 'role',
        AssumeRolePolicyDocument: trustOf({ AWS: account }),
        PermissionsBoundary: PolicyArn,
      }),
    );
  });

  test('tells of each what decides about it', async () => {
    const all = await details();
    const [user] = all.UserDetailList ?? [];
    assert.deepEqual(user?.GroupList, ['gang']);
    assert.deepEqual(
      user?.AttachedManagedPolicies?.map(({ PolicyName }) => PolicyName),
      ['list'],
    );
    assert.equal(
      decodeURIComponent(user?.UserPolicyList?.[0]?.PolicyDocument ?? ''),
      policyOf(allow('s3:ListBucket')),
    );
    assert.deepEqual(user?.Tags, [{ Key: 'k', Value: 'v' }]);
    assert.deepEqual(
      all.GroupDetailList?.map(({ GroupName, GroupPolicyList }) => [GroupName, GroupPolicyList]),
      [['gang', []]],
    );
    const [role] = all.RoleDetailList ?? [];
    assert.deepEqual(role?.RoleLastUsed, {});
    assert.match(role?.PermissionsBoundary?.PermissionsBoundaryArn ?? '', /policy\/list$/);
    assert.deepEqual(role?.InstanceProfileList, []);
    assert.deepEqual(
      all.Policies?.map(({ PolicyName, AttachmentCount, PermissionsBoundaryUsageCount }) => [
        PolicyName,
        AttachmentCount,
        PermissionsBoundaryUsageCount,
      ]),
      [
        ['list', 1, 1],
        ['ReadOnlyAccess', 1, 0],
      ],
    );
    assert.equal(all.Policies?.[0]?.PolicyVersionList?.[0]?.IsDefaultVersion, true);
  });

  test('tells only what is asked for, in pages', async () => {
    const onlyRoles = await details({ Filter: ['Role'] });
    assert.deepEqual(
      [onlyRoles.UserDetailList, onlyRoles.GroupDetailList, onlyRoles.Policies],
      [[], [], []],
    );
    assert.equal(onlyRoles.RoleDetailList?.length, 1);
    const seen: number[] = [];
    let Marker: string | undefined;
    do {
      const page = await details({ MaxItems: 2, Marker });
      const lists = [page.UserDetailList, page.GroupDetailList, page.RoleDetailList, page.Policies];
      seen.push(lists.reduce((sum, list) => sum + (list?.length ?? 0), 0));
      Marker = page.Marker;
    } while (Marker !== undefined);
    assert.deepEqual(seen, [2, 2, 1]);
  });
});

describe('the credential report', () => {
  const own = () => under.as({ accessKeyId: '555566667777', secretAccessKey: 'x' });
  const generate = () => own().send(new iam.GenerateCredentialReportCommand({}));
  const get = () => own().send(new iam.GetCredentialReportCommand({}));

  test('is not there before it is asked for', async () => {
    await assert.rejects(get(), (error: iam.IAMServiceException) => {
      assert.equal(error.name, 'CredentialReportNotPresentException');
      return error.$metadata.httpStatusCode === 410;
    });
  });

  test('has a line for the root user and one for each user', async () => {
    await own().send(new iam.CreateUserCommand({ UserName: 'a,b' }));
    const { AccessKey } = await own().send(new iam.CreateAccessKeyCommand({ UserName: 'a,b' }));
    const signer = {
      accessKeyId: AccessKey?.AccessKeyId as string,
      secretAccessKey: AccessKey?.SecretAccessKey as string,
    };
    await assert.rejects(under.as(signer).send(new iam.ListUsersCommand({})), /not authorized/);
    assert.equal((await generate()).State, 'STARTED');
    assert.equal((await generate()).State, 'COMPLETE');
    const report = await get();
    assert.equal(report.ReportFormat, 'text/csv');
    const [head = '', first = '', second = '', ...more] = Buffer.from(report.Content ?? [])
      .toString()
      .split('\n');
    assert.deepEqual(more, []);
    assert.equal(head.split(',').length, 22);
    assert.match(first, /^<root_account>,arn:aws:iam::555566667777:root,\d{4}-/);
    assert.match(second, /^"a,b","arn:aws:iam::555566667777:user\/a,b",/);
    assert.match(second, /,true,[\d:T+-]{25},[\d:T+-]{25},us-east-1,iam,false,N\/A,/);
  });

  test('is kept for four hours, and shown for a day', async () => {
    const { world } = under;
    const first = (await get()).GeneratedTime;
    const hours = (count: number) => world.setOffsetMs(world.offsetMs() + count * 3_600_000);
    hours(3);
    assert.equal((await generate()).State, 'COMPLETE');
    assert.deepEqual((await get()).GeneratedTime, first);
    hours(2);
    assert.equal((await generate()).State, 'STARTED');
    assert.notDeepEqual((await get()).GeneratedTime, first);
    hours(25);
    await assert.rejects(get(), (error: Error) => /Expired/.test(error.name));
    world.setOffsetMs(0);
    await assert.rejects(get(), (error: Error) => /Expired/.test(error.name));
    assert.equal((await generate()).State, 'STARTED');
  });
});
