/**
 * What other products of this kind had to warn of in 2025 and 2026, tried here: names in other
 * letter case, dots in paths, values that become patterns, lists that pass by a denial, documents
 * that cost too much to read, and one tenant's names in another's calls.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import * as iam from '@aws-sdk/client-iam';
import type { ServiceModel } from '../../src/model/schema.ts';
import { models } from '../../src/services.ts';
import { ask } from '../ask.ts';
import { allowing, iamClient, newUser, putUserPolicy, type User } from '../identities.ts';
import { freshFolder, type RunningServer, removeFolder, startServer } from '../running-server.ts';
import { callOperation } from '../service-call.ts';
import { type Account, newAccount } from '../two-accounts.ts';

const data = freshFolder();
let server: RunningServer;
let own: Account;
let user: User;

before(async () => {
  server = await startServer({ mode: 'start', data });
  own = newAccount(server);
  user = await newUser(own.root, 'subject');
});
after(async () => {
  await server.stop();
  removeFolder(data);
});

const inIam = async <Output>(act: (client: iam.IAMClient) => Promise<Output>): Promise<Output> => {
  const client = iamClient(own.root);
  try {
    return await act(client);
  } finally {
    client.destroy();
  }
};

describe('policy names', () => {
  test('that differ by letter case are one policy, so none slips in beside a denying one', async () => {
    const create = (PolicyName: string, document: object) =>
      inIam((client) =>
        client.send(
          new iam.CreatePolicyCommand({ PolicyName, PolicyDocument: JSON.stringify(document) }),
        ),
      );
    await create('Guard', allowing('kms:ListKeys'));
    await assert.rejects(create('GUARD', allowing('*')), iam.EntityAlreadyExistsException);
  });

  test('of AWS`s managed policies can not be taken, however they are written', async () => {
    const arns = [
      'arn:aws:iam::aws:policy/ADMINISTRATORACCESS',
      'arn:aws:iam::AWS:policy/AdministratorAccess',
      'arn:aws:iam::aws:policy/../policy/AdministratorAccess',
      'arn:aws:iam::aws:policy//AdministratorAccess',
    ];
    for (const PolicyArn of arns)
      await assert.rejects(
        inIam((client) =>
          client.send(new iam.AttachUserPolicyCommand({ UserName: user.name, PolicyArn })),
        ),
        (error) => error instanceof Error,
        PolicyArn,
      );
    assert.equal((await ask(user.credentials)('ListKeys')).status, 400);
  });
});

describe('dots in paths', () => {
  test('are parts of a path and lead nowhere', async () => {
    const Path = '/team/../admin/';
    const made = await inIam((client) =>
      client.send(new iam.CreateUserCommand({ UserName: 'dotted', Path })),
    );
    assert.equal(made.User?.Arn, `arn:aws:iam::${own.account}:user/team/../admin/dotted`);
    const Resource = `arn:aws:iam::${own.account}:user/admin/*`;
    await putUserPolicy(own.root, user.name, allowing('iam:GetUser', { Resource }));
    const asUser = iamClient(user.credentials);
    await assert.rejects(
      asUser.send(new iam.GetUserCommand({ UserName: 'dotted' })),
      /not authorized/,
    );
    asUser.destroy();
  });
});

describe('a denial', () => {
  test('holds for lists too', async () => {
    await putUserPolicy(own.root, user.name, {
      Version: '2012-10-17',
      Statement: [
        { Effect: 'Allow', Action: '*', Resource: '*' },
        { Effect: 'Deny', Action: 'kms:*', Resource: '*' },
      ],
    });
    for (const operation of ['ListKeys', 'ListAliases'])
      assert.match((await ask(user.credentials)(operation)).text, /with an explicit deny/);
  });

  test('of one action holds for its name in any letter case, and for no other', async () => {
    await putUserPolicy(own.root, user.name, {
      Version: '2012-10-17',
      Statement: [
        { Effect: 'Allow', Action: 'KMS:LIST*', Resource: '*' },
        { Effect: 'Deny', Action: 'kMs:lIsTkEyS', Resource: '*' },
      ],
    });
    assert.match((await ask(user.credentials)('ListKeys')).text, /with an explicit deny/);
    assert.equal((await ask(user.credentials)('ListAliases')).status, 200);
  });
});

describe('a document that costs too much to read', () => {
  test('is refused quickly, as a policy', async () => {
    const deep = `${'['.repeat(1_500)}${']'.repeat(1_500)}`;
    const wide = JSON.stringify(allowing(Array.from({ length: 3_000 }, () => 'kms:*')));
    const model = models.get('iam') as ServiceModel;
    for (const PolicyDocument of [deep, wide]) {
      const begun = performance.now();
      const input = { UserName: user.name, PolicyName: 'costly', PolicyDocument };
      const { status } = await callOperation(own.root, model, 'PutUserPolicy', input);
      assert.ok(status === 400 || status === 409, String(status));
      assert.ok(performance.now() - begun < 2_000);
    }
  });

  test('is refused quickly, as a request', async () => {
    const rawBody = Buffer.from(`${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}`);
    const begun = performance.now();
    const { status } = await ask(own.root)('ListKeys', {}, { rawBody });
    assert.ok(status >= 200 && status < 500);
    assert.ok(performance.now() - begun < 2_000);
    assert.equal((await ask(own.root)('ListKeys')).status, 200);
  });
});

describe('the account number in a name', () => {
  test('of another tenant leads to nothing of it', async () => {
    const other = newAccount(server);
    const { body } = await ask(other.root)('CreateKey');
    const { KeyId, Arn } = body.KeyMetadata as { KeyId: string; Arn: string };
    const forged = Arn.replace(other.account, own.account);
    const Plaintext = Buffer.from('x').toString('base64');
    for (const name of [KeyId, forged])
      assert.match(
        (await ask(own.root)('Encrypt', { KeyId: name, Plaintext })).text,
        /NotFoundException/,
      );
    assert.match(
      (await ask(own.root)('Encrypt', { KeyId: Arn, Plaintext })).text,
      /AccessDeniedException/,
    );
  });
});
