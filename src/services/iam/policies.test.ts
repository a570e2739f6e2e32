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
import { validateIdentityPolicy } from '../../policy/validate.ts';
import { awsManagedPolicies } from './aws-managed-policies.ts';

let under: IamUnderTest;
let root: IamUnderTest['root'];
before(async () => {
  under = await openIam();
  root = under.root;
});
after(() => under.close());

const document = policyOf(allow('kms:*'));
const arnOf = (name: string): string => `arn:aws:iam::${account}:policy/${name}`;
const newPolicy = async (PolicyName: string, PolicyDocument = document) =>
  (await root.send(new iam.CreatePolicyCommand({ PolicyName, PolicyDocument }))).Policy;
const getPolicy = async (PolicyArn: string) =>
  (await root.send(new iam.GetPolicyCommand({ PolicyArn }))).Policy;
const newVersion = (PolicyArn: string, action: string, SetAsDefault = false) =>
  root.send(
    new iam.CreatePolicyVersionCommand({
      PolicyArn,
      PolicyDocument: policyOf(allow(action)),
      SetAsDefault,
    }),
  );

describe('a managed policy', () => {
  test('begins as v1, used by nobody', async () => {
    const { CreateDate, UpdateDate, PolicyId, ...rest } = (await newPolicy('Made')) ?? {};
    assert.match(PolicyId ?? '', /^ANPA[A-Z2-7]{17}$/);
    assert.deepEqual(CreateDate, UpdateDate);
    assert.deepEqual(rest, {
      PolicyName: 'Made',
      Arn: arnOf('Made'),
      Path: '/',
      DefaultVersionId: 'v1',
      AttachmentCount: 0,
      PermissionsBoundaryUsageCount: 0,
      IsAttachable: true,
    });
    assert.deepEqual((await getPolicy(arnOf('Made')))?.Tags, []);
    await assert.rejects(
      newPolicy('MADE'),
      refused(
        409,
        'EntityAlreadyExists',
        'A policy called MADE already exists. Duplicate names are not allowed.',
      ),
    );
  });

  test('is found by its whole ARN only', async () => {
    await assert.rejects(
      getPolicy(arnOf('path/Made')),
      refused(404, 'NoSuchEntity', `Policy ${arnOf('path/Made')} was not found.`),
    );
    await assert.rejects(
      getPolicy('longpolicynamebutnoarn'),
      refused(400, 'ValidationError', 'Invalid ARN:  Could not be parsed!'),
    );
  });

  test('of another account is nobody else’s business', async () => {
    const other = under.as({ accessKeyId: '777788889999', secretAccessKey: 'x' });
    for (const name of ['Made', 'None'])
      await assert.rejects(
        other.send(new iam.GetPolicyCommand({ PolicyArn: arnOf(name) })),
        (error: iam.IAMServiceException) => error.$metadata.httpStatusCode === 403,
      );
  });

  test('must be a policy, and at most 6,144 characters long', async () => {
    const create = (text: string) => newPolicy('never', text);
    await assert.rejects(
      create('{'),
      refused(400, 'MalformedPolicyDocument', 'Syntax errors in policy.'),
    );
    await assert.rejects(
      create(policyOf({ ...allow('kms:*'), Principal: '*' })),
      refused(400, 'MalformedPolicyDocument', 'Policy document should not specify a principal.'),
    );
    await assert.rejects(
      create(policyOf(allow(`kms:${'x'.repeat(6144)}`))),
      refused(409, 'LimitExceeded', 'Cannot exceed quota for PolicySize: 6144'),
    );
    await assert.rejects(
      create('\u{1f600}'),
      refused(
        400,
        'ValidationError',
        'The specified value for policyDocument is invalid. It must contain only printable ASCII characters.',
      ),
    );
  });
});

