/**
 * How the unmodified AWS SDK for JavaScript comes by temporary credentials: its own credential
 * providers against a strict server over the socket, each followed by a real Encrypt.
 */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { CreateOpenIDConnectProviderCommand } from '@aws-sdk/client-iam';
import {
  CreateKeyCommand,
  DecryptCommand,
  EncryptCommand,
  KMSClient,
  type KMSClientConfig,
} from '@aws-sdk/client-kms';
import {
  fromIni,
  fromNodeProviderChain,
  fromProcess,
  fromTemporaryCredentials,
  fromTokenFile,
  fromWebToken,
} from '@aws-sdk/credential-providers';
import { allowing, newUser } from '../identities.ts';
import { type IssuerKey, newIssuer } from '../oidc-issuer.ts';
import { freshFolder, type RunningServer, removeFolder, startServer } from '../running-server.ts';
import { assume, roleWith, sendIam, trusting, whoAmI } from '../sts.ts';

const folder = freshFolder();
const inFolder = (name: string): string => join(folder, name);
const issuer = newIssuer('https://issuer.test');
const region = 'eu-central-1';
const variables = ['AWS_ENDPOINT_URL', 'AWS_CONFIG_FILE', 'AWS_SHARED_CREDENTIALS_FILE'];
const usual = new Map(variables.map((name) => [name, process.env[name]]));
let server: RunningServer;
let issuerKey: IssuerKey;
let account: string;
let keyArn: string;
let userRole: string;
let webRole: string;

before(async () => {
  issuerKey = await issuer.addKey('ES256');
  writeFileSync(inFolder('keys.json'), JSON.stringify(issuer.keySet));
  server = await startServer({
    mode: 'start',
    data: inFolder('data'),
    args: ['--oidc-issuer', `${issuer.name}=${inFolder('keys.json')}`],
  });
  account = (await whoAmI(server)).Account ?? '';
  keyArn = await newKey();
  const user = await newUser(server, 'ci', allowing('sts:AssumeRole'));
  const policy = allowing(['kms:Encrypt', 'kms:Decrypt']);
  const trust = trusting({ AWS: account }, { StringEquals: { 'sts:ExternalId': 'outer' } });
  userRole = await roleWith(server, 'ci-role', { trust, policy });
  const { OpenIDConnectProviderArn: Federated } = await sendIam(
    server,
    new CreateOpenIDConnectProviderCommand({ Url: issuer.name, ClientIDList: ['client-1'] }),
  );
  const web = trusting({ Federated }, undefined, 'sts:AssumeRoleWithWebIdentity');
  webRole = await roleWith(server, 'web-role', { trust: web, policy });
  writeFileSync(inFolder('token'), await issuerKey.token());
  const session = await assume(user.credentials, userRole, { ExternalId: 'outer' });
  writeFileSync(
    inFolder('process.json'),
    JSON.stringify({
      Version: 1,
      AccessKeyId: session.accessKeyId,
      SecretAccessKey: session.secretAccessKey,
      SessionToken: session.sessionToken,
    }),
  );
  const { accessKeyId, secretAccessKey } = user.credentials;
  writeFileSync(
    inFolder('config'),
    `[profile ci]
aws_access_key_id = ${accessKeyId}
aws_secret_access_key = ${secretAccessKey}
region = ${region}

[profile role]
role_arn = ${userRole}
source_profile = ci
external_id = outer
role_session_name = from-profile
region = ${region}

[profile web]
role_arn = ${webRole}
web_identity_token_file = ${inFolder('token')}
role_session_name = from-token
region = ${region}

[profile process]
credential_process = cat ${inFolder('process.json')}
region = ${region}
`,
  );
  writeFileSync(inFolder('credentials'), '');
  Object.assign(process.env, {
    AWS_ENDPOINT_URL: server.endpoint,
    AWS_CONFIG_FILE: inFolder('config'),
    AWS_SHARED_CREDENTIALS_FILE: inFolder('credentials'),
  });
});
after(async () => {
  for (const [name, value] of usual)
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  await server?.stop();
  removeFolder(folder);
});

