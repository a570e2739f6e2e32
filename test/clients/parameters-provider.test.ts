/** Powertools for Lambda, unmodified: its caches over Parameter Store and Secrets Manager. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { SecretsProvider } from '@aws-lambda-powertools/parameters/secrets';
import { SSMProvider } from '@aws-lambda-powertools/parameters/ssm';
import * as sm from '@aws-sdk/client-secrets-manager';
import * as ssm from '@aws-sdk/client-ssm';
import { type RunningServer, startServer } from '../running-server.ts';

let server: RunningServer;
let store: ssm.SSMClient;
let secrets: sm.SecretsManagerClient;
before(async () => {
  server = await startServer({ mode: 'dev' });
  const { endpoint, accessKeyId, secretAccessKey } = server;
  const options = {
    ...{ endpoint, region: 'eu-central-1' },
    credentials: { accessKeyId, secretAccessKey },
  };
  store = new ssm.SSMClient(options);
  secrets = new sm.SecretsManagerClient(options);
});
after(async () => {
  store.destroy();
  secrets.destroy();
  await server.stop();
});

const put = (Name: string, Value: string, Type: ssm.ParameterType = 'SecureString') =>
  store.send(new ssm.PutParameterCommand({ Name, Value, Type, Overwrite: true }));

describe('a provider of parameters', () => {
  test('reads decrypted values, keeps them, and reads anew when it is told to', async () => {
    const provider = new SSMProvider({ awsSdkV3Client: store });
    await put('/app/key', 'one');
    const get = (forceFetch = false) => provider.get('/app/key', { decrypt: true, forceFetch });
    assert.equal(await get(), 'one');
    await put('/app/key', 'two');
    assert.equal(await get(), 'one');
    assert.equal(await get(true), 'two');
    await assert.rejects(provider.get('/app/none'), /ParameterNotFound|UnknownError/);
  });

  test('reads a tree, page by page, and many by name', async () => {
    const provider = new SSMProvider({ awsSdkV3Client: store });
    const names = Array.from({ length: 25 }, (_, i) => `/tree/${String(i).padStart(2, '0')}`);
    for (const name of names) await put(name, `${name}: value`);
    const tree = await provider.getMultiple('/tree', { decrypt: true });
    assert.deepEqual(
      Object.entries(tree ?? {}).sort(),
      names.map((name) => [name.slice('/tree/'.length), `${name}: value`]),
    );
    const asked = Object.fromEntries([...names, '/none'].map((name) => [name, {}]));
    const many = await provider.getParametersByName(asked, { decrypt: true, throwOnError: false });
    const { _errors, ...found } = many as Record<string, unknown>;
    assert.deepEqual(_errors, ['/none']);
    assert.equal(Object.keys(found).length, 25);
  });

  test('reads secrets by their reference, as text and as JSON', async () => {
    const SecretString = '{"user":"ann"}';
    await secrets.send(new sm.CreateSecretCommand({ Name: 'app/db', SecretString }));
    const named = '/aws/reference/secretsmanager/app/db';
    const provider = new SSMProvider({ awsSdkV3Client: store });
    assert.equal(await provider.get(named, { decrypt: true }), SecretString);
    const direct = new SecretsProvider({ awsSdkV3Client: secrets });
    assert.deepEqual(await direct.get('app/db', { transform: 'json' }), { user: 'ann' });
  });
});