describe('versions', () => {
  test('are numbered for ever, five at a time, newest first', async () => {
    const PolicyArn = (await newPolicy('many'))?.Arn as string;
    for (const action of ['kms:A*', 'kms:B*', 'kms:C*', 'kms:D*'])
      await newVersion(PolicyArn, action);
    await assert.rejects(
      newVersion(PolicyArn, 'kms:E*'),
      refused(
        409,
        'LimitExceeded',
        'A managed policy can have up to 5 versions. Before you create a new version, you must delete an existing version.',
      ),
    );
    await root.send(new iam.DeletePolicyVersionCommand({ PolicyArn, VersionId: 'v5' }));
    const { PolicyVersion } = await newVersion(PolicyArn, 'kms:E*');
    assert.equal(PolicyVersion?.VersionId, 'v6');
    const { Versions } = await root.send(new iam.ListPolicyVersionsCommand({ PolicyArn }));
    assert.deepEqual(
      Versions?.map(({ VersionId, IsDefaultVersion, Document }) => [
        VersionId,
        IsDefaultVersion,
        Document,
      ]),
      ['v6', 'v4', 'v3', 'v2', 'v1'].map((id) => [id, id === 'v1', undefined]),
    );
  });

  test('that do not exist, and the default one, stay as they are', async () => {
    const PolicyArn = arnOf('many');
    const missing = refused(
      404,
      'NoSuchEntity',
      `Policy ${PolicyArn} version v9 does not exist or is not attachable.`,
    );
    const v9 = { PolicyArn, VersionId: 'v9' };
    await assert.rejects(root.send(new iam.GetPolicyVersionCommand(v9)), missing);
    await assert.rejects(root.send(new iam.DeletePolicyVersionCommand(v9)), missing);
    await assert.rejects(root.send(new iam.SetDefaultPolicyVersionCommand(v9)), missing);
    await assert.rejects(
      root.send(new iam.DeletePolicyVersionCommand({ PolicyArn, VersionId: 'v1' })),
      refused(409, 'DeleteConflict', 'Cannot delete the default version of a policy.'),
    );
  });

  test('count when they are the default', async () => {
    const PolicyArn = (await newPolicy('default', policyOf(allow('iam:ListUsers'))))?.Arn as string;
    const key = await under.newUser('versioned');
    await root.send(new iam.AttachUserPolicyCommand({ UserName: 'versioned', PolicyArn }));
    const may = async (command: iam.GetUserCommand): Promise<boolean> =>
      under
        .as(key)
        .send(command)
        .then(
          () => true,
          () => false,
        );
    const both = async () => [
      await may(new iam.ListUsersCommand({}) as unknown as iam.GetUserCommand),
      await may(new iam.GetUserCommand({})),
    ];
    assert.deepEqual(await both(), [true, false]);
    await newVersion(PolicyArn, 'iam:GetUser');
    assert.deepEqual(await both(), [true, false]);
    await root.send(new iam.SetDefaultPolicyVersionCommand({ PolicyArn, VersionId: 'v2' }));
    assert.deepEqual(await both(), [false, true]);
    await newVersion(PolicyArn, 'iam:ListUsers', true);
    assert.deepEqual(await both(), [true, false]);
    assert.equal((await getPolicy(PolicyArn))?.DefaultVersionId, 'v3');
  });
});

