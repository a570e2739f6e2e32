/**
 * A key shared with a second account, as people share encrypted images and snapshots: what is
 * needed, and that each permission, taken away on either side, denies.
 * (https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-modifying-external-accounts.html)
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { ask } from '../ask.ts';
import { allowing, newUser, putUserPolicy, type User } from '../identities.ts';
import { freshFolder, type RunningServer, removeFolder, startServer } from '../running-server.ts';
import { type Account, newAccount } from '../two-accounts.ts';

const data = freshFolder();
let server: RunningServer;
let owner: Account;
let other: Account;
let user: User;
let key: { readonly KeyId: string; readonly Arn: string };
/** A key of the second account, which what it gets is encrypted under. */
let ownKey: string;
let snapshot: string;

/** What a launch from a shared image, or a copy of a shared snapshot, asks for. */
const actions = [
  'kms:DescribeKey',
  'kms:ReEncryptFrom',
  'kms:ReEncryptTo',
  'kms:CreateGrant',
  'kms:Decrypt',
] as const;
type Action = (typeof actions)[number];

before(async () => {
  server = await startServer({ mode: 'start', data });
  owner = newAccount(server);
  other = newAccount(server);
  user = await newUser(other.root, 'launcher');
  key = await newKey(owner);
  ownKey = (await newKey(other)).Arn;
  const Plaintext = Buffer.from('the data key of a snapshot').toString('base64');
  const { body } = await ask(owner.root)('Encrypt', { KeyId: key.KeyId, Plaintext });
  snapshot = String(body.CiphertextBlob);
});
after(async () => {
  await server.stop();
  removeFolder(data);
});

async function newKey({ root }: Account): Promise<{ KeyId: string; Arn: string }> {
  const { body } = await ask(root)('CreateKey');
  return body.KeyMetadata as { KeyId: string; Arn: string };
}

async function share(with_: readonly Action[]): Promise<void> {
  const statements = [
    ...[owner.account, ...(with_.length === 0 ? [] : [other.account])].map((account, index) => ({
      Effect: 'Allow',
      Principal: { AWS: `arn:aws:iam::${account}:root` },
      Action: index === 0 ? 'kms:*' : with_,
      Resource: '*',
    })),
  ];
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement: statements });
  const put = await ask(owner.root)('PutKeyPolicy', { KeyId: key.KeyId, Policy });
  assert.equal(put.status, 200, put.text);
}

const uses: Readonly<Record<Action, () => Promise<{ status: number; text: string }>>> = {
  'kms:DescribeKey': () => ask(user.credentials)('DescribeKey', { KeyId: key.Arn }),
  'kms:ReEncryptFrom': () =>
    ask(user.credentials)('ReEncrypt', { CiphertextBlob: snapshot, DestinationKeyId: ownKey }),
  'kms:ReEncryptTo': async () => {
    const Plaintext = Buffer.from('x').toString('base64');
    const { body } = await ask(other.root)('Encrypt', { KeyId: ownKey, Plaintext });
    const { CiphertextBlob } = body;
    return ask(user.credentials)('ReEncrypt', { CiphertextBlob, DestinationKeyId: key.Arn });
  },
  'kms:CreateGrant': () =>
    ask(user.credentials)('CreateGrant', {
      KeyId: key.Arn,
      GranteePrincipal: user.arn,
      Operations: ['GenerateDataKey'],
    }),
  'kms:Decrypt': () => ask(user.credentials)('Decrypt', { CiphertextBlob: snapshot }),
};

/** What is done to the own key of the second account is not what is being tried here. */
const withOwnKey = (allowed: readonly string[]) => ({
  Version: '2012-10-17',
  Statement: [
    { Effect: 'Allow', Action: 'kms:*', Resource: ownKey },
    ...(allowed.length === 0 ? [] : [{ Effect: 'Allow', Action: allowed, Resource: key.Arn }]),
  ],
});

describe('a key shared with another account', () => {
  test('works with all permissions on both sides, and hides itself without any', async () => {
    await share(actions);
    await putUserPolicy(other.root, user.name, withOwnKey(actions));
    for (const action of actions) assert.equal((await uses[action]()).status, 200, action);
    await share([]);
    for (const action of actions) {
      const { status, text } = await uses[action]();
      assert.equal(status, 400, action);
      assert.match(text, /AccessDeniedException/);
      assert.doesNotMatch(text, /authorization id/);
    }
  });

  for (const action of actions) {
    const rest = actions.filter((each) => each !== action);
    test(`without ${action} in the key policy denies just that`, async () => {
      await share(rest);
      await putUserPolicy(other.root, user.name, withOwnKey(actions));
      await onlyDenied(action);
    });
    test(`without ${action} in the user's policy denies just that`, async () => {
      await share(actions);
      await putUserPolicy(other.root, user.name, withOwnKey(rest));
      await onlyDenied(action);
    });
  }

  async function onlyDenied(denied: Action): Promise<void> {
    for (const action of actions) {
      const { status, text } = await uses[action]();
      assert.equal(status, action === denied ? 400 : 200, `${action}: ${text}`);
      if (action === denied) assert.match(text, new RegExp(`perform: ${action} on th`));
    }
  }

  test('is not to be told from one that does not exist', async () => {
    await share([]);
    await putUserPolicy(other.root, user.name, allowing('kms:*'));
    const missing = key.Arn.replace(/[0-9a-f]{12}$/, '0123456789ab');
    const asked = async (KeyId: string) => {
      const { body } = await ask(user.credentials)('DescribeKey', { KeyId });
      return body;
    };
    assert.deepEqual(await asked(key.Arn), await asked(missing));
  });

  test('stays managed by its account: what is not for other accounts is denied to them', async () => {
    const everything = [...actions, 'kms:*'] as unknown as readonly Action[];
    await share(everything);
    await putUserPolicy(other.root, user.name, allowing('kms:*'));
    const managed = ['DisableKey', 'GetKeyPolicy', 'ScheduleKeyDeletion', 'ListResourceTags'];
    for (const operation of managed) {
      const { status, text } = await ask(user.credentials)(operation, { KeyId: key.Arn });
      assert.equal(status, 400);
      assert.match(text, /AccessDeniedException/, operation);
    }
  });
});
