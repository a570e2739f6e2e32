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

const custom = async (input: Partial<iam.SimulateCustomPolicyRequest>) =>
  (
    await root.send(
      new iam.SimulateCustomPolicyCommand({
        PolicyInputList: [policyOf(allow('s3:*'))],
        ActionNames: ['s3:GetObject'],
        ...input,
      }),
    )
  ).EvaluationResults ?? [];
const decisions = async (input: Partial<iam.SimulateCustomPolicyRequest>) =>
  (await custom(input)).map(({ EvalActionName, EvalDecision }) => [EvalActionName, EvalDecision]);
const text = (key: string, value: string): iam.ContextEntry => ({
  ContextKeyName: key,
  ContextKeyType: 'string',
  ContextKeyValues: [value],
});

describe('SimulateCustomPolicy', () => {
  test('decides each action on everything', async () => {
    const deny = { ...allow('s3:Delete*'), Effect: 'Deny' };
    assert.deepEqual(
      await decisions({
        PolicyInputList: [policyOf(allow('s3:*'), deny)],
        ActionNames: ['s3:GetObject', 's3:DeleteObject', 'kms:Encrypt'],
      }),
      [
        ['s3:GetObject', 'allowed'],
        ['s3:DeleteObject', 'explicitDeny'],
        ['kms:Encrypt', 'implicitDeny'],
      ],
    );
  });

  test('says where the statements stand that decide, as AWS counts', async () => {
    const document = `{
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": "*",
            "Resource": "*"
        }
    ]
}`;
    const [result] = await custom({ PolicyInputList: [document] });
    assert.deepEqual(result, {
      EvalActionName: 's3:GetObject',
      EvalResourceName: '*',
      EvalDecision: 'allowed',
      MatchedStatements: [
        {
          SourcePolicyId: 'PolicyInputList.1',
          SourcePolicyType: 'IAM Policy',
          StartPosition: { Line: 3, Column: 19 },
          EndPosition: { Line: 8, Column: 10 },
        },
      ],
      MissingContextValues: [],
    });
    const compact = await custom({
      PolicyInputList: [policyOf(allow('kms:*')), policyOf(allow('kms:*'), allow('s3:*'))],
    });
    const { length } = policyOf(allow('kms:*'));
    assert.deepEqual(compact[0]?.MatchedStatements, [
      {
        SourcePolicyId: 'PolicyInputList.2',
        SourcePolicyType: 'IAM Policy',
        StartPosition: { Line: 1, Column: length },
        EndPosition: { Line: 1, Column: policyOf(allow('kms:*'), allow('s3:*')).length - 1 },
      },
    ]);
  });

  test('decides on each resource, and sums up', async () => {
    const [result] = await custom({
      PolicyInputList: [policyOf(allow('s3:*', 'arn:aws:s3:::good/*'))],
      ResourceArns: ['arn:aws:s3:::good/a', 'arn:aws:s3:::bad/a'],
    });
    assert.equal(result?.EvalDecision, 'implicitDeny');
    assert.deepEqual(
      result?.ResourceSpecificResults?.map((each) => [
        each.EvalResourceName,
        each.EvalResourceDecision,
        each.MatchedStatements?.length,
      ]),
      [
        ['arn:aws:s3:::good/a', 'allowed', 1],
        ['arn:aws:s3:::bad/a', 'implicitDeny', 0],
      ],
    );
    const [alone] = await custom({ ResourceArns: ['arn:aws:s3:::good/a'] });
    assert.equal(alone?.EvalResourceName, 'arn:aws:s3:::good/a');
    assert.deepEqual(alone?.EvalDecisionDetails, {});
  });

  test('names the context keys that were missing, and uses those that were given', async () => {
    const PolicyInputList = [
      policyOf({
        ...allow('s3:*', `arn:aws:s3:::\${aws:PrincipalTag/Team}/*`),
        Condition: { IpAddress: { 'aws:SourceIp': '10.0.0.0/8' } },
      }),
    ];
    const ResourceArns = ['arn:aws:s3:::blue/a'];
    const [missing] = await custom({ PolicyInputList, ResourceArns });
    assert.equal(missing?.EvalDecision, 'implicitDeny');
    assert.deepEqual(missing?.ResourceSpecificResults?.[0]?.MissingContextValues, [
      'aws:PrincipalTag/Team',
    ]);
    const team = text('aws:principaltag/team', 'blue');
    const [partly] = await custom({ PolicyInputList, ResourceArns, ContextEntries: [team] });
    assert.deepEqual(partly?.ResourceSpecificResults?.[0]?.MissingContextValues, ['aws:SourceIp']);
    const ip = { ...text('aws:SourceIp', '10.1.2.3'), ContextKeyType: 'ip' as const };
    const [given] = await custom({ PolicyInputList, ResourceArns, ContextEntries: [team, ip] });
    assert.equal(given?.EvalDecision, 'allowed');
  });

  test('takes lists of values', async () => {
    const Condition = { 'ForAllValues:StringEquals': { 'aws:TagKeys': ['a', 'b'] } };
    const entry = (values: string[]) => ({
      PolicyInputList: [policyOf({ ...allow('s3:*'), Condition })],
      ContextEntries: [
        {
          ContextKeyName: 'aws:TagKeys',
          ContextKeyType: 'stringList' as const,
          ContextKeyValues: values,
        },
      ],
    });
    assert.equal((await custom(entry(['a', 'b'])))[0]?.EvalDecision, 'allowed');
    assert.equal((await custom(entry(['a', 'c'])))[0]?.EvalDecision, 'implicitDeny');
  });

  test('is capped by a boundary and by an organization, and says by which', async () => {
    const others = policyOf(allow('kms:*'));
    const [bounded] = await custom({ PermissionsBoundaryPolicyInputList: [others] });
    assert.equal(bounded?.EvalDecision, 'implicitDeny');
    assert.deepEqual(bounded?.PermissionsBoundaryDecisionDetail, {
      AllowedByPermissionsBoundary: false,
    });
    const level = (document: string) => [{ ServiceControlPolicyInputList: [document] }];
    const [outside] = await custom({ OrderedOrganizationPolicyInputList: level(others) });
    assert.equal(outside?.EvalDecision, 'implicitDeny');
    assert.deepEqual(outside?.OrganizationsDecisionDetail, { AllowedByOrganizations: false });
    const [inside] = await custom({
      OrderedOrganizationPolicyInputList: level(policyOf(allow('*'))),
    });
    assert.deepEqual(
      [inside?.EvalDecision, inside?.OrganizationsDecisionDetail],
      ['allowed', { AllowedByOrganizations: true }],
    );
  });

  test('takes both sides across accounts', async () => {
    const CallerArn = `arn:aws:iam::${account}:user/bob`;
    const across = (Principal: unknown) =>
      custom({
        CallerArn,
        ResourceArns: ['arn:aws:s3:::theirs/a'],
        ResourceOwner: 'arn:aws:iam::999999999999:root',
        ResourcePolicy: policyOf({ ...allow('s3:*'), Principal }),
      });
    const [both] = await across({ AWS: CallerArn });
    assert.equal(both?.EvalDecision, 'allowed');
    assert.deepEqual(both?.EvalDecisionDetails, {
      'IAM Policy': 'allowed',
      'Resource Policy': 'allowed',
    });
    assert.deepEqual(
      both?.MatchedStatements?.map(({ SourcePolicyType }) => SourcePolicyType),
      ['IAM Policy', 'Resource Policy'],
    );
    const [one] = await across({ AWS: `arn:aws:iam::${account}:user/eve` });
    assert.equal(one?.EvalDecision, 'implicitDeny');
    assert.deepEqual(one?.EvalDecisionDetails, {
      'IAM Policy': 'allowed',
      'Resource Policy': 'implicitDeny',
    });
  });

  test('tells in pages, and never decides more than a page may cost', async () => {
    const ActionNames = Array.from({ length: 120 }, (_, i) => `s3:A${i}`);
    const first = await root.send(
      new iam.SimulateCustomPolicyCommand({
        PolicyInputList: [policyOf(allow('s3:*'))],
        ActionNames,
        ResourceArns: Array.from({ length: 200 }, (_, i) => `arn:aws:s3:::b/${i}`),
      }),
    );
    assert.deepEqual([first.EvaluationResults?.length, first.IsTruncated], [10, true]);
    const names: (string | undefined)[] = [];
    let Marker: string | undefined;
    do {
      const page: iam.SimulatePolicyResponse = await root.send(
        new iam.SimulateCustomPolicyCommand({
          PolicyInputList: [policyOf(allow('s3:*'))],
          ActionNames,
          Marker,
        }),
      );
      names.push(...(page.EvaluationResults ?? []).map(({ EvalActionName }) => EvalActionName));
      Marker = page.Marker;
    } while (Marker !== undefined);
    assert.deepEqual(names, ActionNames);
  });

  test('refuses what is no policy, no action and no caller', async () => {
    await assert.rejects(custom({ PolicyInputList: ['{'] }), /PolicyInputList.1 is not a valid/);
    await assert.rejects(custom({ ActionNames: ['GetObject'] }), /not a valid action name/);
    const CallerArn = `arn:aws:iam::${account}:root`;
    await assert.rejects(
      custom({ CallerArn }),
      refused(
        400,
        'InvalidInput',
        `Invalid Entity Arn: ${CallerArn} does not clearly define entity type and name.`,
      ),
    );
  });
});