describe('an attached policy', () => {
  const PolicyArn = arnOf('attached');
  const UserName = 'holder';
  before(async () => {
    await newPolicy('attached');
    await root.send(new iam.CreateUserCommand({ UserName }));
    await root.send(new iam.CreateGroupCommand({ GroupName: UserName }));
  });

  test('is counted, and listed with all who have it', async () => {
    await root.send(new iam.AttachUserPolicyCommand({ UserName, PolicyArn }));
    await root.send(new iam.AttachUserPolicyCommand({ UserName, PolicyArn }));
    await root.send(new iam.AttachGroupPolicyCommand({ GroupName: UserName, PolicyArn }));
    await root.send(
      new iam.CreateUserCommand({ UserName: 'bounded', PermissionsBoundary: PolicyArn }),
    );
    const policy = await getPolicy(PolicyArn);
    assert.deepEqual([policy?.AttachmentCount, policy?.PermissionsBoundaryUsageCount], [2, 1]);
    const entities = async (more: Partial<iam.ListEntitiesForPolicyCommandInput> = {}) => {
      const { PolicyUsers, PolicyGroups, PolicyRoles } = await root.send(
        new iam.ListEntitiesForPolicyCommand({ PolicyArn, ...more }),
      );
      return [
        PolicyUsers?.map((user) => user.UserName),
        PolicyGroups?.map((group) => group.GroupName),
        PolicyRoles?.map((role) => role.RoleName),
      ];
    };
    assert.deepEqual(await entities(), [['bounded', 'holder'], ['holder'], []]);
    assert.deepEqual(await entities({ EntityFilter: 'Group' }), [[], ['holder'], []]);
    assert.deepEqual(await entities({ PolicyUsageFilter: 'PermissionsBoundary' }), [
      ['bounded'],
      [],
      [],
    ]);
    assert.deepEqual(await entities({ PathPrefix: '/x/' }), [[], [], []]);
  });

  test('of AWS’s is counted for the account alone', async () => {
    const arn = 'arn:aws:iam::aws:policy/AmazonSSMFullAccess';
    await root.send(new iam.AttachUserPolicyCommand({ UserName, PolicyArn: arn }));
    assert.equal((await getPolicy(arn))?.AttachmentCount, 1);
    const other = under.as({ accessKeyId: '777788889999', secretAccessKey: 'x' });
    const { Policy } = await other.send(new iam.GetPolicyCommand({ PolicyArn: arn }));
    assert.equal(Policy?.AttachmentCount, 0);
    const { AttachedPolicies } = await root.send(
      new iam.ListAttachedUserPoliciesCommand({ UserName }),
    );
    assert.deepEqual(AttachedPolicies, [
      { PolicyName: 'attached', PolicyArn },
      { PolicyName: 'AmazonSSMFullAccess', PolicyArn: arn },
    ]);
  });

  test('is not deleted before it is detached, nor with other versions', async () => {
    const remove = () => root.send(new iam.DeletePolicyCommand({ PolicyArn }));
    const inUse = refused(409, 'DeleteConflict', 'Cannot delete a policy attached to entities.');
    await assert.rejects(remove(), inUse);
    await root.send(new iam.DetachUserPolicyCommand({ UserName, PolicyArn }));
    await root.send(new iam.DetachGroupPolicyCommand({ GroupName: UserName, PolicyArn }));
    await assert.rejects(remove(), inUse);
    await root.send(new iam.DeleteUserPermissionsBoundaryCommand({ UserName: 'bounded' }));
    await newVersion(PolicyArn, 'kms:*');
    await assert.rejects(
      remove(),
      refused(
        409,
        'DeleteConflict',
        "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. The default version is deleted with the policy.",
      ),
    );
    await root.send(new iam.DeletePolicyVersionCommand({ PolicyArn, VersionId: 'v2' }));
    await remove();
    await assert.rejects(getPolicy(PolicyArn), /was not found/);
  });

  test('is none of more than ten, and must be there', async () => {
    for (let i = 0; i < 10; i++) {
      const arn = (await newPolicy(`ten${i}`))?.Arn as string;
      if (i > 0) await root.send(new iam.AttachUserPolicyCommand({ UserName, PolicyArn: arn }));
    }
    await assert.rejects(
      root.send(new iam.AttachUserPolicyCommand({ UserName, PolicyArn: arnOf('ten0') })),
      refused(409, 'LimitExceeded', 'Cannot exceed quota for PoliciesPerUser: 10'),
    );
    await assert.rejects(
      root.send(new iam.AttachUserPolicyCommand({ UserName, PolicyArn: arnOf('none') })),
      refused(404, 'NoSuchEntity', `Policy ${arnOf('none')} does not exist or is not attachable.`),
    );
    await assert.rejects(
      root.send(new iam.DetachUserPolicyCommand({ UserName, PolicyArn: arnOf('ten0') })),
      refused(404, 'NoSuchEntity', `Policy ${arnOf('ten0')} was not found.`),
    );
  });

  test('and its deletion at one moment: one of them happens', async () => {
    for (let round = 0; round < 5; round++) {
      const arn = (await newPolicy(`brief${round}`))?.Arn as string;
      await root.send(new iam.CreateUserCommand({ UserName: `brief${round}` }));
      const user = { UserName: `brief${round}`, PolicyArn: arn };
      await Promise.allSettled([
        root.send(new iam.AttachUserPolicyCommand(user)),
        root.send(new iam.DeletePolicyCommand({ PolicyArn: arn })),
      ]);
      const isThere = await getPolicy(arn).then(
        () => true,
        () => false,
      );
      const { AttachedPolicies } = await root.send(new iam.ListAttachedUserPoliciesCommand(user));
      assert.equal(AttachedPolicies?.length, isThere ? 1 : 0);
    }
  });
});

