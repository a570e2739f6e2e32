/**
 * Keys that may be used through a service only, or not through one: real calls to Secrets Manager
 * and Parameter Store, which call KMS for whoever asked them.
 * (https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html, kms:ViaService)
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { ServiceModel } from '../../src/model/schema.ts';
import { models } from '../../src/services.ts';
import { allowing, type Credentials, newUser, putUserPolicy, type User } from '../identities.ts';
import { type RunningServer, startServer } from '../running-server.ts';
import { callOperation, type Told } from '../service-call.ts';
import { account, assume, otherAccount, roleWith, rootOf, trusting } from '../sts.ts';

let server: RunningServer;
let root: Credentials;
let user: User;
/** May assume all roles. */
let admin: User;
let keyId: string;
let keyArn: string;
let ciphertext: string;

const call = (who: Credentials, service: string, operation: string, input: object): Promise<Told> =>
  callOperation(who, models.get(service) as ServiceModel, operation, { ...input });

async function made(service: string, operation: string, input: object) {
  const { status, text } = await call(root, service, operation, input);
  assert.equal(status, 200, `${operation}: ${text}`);
  return JSON.parse(text);
}

before(async () => {
  server = await startServer({ mode: 'dev' });
  root = rootOf(server, account);
  user = await newUser(root, 'user');
  admin = await newUser(root, 'admin', allowing('sts:*'));
  ({ KeyId: keyId, Arn: keyArn } = (await made('kms', 'CreateKey', {})).KeyMetadata);
  const Plaintext = Buffer.from('x').toString('base64');
  ciphertext = (await made('kms', 'Encrypt', { KeyId: keyId, Plaintext })).CiphertextBlob;
  const value = { SecretString: 'value', ClientRequestToken: crypto.randomUUID() };
  await made('secretsmanager', 'CreateSecret', { Name: 'customer', KmsKeyId: keyArn, ...value });
  await made('secretsmanager', 'CreateSecret', { Name: 'default', ...value });
  const parameter = { Value: 'value', Type: 'SecureString' };
  await made('ssm', 'PutParameter', { Name: '/customer', KeyId: keyId, ...parameter });
  await made('ssm', 'PutParameter', { Name: '/default', ...parameter });
});
after(() => server?.stop());

type Statement = Readonly<Record<string, unknown>>;
const statement = (Effect: string, Action: string | string[], Condition?: object): Statement => ({
  ...{ Effect, Action, Resource: '*' },
  ...(Condition === undefined ? {} : { Condition }),
});
const services = statement('Allow', ['secretsmanager:*', 'ssm:*']);
const kmsWhen = (Condition: object) => statement('Allow', 'kms:*', Condition);
const noKmsWhen = (Condition: object) => statement('Deny', 'kms:*', Condition);
const all = statement('Allow', '*');
const viaSecrets = 'secretsmanager.us-east-1.amazonaws.com';

/** The four ways to the key, and by whose policies it is asked. */
const ways = {
  direct: (who: Credentials) =>
    call(who, 'kms', 'Decrypt', { KeyId: keyId, CiphertextBlob: ciphertext }),
  secret: (who: Credentials) =>
    call(who, 'secretsmanager', 'GetSecretValue', { SecretId: 'customer' }),
  batch: (who: Credentials) =>
    call(who, 'secretsmanager', 'BatchGetSecretValue', { SecretIdList: ['customer'] }),
  parameter: (who: Credentials) =>
    call(who, 'ssm', 'GetParameter', { Name: '/customer', WithDecryption: true }),
  /** A parameter that is a secret: two services stand between. */
  reference: (who: Credentials) =>
    call(who, 'ssm', 'GetParameter', {
      ...{ Name: '/aws/reference/secretsmanager/customer', WithDecryption: true },
    }),
};
type Way = keyof typeof ways;
const every = Object.keys(ways) as Way[];

/** By which ways the key may be used under these statements. */
const rows: Readonly<Record<string, readonly [readonly Statement[], readonly Way[]]>> = {
  'all that there is': [[all], every],
  'the services without KMS': [[services], []],
  'KMS through Secrets Manager only': [
    [services, kmsWhen({ StringEquals: { 'kms:ViaService': viaSecrets } })],
    ['secret', 'batch', 'reference'],
  ],
  'KMS through Parameter Store only': [
    [services, kmsWhen({ StringEquals: { 'kms:ViaService': 'ssm.us-east-1.amazonaws.com' } })],
    ['parameter'],
  ],
  'KMS through Secrets Manager of another Region': [
    [
      services,
      kmsWhen({ StringEquals: { 'kms:ViaService': 'secretsmanager.eu-west-1.amazonaws.com' } }),
    ],
    [],
  ],
  'KMS through any service': [
    [services, kmsWhen({ Bool: { 'aws:ViaAWSService': 'true' } })],
    ['secret', 'batch', 'parameter', 'reference'],
  ],
  'KMS directly only': [
    [services, kmsWhen({ Bool: { 'aws:ViaAWSService': 'false' } })],
    ['direct'],
  ],
  'KMS directly only, told by the absence of kms:ViaService': [
    [services, kmsWhen({ Null: { 'kms:ViaService': 'true' } })],
    ['direct'],
  ],
  'everything, KMS not directly': [
    [all, noKmsWhen({ Null: { 'aws:CalledVia': 'true' } })],
    every.slice(1),
  ],
  'everything, KMS not through Secrets Manager': [
    [
      all,
      noKmsWhen({
        'ForAnyValue:StringEquals': { 'aws:CalledVia': 'secretsmanager.amazonaws.com' },
      }),
    ],
    ['direct', 'parameter'],
  ],
  'everything, KMS not where Parameter Store stands first': [
    [all, noKmsWhen({ StringEquals: { 'aws:CalledViaFirst': 'ssm.amazonaws.com' } })],
    ['direct', 'secret', 'batch'],
  ],
  'everything, KMS not where Secrets Manager stands last': [
    [all, noKmsWhen({ StringEquals: { 'aws:CalledViaLast': 'secretsmanager.amazonaws.com' } })],
    ['direct', 'parameter'],
  ],
  'everything, KMS only from an address of the network, which services have none of': [
    [all, noKmsWhen({ NotIpAddress: { 'aws:SourceIp': '127.0.0.0/8' } })],
    ['direct'],
  ],
  'everything, KMS only with a secret`s encryption context': [
    [all, noKmsWhen({ Null: { 'kms:EncryptionContext:SecretARN': 'true' } })],
    ['secret', 'batch', 'reference'],
  ],
};

