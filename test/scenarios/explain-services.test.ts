/** `sealhold explain` for denials of other services than KMS, and for those deep inside a call. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { STSServiceException } from '@aws-sdk/client-sts';
import { ask } from '../ask.ts';
import { runCommand } from '../command.ts';
import { allowing, newRole, newUser, type User } from '../identities.ts';
import { type RunningServer, startServer } from '../running-server.ts';
import { assume } from '../sts.ts';

let server: RunningServer;
let reader: User;

const secrets =
  (who: Parameters<typeof ask>[0]) =>
  (operation: string, input: object): ReturnType<ReturnType<typeof ask>> =>
    ask(who)(operation, input, {
      service: 'secretsmanager',
      target: `secretsmanager.${operation}`,
    });

async function newSecret(Name: string, more: object = {}): Promise<void> {
  const value = { SecretString: 'x', ClientRequestToken: crypto.randomUUID() };
  const { status, text } = await secrets(server)('CreateSecret', { Name, ...value, ...more });
  assert.equal(status, 200, text);
}

const explained = (id: string): string => {
  const { status, stdout, stderr } = runCommand(['explain', id], server);
  assert.equal(status, 0, stderr);
  return stdout;
};

before(async () => {
  server = await startServer({ mode: 'dev' });
  reader = await newUser(server, 'reader', allowing(['secretsmanager:*', 'sts:*']));
});
after(() => server?.stop());

describe('a denial is explained', () => {
  test('by the statement of a secret`s policy that denies', async () => {
    await newSecret('closed');
    const Statement = {
      ...{ Sid: 'NotByReader', Effect: 'Deny', Principal: { AWS: reader.arn } },
      ...{ Action: 'secretsmanager:GetSecretValue', Resource: '*' },
    };
    const ResourcePolicy = JSON.stringify({ Version: '2012-10-17', Statement });
    await secrets(server)('PutResourcePolicy', { SecretId: 'closed', ResourcePolicy });
    const { status, text } = await secrets(reader.credentials)('GetSecretValue', {
      SecretId: 'closed',
    });
    assert.equal(status, 400);
    assert.match(text, /with an explicit deny in a resource-based policy/);
    const told = explained(/authorization id: ([0-9a-z]{25})/.exec(text)?.[1] ?? '');
    assert.match(told, /^resource policy default of arn:aws:secretsmanager:\S+:secret:closed-/m);
    assert.match(told, /\(NotByReader\): Deny matches/);
    assert.match(told, /Smallest change: /);
  });

  test('when it is KMS that denied Secrets Manager`s call for the caller', async () => {
    const { body } = await ask(server)('CreateKey');
    const { KeyId: KmsKeyId, Arn } = body.KeyMetadata as { KeyId: string; Arn: string };
    await newSecret('sealed', { KmsKeyId });
    const { text, headers } = await secrets(reader.credentials)('GetSecretValue', {
      SecretId: 'sealed',
    });
    assert.match(text, /AccessDeniedException.*Access to KMS is not allowed/);
    const requestId = headers.get('x-amzn-requestid') ?? '';
    const told = explained(requestId);
    assert.match(told, /is not authorized to perform: kms:Decrypt on resource: arn:aws:kms:/);
    assert.ok(told.includes(Arn), told);
    assert.ok(told.includes(`, which a service made for ${requestId}`), told);
    assert.match(told, /Action is secretsmanager:\*, sts:\*, the request has kms:Decrypt/);
  });

  test('of a role to whoever owns it, as AWS gives no reason', async () => {
    const { arn } = await newRole(server, 'closed', { trusts: { Service: 'x.amazonaws.com' } });
    const error = await assume(reader.credentials, arn).catch((reason: unknown) => reason);
    const { message, $metadata } = error as STSServiceException;
    assert.match(message, /to perform: sts:AssumeRole on resource: \S+:role\/closed\. Run "/);
    const told = explained($metadata.requestId ?? '');
    assert.match(told, /to perform: sts:AssumeRole on resource: \S+:role\/closed/);
    assert.match(told, /^trust policy trust-policy of \S+:role\/closed/m);
    assert.match(told, /Principal is x\.amazonaws\.com, the request has \S+:user\/reader/);
  });
});
