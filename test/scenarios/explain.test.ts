/**
 * Denials that explain themselves: AWS's sentence with an authorization id, `sealhold explain`, IAM
 * Toolbox, and the reverse question.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { signRequest } from '../../src/identity/sign.ts';
import { ask } from '../ask.ts';
import { runCommand } from '../command.ts';
import { allowing, newRole, newUser, putUserPolicy, type User } from '../identities.ts';
import { type RunningServer, startServer } from '../running-server.ts';

let server: RunningServer;
let user: User;
let keyId: string;
let keyArn: string;
const Plaintext = Buffer.from('x').toString('base64');

before(async () => {
  server = await startServer({ mode: 'dev' });
  const { body } = await ask(server)('CreateKey');
  ({ KeyId: keyId, Arn: keyArn } = body.KeyMetadata as { KeyId: string; Arn: string });
  user = await newUser(server, 'ann', {
    Version: '2012-10-17',
    Statement: [
      { Sid: 'Reads', Effect: 'Allow', Action: 'kms:Describe*', Resource: '*' },
      {
        Sid: 'OnlyStage',
        Effect: 'Allow',
        Action: 'kms:Encrypt',
        Resource: '*',
        Condition: { StringEquals: { 'kms:EncryptionContext:stage': 'test' } },
      },
    ],
  });
});
after(() => server.stop());

async function denied(stage: string) {
  const { status, body, headers } = await ask(user.credentials)('Encrypt', {
    KeyId: keyId,
    Plaintext,
    EncryptionContext: { stage },
  });
  assert.equal(status, 400);
  const id =
    / authorization id: ([0-9a-z]{25})$/.exec(String(body.message ?? body.Message))?.[1] ?? '';
  return {
    message: String(body.message ?? body.Message),
    id,
    requestId: headers.get('x-amzn-requestid') ?? '',
  };
}

describe('a denial', () => {
  test('says what AWS says and ends with an authorization id', async () => {
    const { message, id } = await denied('live');
    assert.equal(
      message,
      `User: ${user.arn} is not authorized to perform: kms:Encrypt on resource: ${keyArn} because no ` +
        'identity-based policy allows the kms:Encrypt action. Run "sealhold explain ' +
        `${id}" for complete details, or call the GetRequestAuthorizationDetails API with the ` +
        `following authorization id: ${id}`,
    );
  });

  test('is explained by that id and by the request`s: the condition with both values, the change', async () => {
    const { id, requestId } = await denied('live');
    for (const name of [id, requestId]) {
      const { status, stdout, stderr } = runCommand(['explain', name], server);
      assert.equal(status, 0, stderr);
      assert.match(
        stdout,
        /\(OnlyStage\): .*StringEquals kms:EncryptionContext:stage is test, the request has live/,
      );
      assert.match(stdout, /\(Reads\): Allow does not match: Action is kms:Describe\*/);
      assert.match(stdout, /Smallest change: /);
    }
    const { stdout } = runCommand(['explain', id, '--json'], server);
    const { explanation } = JSON.parse(stdout);
    assert.equal(explanation.action, 'kms:Encrypt');
    assert.equal(explanation.resource, keyArn);
  });

  test('is not undone by anything less than the change it names', async () => {
    const { id } = await denied('dev');
    const { stdout } = runCommand(['explain', id, '--json'], server);
    const [step] = JSON.parse(stdout).explanation.smallestChange.steps;
    await putUserPolicy(server, user.name, { Version: '2012-10-17', Statement: [step.add] });
    const answer = await ask(user.credentials)('Encrypt', {
      KeyId: keyId,
      Plaintext,
      EncryptionContext: { stage: 'dev' },
    });
    assert.equal(answer.status, 200, answer.text);
    const other = await ask(user.credentials)('Decrypt', {
      CiphertextBlob: answer.body.CiphertextBlob,
      EncryptionContext: { stage: 'dev' },
    });
    assert.equal(other.status, 400);
  });

  test('is told by IAM Toolbox as AWS tells it, and to no other account', async () => {
    await putUserPolicy(server, user.name, {
      Version: '2012-10-17',
      Statement: [{ Sid: 'No', Effect: 'Deny', Action: 'kms:Encrypt', Resource: '*' }],
    });
    const { id, message } = await denied('live');
    assert.match(message, /with an explicit deny in an identity-based policy/);
    const details = await toolbox(`/authorization-details/${id}`);
    assert.equal(details.status, 200);
    const [evaluation] = details.body.evaluations;
    assert.equal(evaluation.evaluatedEffect, 'EXPLICIT_DENY');
    const principal = evaluation.checks.find(
      ({ checkType }: { checkType: string }) => checkType === 'PRINCIPAL',
    );
    assert.deepEqual(principal.matchedPolicies[0].matchedStatements, [
      { sid: 'No', evaluatedEffect: 'DENY' },
    ]);
    const { uri } = principal.matchedPolicies[0];
    assert.ok(details.body.policies.some((policy: { uri: string }) => policy.uri === uri));
    const policy = await toolbox(
      `/authorization-details/${id}/policy?policyUri=${encodeURIComponent(uri)}`,
    );
    assert.equal(policy.body.policyDocument.Statement[0].Sid, 'No');
    const foreign = await toolbox(`/authorization-details/${id}`, '222222222222');
    const unknown = await toolbox(`/authorization-details/${'0'.repeat(25)}`);
    assert.deepEqual([foreign.status, unknown.status], [404, 404]);
  });

  async function toolbox(path: string, accessKeyId = 'test') {
    const url = `${server.endpoint}${path}`;
    const { host: _, ...headers } = signRequest({
      method: 'GET',
      url,
      headers: {},
      body: '',
      accessKeyId,
      secretAccessKey: 'test',
      region: 'us-east-1',
      service: 'iam',
      at: Date.now(),
    });
    const response = await fetch(url, { headers });
    return { status: response.status, body: JSON.parse(await response.text()) };
  }

  test('of what isn`t known, or of another account, is not explained', () => {
    const { status, stderr } = runCommand(['explain', '0'.repeat(25)], server);
    assert.equal(status, 1);
    assert.match(stderr, /No denial of this account is known by that id/);
  });
});

