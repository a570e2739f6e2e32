/**
 * Attacks on who may do what, each by its name, through the wire. What holds here is closed: a
 * failure of one of these is a hole.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import * as iam from '@aws-sdk/client-iam';
import { signRequest } from '../../src/identity/sign.ts';
import { ask } from '../ask.ts';
import { allowing, iamClient, newUser, putUserPolicy } from '../identities.ts';
import { freshFolder, type RunningServer, removeFolder, startServer } from '../running-server.ts';
import { type Account, newAccount } from '../two-accounts.ts';

const data = freshFolder();
let server: RunningServer;
let own: Account;
const Plaintext = Buffer.from('x').toString('base64');

before(async () => {
  server = await startServer({ mode: 'start', data });
  own = newAccount(server);
});
after(async () => {
  await server.stop();
  removeFolder(data);
});

async function newKey(input: object = {}): Promise<{ KeyId: string; Arn: string }> {
  const { body, text } = await ask(own.root)('CreateKey', input);
  assert.ok(body.KeyMetadata, text);
  return body.KeyMetadata as { KeyId: string; Arn: string };
}

async function inIam(act: (client: iam.IAMClient) => Promise<unknown>): Promise<void> {
  const client = iamClient(own.root);
  try {
    await act(client);
  } finally {
    client.destroy();
  }
}

describe('a signature', () => {
  const signed = (headers: Record<string, string>, at = Date.now()) => {
    const body = '{}';
    const all = signRequest({
      method: 'POST',
      url: `${server.endpoint}/`,
      headers: { 'content-type': 'application/x-amz-json-1.1', ...headers },
      body,
      accessKeyId: own.root.accessKeyId,
      secretAccessKey: own.root.secretAccessKey,
      region: 'us-east-1',
      service: 'kms',
      at,
    });
    const { host: _, ...sent } = all;
    return { sent, body };
  };
  const send = async ({ sent, body }: ReturnType<typeof signed>, changed: object = {}) => {
    const headers = { ...sent, ...changed } as Record<string, string>;
    const answer = await fetch(server.endpoint, { method: 'POST', headers, body });
    return `${answer.status} ${await answer.text()}`;
  };

  test('does not outlive a change of the operation that it is for', async () => {
    const request = signed({ 'x-amz-target': 'TrentService.ListKeys' });
    assert.match(await send(request), /^200 /);
    const changed = { 'x-amz-target': 'TrentService.CreateKey' };
    assert.match(await send(request, changed), /InvalidSignatureException/);
  });

  test('is of no use when it is replayed after its time', async () => {
    const request = signed({ 'x-amz-target': 'TrentService.ListKeys' }, Date.now() - 6 * 60_000);
    assert.match(await send(request), /Signature expired/);
  });

  test('of one account does nothing with the name of another`s key', async () => {
    const stranger = newAccount(server);
    const { Arn } = await newKey();
    const answer = await ask(stranger.root)('Encrypt', { KeyId: Arn, Plaintext });
    assert.match(answer.text, /AccessDeniedException/);
  });
});

describe('a revoked access key', () => {
  test('fails on the next call, however warm the caches are', async () => {
    const user = await newUser(own.root, 'leaver', allowing('kms:ListKeys'));
    const call = () => ask(user.credentials)('ListKeys');
    for (let times = 0; times < 50; times++) assert.equal((await call()).status, 200);
    const AccessKeyId = user.credentials.accessKeyId;
    const set = (Status: 'Active' | 'Inactive') =>
      inIam((client) =>
        client.send(new iam.UpdateAccessKeyCommand({ UserName: 'leaver', AccessKeyId, Status })),
      );
    await set('Inactive');
    assert.match((await call()).text, /UnrecognizedClientException/);
    await set('Active');
    assert.equal((await call()).status, 200);
    await inIam((client) =>
      client.send(new iam.DeleteAccessKeyCommand({ UserName: 'leaver', AccessKeyId })),
    );
    assert.match((await call()).text, /UnrecognizedClientException/);
  });

  test('and a policy that is taken away count at once, too', async () => {
    const user = await newUser(own.root, 'demoted', allowing('kms:ListKeys'));
    const call = () => ask(user.credentials)('ListKeys');
    for (let times = 0; times < 50; times++) assert.equal((await call()).status, 200);
    await putUserPolicy(own.root, 'demoted', allowing('kms:DescribeKey'));
    assert.equal((await call()).status, 400);
  });
});

describe('a principal of the same name that was made again', () => {
  const policyFor = (arn: string) =>
    JSON.stringify({
      Version: '2012-10-17',
      Statement: [own.account, arn].map((AWS) => ({
        Effect: 'Allow',
        Principal: { AWS },
        Action: 'kms:*',
        Resource: '*',
      })),
    });
  const remove = async (UserName: string, AccessKeyId: string) =>
    inIam(async (client) => {
      await client.send(new iam.DeleteAccessKeyCommand({ UserName, AccessKeyId }));
      await client.send(new iam.DeleteUserCommand({ UserName }));
    });

  test('is another one to the key policy that named the first, and the policy shows it', async () => {
    const first = await newUser(own.root, 'twice');
    const { KeyId } = await newKey({ Policy: policyFor(first.arn) });
    const use = (who: typeof first) => ask(who.credentials)('Encrypt', { KeyId, Plaintext });
    assert.equal((await use(first)).status, 200);
    await remove('twice', first.credentials.accessKeyId);
    const second = await newUser(own.root, 'twice');
    assert.equal(second.arn, first.arn);
    assert.match((await use(second)).text, /AccessDeniedException/);
    const { body } = await ask(own.root)('GetKeyPolicy', { KeyId });
    assert.ok(String(body.Policy).includes(first.userId));
    assert.ok(!String(body.Policy).includes(first.arn));
  });

  test('is another one to the grant that named the first', async () => {
    const first = await newUser(own.root, 'granted');
    const { KeyId } = await newKey();
    const grant = { KeyId, GranteePrincipal: first.arn, Operations: ['Encrypt'] };
    assert.equal((await ask(own.root)('CreateGrant', grant)).status, 200);
    const use = (who: typeof first) => ask(who.credentials)('Encrypt', { KeyId, Plaintext });
    assert.equal((await use(first)).status, 200);
    await remove('granted', first.credentials.accessKeyId);
    const second = await newUser(own.root, 'granted');
    assert.match((await use(second)).text, /AccessDeniedException/);
    const { body } = await ask(own.root)('ListGrants', { KeyId });
    const [shown] = body.Grants as readonly { GranteePrincipal: string }[];
    assert.equal(shown?.GranteePrincipal, first.userId);
  });

  test('can not be named before it is there', async () => {
    const nobody = `arn:aws:iam::${own.account}:user/nobody`;
    const put = await ask(own.root)('CreateKey', { Policy: policyFor(nobody) });
    assert.match(put.text, /MalformedPolicyDocumentException.*invalid principals/);
  });
});

describe('more than one was given', () => {
  test('is not had by PutKeyPolicy without the permission for it', async () => {
    const user = await newUser(own.root, 'putter', allowing(['kms:Encrypt', 'kms:CreateGrant']));
    const { KeyId } = await newKey();
    const Policy = JSON.stringify({
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Principal: '*', Action: 'kms:*', Resource: '*' }],
    });
    const put = await ask(user.credentials)('PutKeyPolicy', { KeyId, Policy });
    assert.match(put.text, /not authorized to perform: kms:PutKeyPolicy/);
  });

  test('is not had by granting what a grant gave: a child has no more than its parent', async () => {
    const user = await newUser(own.root, 'granter');
    const { KeyId } = await newKey();
    const Constraints = { EncryptionContextSubset: { app: 'pay' } };
    const parent = {
      KeyId,
      GranteePrincipal: user.arn,
      Operations: ['Encrypt', 'CreateGrant'],
      Constraints,
    };
    assert.equal((await ask(own.root)('CreateGrant', parent)).status, 200);
    const child = (Operations: string[], rest: object) =>
      ask(user.credentials)('CreateGrant', {
        KeyId,
        GranteePrincipal: user.arn,
        Operations,
        ...rest,
      });
    assert.match((await child(['Decrypt'], { Constraints })).text, /AccessDeniedException/);
    assert.match((await child(['Encrypt'], {})).text, /AccessDeniedException/);
    assert.equal((await child(['Encrypt'], { Constraints })).status, 200);
  });

  test('is not had by another`s grant token', async () => {
    const [one, two] = [await newUser(own.root, 'one'), await newUser(own.root, 'two')];
    const { KeyId } = await newKey();
    const grant = { KeyId, GranteePrincipal: one.arn, Operations: ['Encrypt'] };
    const { body } = await ask(own.root)('CreateGrant', grant);
    const use = { KeyId, Plaintext, GrantTokens: [body.GrantToken] };
    assert.equal((await ask(one.credentials)('Encrypt', use)).status, 200);
    assert.match((await ask(two.credentials)('Encrypt', use)).text, /AccessDeniedException/);
  });

  test('is not had by names in other letter case', async () => {
    const { Arn } = await newKey();
    await newUser(own.root, 'Case');
    const { credentials } = await newUser(
      own.root,
      'lower',
      allowing('kms:Encrypt', {
        Resource: Arn.toUpperCase().replace('ARN:AWS:KMS', 'arn:aws:kms'),
      }),
    );
    assert.match(
      (await ask(credentials)('Encrypt', { KeyId: Arn, Plaintext })).text,
      /AccessDeniedException/,
    );
    const twin = newUser(own.root, 'CASE');
    await assert.rejects(twin, iam.EntityAlreadyExistsException);
  });

  test('is not had by a value that looks like a wildcard', async () => {
    const starred = ['*', '?', '$', '{', '}'].join('');
    const { credentials } = await newUser(
      own.root,
      'star',
      allowing('kms:Encrypt', {
        Condition: {
          StringLike: {
            'kms:EncryptionContext:app': `${['$', '{'].join('')}kms:EncryptionContext:as}`,
          },
        },
      }),
    );
    const { KeyId } = await newKey();
    const use = (context: object) =>
      ask(credentials)('Encrypt', { KeyId, Plaintext, EncryptionContext: context });
    assert.equal((await use({ as: 'same', app: 'same' })).status, 200);
    for (const as of ['*', 's*', starred])
      assert.match((await use({ as, app: 'same' })).text, /AccessDeniedException/, as);
  });
});

describe('an unknown access key and a wrong secret', () => {
  test('are told apart by no more than their AWS errors, and take about as long', async () => {
    const wrong = { ...own.root, secretAccessKey: 'x'.repeat(40) };
    const unknown = { ...wrong, accessKeyId: `AKIA${'A'.repeat(16)}` };
    const times: Record<string, number[]> = { wrong: [], unknown: [] };
    for (let round = 0; round < 200; round++)
      for (const [name, who] of Object.entries({ wrong, unknown })) {
        const begun = performance.now();
        await ask(who)('ListKeys');
        times[name]?.push(performance.now() - begun);
      }
    const median = (list: number[] = []) => list.toSorted((x, y) => x - y)[list.length >> 1] ?? 0;
    const ratio = median(times.wrong) / median(times.unknown);
    // A look-up and a key derivation lie between them; no more than a few tens of microseconds.
    assert.ok(ratio > 0.4 && ratio < 2.5, `${ratio}`);
  });
});
