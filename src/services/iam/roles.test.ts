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

const forEc2 = trustOf({ Service: 'ec2.amazonaws.com' });
const arnOf = (rest: string): string => `arn:aws:iam::${account}:${rest}`;
const newRole = async (
  RoleName: string,
  more: Partial<iam.CreateRoleCommandInput> = {},
): Promise<iam.Role | undefined> =>
  (
    await root.send(
      new iam.CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: forEc2, ...more }),
    )
  ).Role;
const getRole = async (RoleName: string) =>
  (await root.send(new iam.GetRoleCommand({ RoleName }))).Role;
const documentOf = (role: iam.Role | undefined): string =>
  decodeURIComponent(role?.AssumeRolePolicyDocument ?? '');
const malformed = (text: string) => refused(400, 'MalformedPolicyDocument', text);

describe('a role', () => {
  test('shows more when it is asked for than when it is made or listed', async () => {
    const made = await newRole('shown', { Description: 'told' });
    const { RoleId, AssumeRolePolicyDocument, CreateDate: _, ...rest } = made as iam.Role;
    assert.match(RoleId ?? '', /^AROA[A-Z2-7]{17}$/);
    assert.equal(decodeURIComponent(AssumeRolePolicyDocument ?? ''), forEc2);
    assert.deepEqual(rest, { Path: '/', RoleName: 'shown', Arn: arnOf('role/shown') });
    const role = await getRole('shown');
    assert.equal(role?.Description, 'told');
    assert.equal(role?.MaxSessionDuration, 3600);
    assert.deepEqual(role?.RoleLastUsed, {});
    const [listed] = (await root.send(new iam.ListRolesCommand({}))).Roles ?? [];
    assert.equal(listed?.MaxSessionDuration, 3600);
    assert.deepEqual([listed?.Tags, listed?.RoleLastUsed], [undefined, undefined]);
  });

  test('changes its description and session duration', async () => {
    await newRole('changed');
    await root.send(
      new iam.UpdateRoleCommand({
        RoleName: 'changed',
        Description: 'one',
        MaxSessionDuration: 7200,
      }),
    );
    const { Role } = await root.send(
      new iam.UpdateRoleDescriptionCommand({ RoleName: 'CHANGED', Description: 'two' }),
    );
    assert.deepEqual([Role?.Description, Role?.MaxSessionDuration], ['two', undefined]);
    const role = await getRole('changed');
    assert.deepEqual([role?.Description, role?.MaxSessionDuration], ['two', 7200]);
  });

  test('can only be deleted without policies and instance profiles', async () => {
    const RoleName = 'full';
    await newRole(RoleName);
    const PolicyArn = 'arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole';
    await root.send(new iam.AttachRolePolicyCommand({ RoleName, PolicyArn }));
    await root.send(
      new iam.PutRolePolicyCommand({
        RoleName,
        PolicyName: 'p',
        PolicyDocument: policyOf(allow('kms:*')),
      }),
    );
    const profile = { InstanceProfileName: 'full' };
    await root.send(new iam.CreateInstanceProfileCommand(profile));
    await root.send(new iam.AddRoleToInstanceProfileCommand({ ...profile, RoleName }));
    const conflict = (what: string) =>
      assert.rejects(
        root.send(new iam.DeleteRoleCommand({ RoleName })),
        refused(409, 'DeleteConflict', `Cannot delete entity, must ${what} first.`),
      );
    await conflict('detach all policies');
    await root.send(new iam.DetachRolePolicyCommand({ RoleName, PolicyArn }));
    await conflict('delete policies');
    await root.send(new iam.DeleteRolePolicyCommand({ RoleName, PolicyName: 'p' }));
    await conflict('remove roles from instance profile');
    await root.send(new iam.RemoveRoleFromInstanceProfileCommand({ ...profile, RoleName }));
    await root.send(new iam.DeleteRoleCommand({ RoleName }));
    await assert.rejects(
      getRole(RoleName),
      refused(404, 'NoSuchEntity', 'The role with name full cannot be found.'),
    );
  });
});