describe('who can', () => {
  test('names users, roles, the root user, and those of other accounts and grants', async () => {
    await putUserPolicy(server, user.name, allowing('kms:Decrypt'));
    const bob = await newUser(
      server,
      'bob',
      allowing('kms:Decrypt', {
        Condition: { IpAddress: { 'aws:SourceIp': '192.0.2.0/24' } },
      }),
    );
    const eve = await newUser(server, 'eve', allowing('kms:Encrypt'));
    const role = await newRole(server, 'app', { trusts: { AWS: bob.arn }, policy: allowing('*') });
    await ask(server)('CreateGrant', {
      KeyId: keyId,
      GranteePrincipal: eve.arn,
      Operations: ['Decrypt'],
    });
    const { status, stdout, stderr } = runCommand(
      ['who-can', 'kms:Decrypt', keyId, '--json'],
      server,
    );
    assert.equal(status, 0, stderr);
    const { Principals, Others } = JSON.parse(stdout);
    const can = Object.fromEntries(
      Principals.map(({ Arn, Can }: { Arn: string; Can: string }) => [Arn, Can]),
    );
    assert.deepEqual(can, {
      'arn:aws:iam::000000000000:root': 'yes',
      [user.arn]: 'yes',
      [bob.arn]: 'conditionally',
      [role.arn]: 'yes',
    });
    assert.equal(Others[0].Principal, eve.arn);
    assert.match(Others[0].Through, /^grant /);
    assert.match(runCommand(['who-can', 'kms:Decrypt', keyId], server).stdout, /under conditions/);
  });

  test('is about keys, and is itself a permission', () => {
    const wrong = runCommand(['who-can', 's3:GetObject', keyId], server);
    assert.equal(wrong.status, 1);
    assert.match(wrong.stderr, /is no action on a KMS key/);
    const asUser = runCommand(['who-can', 'kms:Decrypt', keyId], user.credentials);
    assert.match(asUser.stderr, /not authorized to perform: sealhold:WhoCan/);
  });
});