describe('a permissions boundary', () => {
  test('caps what the user’s policies allow, and must be there', async () => {
    const UserName = 'capped';
    const key = await under.newUser(UserName, allow('iam:*'));
    const own = under.as(key);
    const arn = (await newPolicy('cap', policyOf(allow('iam:GetUser'))))?.Arn as string;
    const put = (PermissionsBoundary: string) =>
      root.send(new iam.PutUserPermissionsBoundaryCommand({ UserName, PermissionsBoundary }));
    await assert.rejects(
      put(arnOf('none')),
      refused(
        404,
        'NoSuchEntity',
        `Scope ARN: ${arnOf('none')} does not exist or is not attachable.`,
      ),
    );
    await own.send(new iam.ListUsersCommand({}));
    await put(arn);
    await own.send(new iam.GetUserCommand({}));
    await assert.rejects(
      own.send(new iam.ListUsersCommand({})),
      /because no permissions boundary allows the iam:ListUsers action/,
    );
    await root.send(new iam.DeleteUserPermissionsBoundaryCommand({ UserName }));
    await own.send(new iam.ListUsersCommand({}));
    await assert.rejects(
      root.send(new iam.DeleteUserPermissionsBoundaryCommand({ UserName })),
      /NoSuchEntity|does not have/,
    );
  });
});

describe('inline policies', () => {
  const UserName = 'inline';
  const put = (PolicyName: string, PolicyDocument = document) =>
    root.send(new iam.PutUserPolicyCommand({ UserName, PolicyName, PolicyDocument }));
  const get = (PolicyName: string) =>
    root.send(new iam.GetUserPolicyCommand({ UserName, PolicyName }));

  test('come back as they were given, URL-encoded', async () => {
    await root.send(new iam.CreateUserCommand({ UserName }));
    const text = `${document.slice(0, -1)} ,\n\t"Id" : "it's (a) \u00e9!*"}`;
    await put('odd', text);
    const { PolicyDocument, PolicyName } = await get('ODD');
    assert.equal(PolicyName, 'odd');
    assert.doesNotMatch(PolicyDocument ?? '', /[^A-Za-z0-9%._~-]/);
    assert.equal(decodeURIComponent(PolicyDocument ?? ''), text);
  });

  test('are replaced by name and listed in order', async () => {
    await put('b');
    await put('a');
    await put('B', policyOf(allow('s3:*')));
    const { PolicyNames } = await root.send(new iam.ListUserPoliciesCommand({ UserName }));
    assert.deepEqual(PolicyNames, ['a', 'b', 'odd']);
    assert.match((await get('b')).PolicyDocument ?? '', /s3/);
  });

  test('have 2,048 characters together', async () => {
    await assert.rejects(
      put('long', policyOf(allow(`kms:${'x'.repeat(1900)}`))),
      refused(409, 'LimitExceeded', 'Maximum policy size of 2048 bytes exceeded for user inline'),
    );
  });

  test('that are not there cannot be found; a missing user is told before a bad policy', async () => {
    const missing = refused(404, 'NoSuchEntity', 'The user policy with name none cannot be found.');
    await assert.rejects(get('none'), missing);
    await assert.rejects(
      root.send(new iam.DeleteUserPolicyCommand({ UserName, PolicyName: 'none' })),
      missing,
    );
    await assert.rejects(
      root.send(
        new iam.PutUserPolicyCommand({
          UserName: 'nobody',
          PolicyName: 'p',
          PolicyDocument: '{bad',
        }),
      ),
      refused(404, 'NoSuchEntity', 'The user with name nobody cannot be found.'),
    );
  });
});