/** By the root user, for whoever of the account IAM lets. */
async function newKey(): Promise<string> {
  const { endpoint, accessKeyId, secretAccessKey } = server;
  const client = new KMSClient({ endpoint, region, credentials: { accessKeyId, secretAccessKey } });
  const { KeyMetadata } = await client.send(new CreateKeyCommand({}));
  client.destroy();
  return KeyMetadata?.Arn as string;
}

type Provider = NonNullable<KMSClientConfig['credentials']>;

/** Encrypts and decrypts with what a provider finds; gives the ARN of whoever that is. */
async function encryptsAs(credentials: Provider): Promise<string> {
  const client = new KMSClient({ region, credentials });
  const sealed = await client.send(
    new EncryptCommand({ KeyId: keyArn, Plaintext: Buffer.from('secret') }),
  );
  const opened = await client.send(new DecryptCommand({ CiphertextBlob: sealed.CiphertextBlob }));
  assert.equal(Buffer.from(opened.Plaintext ?? []).toString(), 'secret');
  const { accessKeyId, secretAccessKey, sessionToken } = await client.config.credentials();
  client.destroy();
  assert.ok(sessionToken);
  const { endpoint } = server;
  return (await whoAmI({ endpoint, accessKeyId, secretAccessKey, sessionToken })).Arn ?? '';
}

const session = (role: string, name: string): string =>
  `arn:aws:sts::${account}:assumed-role/${role}/${name}`;

describe('a credential provider of the SDK', () => {
  test('fromTemporaryCredentials assumes a role', async () => {
    const arn = await encryptsAs(
      fromTemporaryCredentials({
        masterCredentials: fromIni({ profile: 'ci' }),
        params: { RoleArn: userRole, RoleSessionName: 'temporary', ExternalId: 'outer' },
        clientConfig: { region },
      }),
    );
    assert.equal(arn, session('ci-role', 'temporary'));
  });

  test('fromIni assumes the role of a profile', async () => {
    const arn = await encryptsAs(fromIni({ profile: 'role', clientConfig: { region } }));
    assert.equal(arn, session('ci-role', 'from-profile'));
  });

  test('fromTokenFile and fromWebToken assume a role by a token', async () => {
    const params = { roleArn: webRole, roleSessionName: 'token', clientConfig: { region } };
    const webIdentityTokenFile = inFolder('token');
    assert.equal(
      await encryptsAs(fromTokenFile({ ...params, webIdentityTokenFile })),
      session('web-role', 'token'),
    );
    const webIdentityToken = await issuerKey.token();
    assert.equal(
      await encryptsAs(fromWebToken({ ...params, webIdentityToken })),
      session('web-role', 'token'),
    );
  });

  test('fromIni assumes the role of a profile by a token', async () => {
    const arn = await encryptsAs(fromIni({ profile: 'web', clientConfig: { region } }));
    assert.equal(arn, session('web-role', 'from-token'));
  });

  test('fromProcess and the default chain take what a program prints', async () => {
    const ofProcess = session('ci-role', 'session');
    assert.equal(await encryptsAs(fromProcess({ profile: 'process' })), ofProcess);
    assert.equal(await encryptsAs(fromNodeProviderChain({ profile: 'process' })), ofProcess);
  });

  test('says why it gets none', async () => {
    const wrong = fromTemporaryCredentials({
      masterCredentials: fromIni({ profile: 'ci' }),
      params: { RoleArn: userRole, RoleSessionName: 'other', ExternalId: 'x1' },
      clientConfig: { region },
    });
    await assert.rejects(wrong(), { name: 'AccessDenied' });
    const expired = await issuerKey.token({ exp: 1 });
    const late = fromWebToken({
      roleArn: webRole,
      webIdentityToken: expired,
      clientConfig: { region },
    });
    await assert.rejects(late(), { name: 'ExpiredTokenException' });
  });
});