describe('a trust policy', () => {
  const create = (document: string) => newRole('never', { AssumeRolePolicyDocument: document });

  test('is refused with what is wrong with it', async () => {
    await assert.rejects(create('{'), malformed('This policy contains invalid Json'));
    await assert.rejects(
      create(policyOf({ ...allow('s3:GetObject'), Resource: undefined, Principal: '*' })),
      malformed('AssumeRole policy may only specify STS AssumeRole actions.'),
    );
    await assert.rejects(
      create(policyOf({ ...allow('sts:AssumeRole'), Principal: { AWS: '*' } })),
      malformed('Has prohibited field Resource'),
    );
  });

  test('has at most 2,048 characters, white space not counted', async () => {
    const padded = forEc2.replace('{', `{${' '.repeat(5000)}`);
    await newRole('padded', { AssumeRolePolicyDocument: padded });
    assert.equal(documentOf(await getRole('padded')), padded);
    const long = policyOf({
      ...JSON.parse(forEc2).Statement[0],
      Sid: 'x'.repeat(2048),
    });
    await assert.rejects(
      create(long),
      refused(409, 'LimitExceeded', 'Cannot exceed quota for ACLSizePerRole: 2048'),
    );
  });

  test('names only users and roles that are there', async () => {
    for (const principal of [arnOf('user/nobody'), arnOf('role/none'), 'AIDAABCDEFGHIJKLMNOPQ'])
      await assert.rejects(
        create(trustOf({ AWS: principal })),
        malformed(`Invalid principal in policy: "AWS":"${principal}"`),
      );
    const anyone = ['*', account, arnOf('root'), '999999999999'];
    await newRole('open', { AssumeRolePolicyDocument: trustOf({ AWS: anyone }) });
  });

  test('follows a user that is renamed, and shows a deleted one by its unique id for ever', async () => {
    const UserName = 'trusted';
    const { User } = await root.send(new iam.CreateUserCommand({ UserName, Path: '/p/' }));
    const principal = User?.Arn as string;
    await newRole('trusting', { AssumeRolePolicyDocument: trustOf({ AWS: principal }) });
    assert.equal(documentOf(await getRole('trusting')), trustOf({ AWS: principal }));
    const rename = (from: string, to: string) =>
      root.send(new iam.UpdateUserCommand({ UserName: from, NewUserName: to }));
    await rename(UserName, 'married');
    const renamed = principal.replace(/trusted$/, 'married');
    assert.equal(documentOf(await getRole('trusting')), trustOf({ AWS: renamed }));
    await rename('married', UserName);
    await root.send(new iam.DeleteUserCommand({ UserName }));
    const byId = trustOf({ AWS: User?.UserId });
    assert.equal(documentOf(await getRole('trusting')), byId);
    await root.send(new iam.CreateUserCommand({ UserName, Path: '/p/' }));
    assert.equal(documentOf(await getRole('trusting')), byId);
    await root.send(
      new iam.UpdateAssumeRolePolicyCommand({
        RoleName: 'trusting',
        PolicyDocument: trustOf({ AWS: principal }),
      }),
    );
    assert.equal(documentOf(await getRole('trusting')), trustOf({ AWS: principal }));
  });
});

describe('an instance profile', () => {
  const named = { InstanceProfileName: 'machine' };

  test('has one role, which whoever adds it must be allowed to pass', async () => {
    await newRole('on-machine');
    await newRole('second');
    await root.send(new iam.CreateInstanceProfileCommand({ ...named, Path: '/m/' }));
    const own = under.as(await under.newUser('adder', allow('iam:AddRoleToInstanceProfile')));
    const add = new iam.AddRoleToInstanceProfileCommand({ ...named, RoleName: 'on-machine' });
    await assert.rejects(own.send(add), /not authorized to perform: iam:PassRole/);
    await root.send(add);
    await assert.rejects(
      root.send(new iam.AddRoleToInstanceProfileCommand({ ...named, RoleName: 'second' })),
      refused(
        409,
        'LimitExceeded',
        'Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1',
      ),
    );
    const { InstanceProfile } = await root.send(new iam.GetInstanceProfileCommand(named));
    assert.match(InstanceProfile?.InstanceProfileId ?? '', /^AIPA/);
    assert.equal(InstanceProfile?.Arn, arnOf('instance-profile/m/machine'));
    assert.deepEqual(
      InstanceProfile?.Roles?.map(({ RoleName }) => RoleName),
      ['on-machine'],
    );
    const { InstanceProfiles } = await root.send(
      new iam.ListInstanceProfilesForRoleCommand({ RoleName: 'on-machine' }),
    );
    assert.equal(InstanceProfiles?.length, 1);
  });

  test('is emptied before it is deleted', async () => {
    await assert.rejects(
      root.send(new iam.DeleteInstanceProfileCommand(named)),
      refused(
        409,
        'DeleteConflict',
        'Cannot delete entity, must remove roles from instance profile first.',
      ),
    );
    const remove = (RoleName: string) =>
      root.send(new iam.RemoveRoleFromInstanceProfileCommand({ ...named, RoleName }));
    await assert.rejects(
      remove('second'),
      refused(404, 'NoSuchEntity', 'Role second in Instance Profile machine cannot be found.'),
    );
    await remove('on-machine');
    await root.send(new iam.DeleteInstanceProfileCommand(named));
    await assert.rejects(
      root.send(new iam.GetInstanceProfileCommand(named)),
      refused(404, 'NoSuchEntity', 'Instance Profile machine cannot be found.'),
    );
  });
});