describe('AWS’s managed policies', () => {
  test('are policies, each with an id and a path of its own', () => {
    const names = new Set(awsManagedPolicies.map(({ path, name }) => `${path}${name}`));
    const ids = new Set(awsManagedPolicies.map(({ policyId }) => policyId));
    assert.equal(names.size, awsManagedPolicies.length);
    assert.equal(ids.size, awsManagedPolicies.length);
    for (const { name, policyId, document: text } of awsManagedPolicies) {
      assert.match(policyId, /^ANPA[A-Z0-9]{17}$/, name);
      assert.equal(validateIdentityPolicy(text), undefined, name);
    }
  });

  test('are listed first, and read but not changed', async () => {
    const { Policies } = await root.send(new iam.ListPoliciesCommand({ Scope: 'AWS' }));
    assert.equal(Policies?.length, awsManagedPolicies.length);
    assert.deepEqual(
      Policies?.slice(0, 3).map(({ PolicyName }) => PolicyName),
      ['AdministratorAccess', 'PowerUserAccess', 'ReadOnlyAccess'],
    );
    const PolicyArn = 'arn:aws:iam::aws:policy/AdministratorAccess';
    const { PolicyVersion } = await root.send(
      new iam.GetPolicyVersionCommand({ PolicyArn, VersionId: 'v1' }),
    );
    assert.equal(
      decodeURIComponent(PolicyVersion?.Document ?? ''),
      policyOf({ Effect: 'Allow', Action: '*', Resource: '*' }),
    );
    await assert.rejects(
      newVersion(PolicyArn, 'kms:*'),
      refused(
        403,
        'AccessDenied',
        `User: arn:aws:iam::${account}:root is not authorized to perform: iam:CreatePolicyVersion on resource: policy ${PolicyArn}`,
      ),
    );
  });

  test('do what they say', async () => {
    const key = await under.newUser('reader');
    const PolicyArn = 'arn:aws:iam::aws:policy/IAMReadOnlyAccess';
    await root.send(new iam.AttachUserPolicyCommand({ UserName: 'reader', PolicyArn }));
    const own = under.as(key);
    await own.send(new iam.ListUsersCommand({}));
    await assert.rejects(
      own.send(new iam.CreateUserCommand({ UserName: 'x' })),
      /not authorized to perform: iam:CreateUser/,
    );
  });
});

describe('ListPolicies', () => {
  test('chooses by scope, path and use', async () => {
    const own = under.as({ accessKeyId: '444455556666', secretAccessKey: 'x' });
    const create = (PolicyName: string, Path: string) =>
      own.send(new iam.CreatePolicyCommand({ PolicyName, Path, PolicyDocument: document }));
    await create('one', '/a/');
    const { Policy } = await create('two', '/b/');
    await own.send(new iam.CreateUserCommand({ UserName: 'u' }));
    await own.send(
      new iam.AttachUserPolicyCommand({ UserName: 'u', PolicyArn: Policy?.Arn as string }),
    );
    const names = async (input: iam.ListPoliciesCommandInput) =>
      (await own.send(new iam.ListPoliciesCommand(input))).Policies?.map(
        ({ PolicyName }) => PolicyName,
      );
    assert.deepEqual(await names({ Scope: 'Local' }), ['one', 'two']);
    assert.deepEqual(await names({ Scope: 'Local', PathPrefix: '/a/' }), ['one']);
    assert.deepEqual(await names({ OnlyAttached: true }), ['two']);
    assert.deepEqual(await names({ PolicyUsageFilter: 'PermissionsBoundary' }), []);
    assert.equal((await names({}))?.length, awsManagedPolicies.length + 2);
  });
});