describe('SimulatePrincipalPolicy', () => {
  const arnOf = (rest: string): string => `arn:aws:iam::${account}:${rest}`;
  const ask = async (
    PolicySourceArn: string,
    action: string,
    more: Partial<iam.SimulatePrincipalPolicyRequest> = {},
  ) => {
    const { EvaluationResults } = await root.send(
      new iam.SimulatePrincipalPolicyCommand({ PolicySourceArn, ActionNames: [action], ...more }),
    );
    return EvaluationResults?.[0];
  };

  before(async () => {
    await root.send(
      new iam.CreateUserCommand({ UserName: 'sim', Tags: [{ Key: 'Team', Value: 'blue' }] }),
    );
    await root.send(new iam.CreateGroupCommand({ GroupName: 'simmers' }));
    await root.send(new iam.AddUserToGroupCommand({ UserName: 'sim', GroupName: 'simmers' }));
    await root.send(
      new iam.PutUserPolicyCommand({
        UserName: 'sim',
        PolicyName: 'own',
        PolicyDocument: policyOf(
          allow('s3:GetObject', `arn:aws:s3:::\${aws:username}/\${aws:PrincipalTag/team}/*`),
        ),
      }),
    );
    await root.send(
      new iam.AttachGroupPolicyCommand({
        GroupName: 'simmers',
        PolicyArn: 'arn:aws:iam::aws:policy/IAMReadOnlyAccess',
      }),
    );
  });

  test('knows the user’s policies, its groups’, and what it is', async () => {
    const user = arnOf('user/sim');
    const own = await ask(user, 's3:GetObject', { ResourceArns: ['arn:aws:s3:::sim/blue/x'] });
    assert.equal(own?.EvalDecision, 'allowed');
    assert.equal(own?.MatchedStatements?.[0]?.SourcePolicyId, 'user_sim_own');
    const group = await ask(user, 'iam:GetUser');
    assert.equal(group?.EvalDecision, 'allowed');
    assert.equal(group?.MatchedStatements?.[0]?.SourcePolicyId, 'IAMReadOnlyAccess');
    const alone = await ask(arnOf('group/simmers'), 'iam:GetUser');
    assert.equal(alone?.EvalDecision, 'allowed');
    assert.equal((await ask(user, 'kms:Encrypt'))?.EvalDecision, 'implicitDeny');
  });

  test('decides as the server then does', async () => {
    const key = await under.newUser('real', allow(['iam:GetUser'], arnOf('user/real')));
    const real = async (UserName: string): Promise<string> =>
      under
        .as(key)
        .send(new iam.GetUserCommand({ UserName }))
        .then(
          () => 'allowed',
          () => 'implicitDeny',
        );
    for (const name of ['real', 'sim']) {
      const simulated = await ask(arnOf('user/real'), 'iam:GetUser', {
        ResourceArns: [arnOf(`user/${name}`)],
      });
      assert.equal(simulated?.EvalDecision, await real(name));
    }
  });

  test('adds policies, leaves some out, and minds the boundary', async () => {
    const user = arnOf('user/sim');
    const more = { PolicyInputList: [policyOf(allow('kms:*'))] };
    assert.equal((await ask(user, 'kms:Encrypt', more))?.EvalDecision, 'allowed');
    const without = {
      PolicyExclusionList: [{ PolicyArn: 'arn:aws:iam::aws:policy/IAMReadOnlyAccess' }],
    };
    assert.equal((await ask(user, 'iam:GetUser', without))?.EvalDecision, 'implicitDeny');
    await root.send(
      new iam.PutUserPermissionsBoundaryCommand({
        UserName: 'sim',
        PermissionsBoundary: 'arn:aws:iam::aws:policy/AmazonSSMReadOnlyAccess',
      }),
    );
    const bounded = await ask(user, 'iam:GetUser');
    assert.equal(bounded?.EvalDecision, 'implicitDeny');
    assert.deepEqual(bounded?.PermissionsBoundaryDecisionDetail, {
      AllowedByPermissionsBoundary: false,
    });
  });

  test('knows roles', async () => {
    await root.send(
      new iam.CreateRoleCommand({
        RoleName: 'simulated',
        AssumeRolePolicyDocument: trustOf({ AWS: account }),
      }),
    );
    await root.send(
      new iam.PutRolePolicyCommand({
        RoleName: 'simulated',
        PolicyName: 'p',
        PolicyDocument: policyOf(allow('kms:*')),
      }),
    );
    const result = await ask(arnOf('role/simulated'), 'kms:Encrypt');
    assert.equal(result?.EvalDecision, 'allowed');
    assert.equal(result?.MatchedStatements?.[0]?.SourcePolicyId, 'role_simulated_p');
  });

  test('needs a principal that is there, and of this account', async () => {
    await assert.rejects(
      ask(arnOf('user/none'), 'kms:Encrypt'),
      refused(404, 'NoSuchEntity', 'The user with name none cannot be found.'),
    );
    await assert.rejects(
      ask(arnOf('root'), 'kms:Encrypt'),
      refused(
        400,
        'InvalidInput',
        `Invalid Entity Arn: ${arnOf('root')} does not clearly define entity type and name.`,
      ),
    );
    await assert.rejects(
      ask('arn:aws:iam::999999999999:user/sim', 'kms:Encrypt'),
      (error: iam.IAMServiceException) => error.$metadata.httpStatusCode === 403,
    );
  });
});