describe('a service-linked role', () => {
  const service = 'mrk.kms.amazonaws.com';
  const RoleName = 'AWSServiceRoleForKeyManagementServiceMultiRegionKeys';
  const create = (AWSServiceName: string) =>
    root.send(new iam.CreateServiceLinkedRoleCommand({ AWSServiceName }));

  test('trusts its service and has its policy', async () => {
    const { Role } = await create(service);
    assert.equal(Role?.Arn, arnOf(`role/aws-service-role/${service}/${RoleName}`));
    assert.equal(documentOf(Role), trustOf({ Service: service }));
    const { AttachedPolicies } = await root.send(
      new iam.ListAttachedRolePoliciesCommand({ RoleName }),
    );
    assert.equal(
      AttachedPolicies?.[0]?.PolicyArn,
      'arn:aws:iam::aws:policy/aws-service-role/AWSKeyManagementServiceMultiRegionKeysServiceRolePolicy',
    );
    await assert.rejects(
      create(service),
      refused(
        400,
        'InvalidInput',
        `Service role name ${RoleName} has been taken in this account, please try a different suffix.`,
      ),
    );
  });

  test('is changed by nobody but its service', async () => {
    const unmodifiable = refused(
      400,
      'UnmodifiableEntity',
      `Cannot perform the operation on the protected role '${RoleName}' - this role is only modifiable by AWS`,
    );
    const PolicyDocument = policyOf(allow('*'));
    const PolicyArn = 'arn:aws:iam::aws:policy/AdministratorAccess';
    const attempts = [
      new iam.PutRolePolicyCommand({ RoleName, PolicyName: 'p', PolicyDocument }),
      new iam.AttachRolePolicyCommand({ RoleName, PolicyArn }),
      new iam.UpdateAssumeRolePolicyCommand({ RoleName, PolicyDocument: forEc2 }),
      new iam.PutRolePermissionsBoundaryCommand({ RoleName, PermissionsBoundary: PolicyArn }),
      new iam.UpdateRoleCommand({ RoleName, MaxSessionDuration: 7200 }),
      new iam.DeleteRoleCommand({ RoleName }),
    ];
    for (const attempt of attempts)
      await assert.rejects(root.send(attempt as iam.DeleteRoleCommand), unmodifiable);
  });

  test('has a policy that no other role gets', async () => {
    await newRole('usurper');
    await assert.rejects(
      root.send(
        new iam.AttachRolePolicyCommand({
          RoleName: 'usurper',
          PolicyArn:
            'arn:aws:iam::aws:policy/aws-service-role/AWSKeyManagementServiceMultiRegionKeysServiceRolePolicy',
        }),
      ),
      refused(
        400,
        'PolicyNotAttachable',
        'Cannot attach a Service Role Policy to a Customer Role.',
      ),
    );
  });

  test('is deleted by a task of its own', async () => {
    await assert.rejects(
      root.send(new iam.DeleteServiceLinkedRoleCommand({ RoleName: 'usurper' })),
      refused(404, 'NoSuchEntity', 'The role with name usurper cannot be found.'),
    );
    const { DeletionTaskId } = await root.send(
      new iam.DeleteServiceLinkedRoleCommand({ RoleName }),
    );
    assert.match(
      DeletionTaskId ?? '',
      new RegExp(`^task/aws-service-role/${service}/${RoleName}/`),
    );
    const { Status } = await root.send(
      new iam.GetServiceLinkedRoleDeletionStatusCommand({ DeletionTaskId }),
    );
    assert.equal(Status, 'SUCCEEDED');
    await assert.rejects(getRole(RoleName), /cannot be found/);
    await assert.rejects(
      root.send(
        new iam.GetServiceLinkedRoleDeletionStatusCommand({ DeletionTaskId: 'task/none/at/all' }),
      ),
      /Deletion task/,
    );
  });

  test('is there only for services that have one', async () => {
    await assert.rejects(
      create('ec2.amazonaws.com'),
      refused(
        400,
        'InvalidInput',
        'Service ec2.amazonaws.com does not support service-linked roles',
      ),
    );
  });
});