/** The value was given. What Secrets Manager can't read of a batch is told in the answer. */
const isGiven = ({ status, text }: Told): boolean =>
  status === 200 && /"Plaintext"|"SecretString"|"Value":"value"/.test(text);
const isDenied = ({ text }: Told): boolean => /AccessDenied/.test(text);

async function opened(who: Credentials): Promise<readonly Way[]> {
  const found: Way[] = [];
  for (const way of every) {
    const told = await ways[way](who);
    if (isGiven(told)) found.push(way);
    else assert.ok(isDenied(told), `${way}: ${told.text}`);
  }
  return found;
}

describe('a key is used as the policy of a user has it:', () => {
  for (const [name, [statements, ways]] of Object.entries(rows))
    test(name, async () => {
      const document = { Version: '2012-10-17', Statement: statements };
      await putUserPolicy(root, user.name, document);
      assert.deepEqual(await opened(user.credentials), ways);
      const role = await roleWith(root, `role-${Object.keys(rows).indexOf(name)}`, {
        ...{ trust: trusting({ AWS: account }), policy: document },
      });
      assert.deepEqual(await opened(await assume(admin.credentials, role)), ways, 'by a session');
    });

  test('less what a session policy leaves out, also deep inside', async () => {
    const trust = trusting({ AWS: user.arn });
    const policy = { Version: '2012-10-17', Statement: [all] };
    const role = await roleWith(root, 'narrowed', { trust, policy });
    await putUserPolicy(root, user.name, policy);
    const narrow = { Version: '2012-10-17', Statement: [services] };
    const session = await assume(user.credentials, role, { Policy: JSON.stringify(narrow) });
    assert.deepEqual(await opened(session), []);
  });
});

describe('the keys of the services themselves', () => {
  const everything = { Version: '2012-10-17', Statement: [all] };

  for (const [alias, service] of [
    ['alias/aws/secretsmanager', 'secretsmanager'],
    ['alias/aws/ssm', 'ssm'],
  ] as const)
    test(`${alias} is closed to direct use, whatever a user may, and to the root user`, async () => {
      await putUserPolicy(root, user.name, everything);
      const Plaintext = Buffer.from('x').toString('base64');
      for (const who of [user.credentials, root]) {
        const told = await call(who, 'kms', 'Encrypt', { KeyId: alias, Plaintext });
        assert.match(told.text, /AccessDenied.*no resource-based policy allows/s);
        const described = await call(who, 'kms', 'DescribeKey', { KeyId: alias });
        assert.equal(described.status, 200);
      }
      await putUserPolicy(root, user.name, {
        ...{ Version: '2012-10-17', Statement: [services] },
      });
      const [operation, input] =
        service === 'ssm'
          ? ['GetParameter', { Name: '/default', WithDecryption: true }]
          : ['GetSecretValue', { SecretId: 'default' }];
      const through = await call(user.credentials, service, operation as string, input as object);
      assert.ok(isGiven(through), through.text);
    });

  test('are not what one can share a secret with another account under', async () => {
    const other = rootOf(server, otherAccount);
    const { ARN: SecretId } = await made('secretsmanager', 'DescribeSecret', {
      SecretId: 'default',
    });
    const ResourcePolicy = JSON.stringify({
      Version: '2012-10-17',
      Statement: {
        ...{ Effect: 'Allow', Principal: { AWS: otherAccount } },
        ...{ Action: 'secretsmanager:GetSecretValue', Resource: '*' },
      },
    });
    await made('secretsmanager', 'PutResourcePolicy', { SecretId, ResourcePolicy });
    const { text } = await call(other, 'secretsmanager', 'GetSecretValue', { SecretId });
    assert.match(text, /if you encrypt the secret with the default KMS service key/);
  });
});

test('a header or member that names a service makes no call one of a service', async () => {
  const Statement = [kmsWhen({ StringEquals: { 'kms:ViaService': viaSecrets } })];
  await putUserPolicy(root, user.name, { Version: '2012-10-17', Statement });
  const EncryptionContext = {
    'kms:ViaService': viaSecrets,
    'aws:CalledVia': 'secretsmanager.amazonaws.com',
  };
  const told = await call(user.credentials, 'kms', 'Encrypt', {
    ...{ KeyId: keyId, Plaintext: 'eA==', EncryptionContext },
  });
  assert.ok(isDenied(told), told.text);
});