describe('context keys', () => {
  test('are those of conditions and variables, each once', async () => {
    const document = policyOf(
      {
        ...allow('s3:*', `arn:aws:s3:::\${aws:username}/\${*}/\${aws:PrincipalTag/t, 'x'}`),
        Condition: {
          StringEquals: { 'AWS:SourceVpc': 'v', 's3:prefix': [`home/\${AWS:UserName}`] },
        },
      },
      { ...allow('s3:*'), Condition: { Null: { 'aws:sourcevpc': 'true' } } },
    );
    const { ContextKeyNames } = await root.send(
      new iam.GetContextKeysForCustomPolicyCommand({ PolicyInputList: [document] }),
    );
    assert.deepEqual(ContextKeyNames?.toSorted(), [
      'AWS:SourceVpc',
      'aws:PrincipalTag/t',
      'aws:username',
      's3:prefix',
    ]);
    const old = JSON.stringify({ ...JSON.parse(document), Version: '2008-10-17' });
    const { ContextKeyNames: without } = await root.send(
      new iam.GetContextKeysForCustomPolicyCommand({ PolicyInputList: [old] }),
    );
    assert.deepEqual(without?.toSorted(), ['AWS:SourceVpc', 's3:prefix']);
  });

  test('of a principal are those of its policies', async () => {
    const { ContextKeyNames } = await root.send(
      new iam.GetContextKeysForPrincipalPolicyCommand({
        PolicySourceArn: `arn:aws:iam::${account}:user/sim`,
      }),
    );
    assert.deepEqual(ContextKeyNames, ['aws:username', 'aws:PrincipalTag/team']);
  });
});
